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

/** The files to load, and the client that loads them. */
export interface DemoPhase {
  /** The name of the phase in the progress line. */
  readonly label: string;
  readonly client: Client;
  /** The race that the files belong to. */
  readonly race: RacePayloads;
  readonly paths: readonly string[];
}

/** The result of a phase. */
export interface DemoPhaseResult {
  readonly exitCode: number;
  /** The measurements; absent if the phase was stopped. */
  readonly load?: DemoLoad | undefined;
}

/**
 * Loads every file once, as many at a time as the client allows.
 *
 * @param phase The files and the client.
 * @param context The context of the command, whose terminal shows progress and failures.
 * @returns The result.
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
