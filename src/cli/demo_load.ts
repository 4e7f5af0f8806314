/**
 * Loads files of the demo's race, with progress.
 *
 * @module
 */

import type { Client } from "../client/client.ts";
import type { RequestSpec } from "../client/request.ts";
import { fileUrl, sessionFolder } from "../f1/path.ts";
import { schemaOf } from "../f1/payload.ts";
import type { RacePayloads } from "../testing/race_payloads.ts";
import type { CommandContext } from "./command.ts";
import type { DemoLoad } from "./demo_report.ts";
import { Run } from "./run.ts";

/** What is loaded, and by which client. */
export interface DemoPhase {
  /** What the progress calls it. */
  readonly label: string;
  readonly client: Client;
  /** The race whose files they are. */
  readonly race: RacePayloads;
  readonly paths: readonly string[];
}

/** How a phase ended. */
export interface DemoPhaseResult {
  readonly exitCode: number;
  /** What was measured; absent if the phase was stopped. */
  readonly load?: DemoLoad | undefined;
}

/**
 * Loads every file once, as many at a time as the client allows.
 *
 * @param phase What is loaded.
 * @param context Where progress and failures are shown.
 * @returns How it ended.
 */
export async function loadPhase(phase: DemoPhase, context: CommandContext): Promise<DemoPhaseResult> {
  const { label, client, paths } = phase;
  const { clock } = context;
  using run = new Run(context, {
    label,
    quiet: false,
    jsonErrors: false,
    failFast: false,
    dataOnStdout: false,
    summary: false,
  });
  run.total = paths.length;
  let fromCache = 0;
  const bytesBefore = client.stats().bytes;
  const startedAtMs = clock.now();
  run.start(() => client.stats());
  for await (const outcome of client.stream(requests(phase, run.signal))) {
    if (outcome.ok) {
      run.succeeded++;
      if (outcome.from === "cache") fromCache++;
    } else if (!run.isStop(outcome.error)) {
      const path = paths[outcome.index] ?? "";
      await run.fail({ error: outcome.error, where: path, subject: path });
    }
  }
  const elapsedMs = clock.now() - startedAtMs;
  const exitCode = await run.finish();
  if (run.stopReason !== undefined) return { exitCode };
  const bytes = client.stats().bytes - bytesBefore;
  return { exitCode, load: { files: paths.length, failed: run.failed, fromCache, bytes, elapsedMs } };
}

function* requests(
  { race, paths }: DemoPhase,
  signal: AbortSignal,
): Generator<RequestSpec, undefined, undefined> {
  const folder = sessionFolder(race.year, race.event, race.session);
  for (const path of paths) {
    if (signal.aborted) return;
    yield { url: fileUrl(folder, path), schema: schemaOf(path), signal };
  }
}
