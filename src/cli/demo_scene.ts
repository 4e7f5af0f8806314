/**
 * The demo itself: mirrors that misbehave, and a race that is loaded from them one file at a time, many at once, and from the
 * cache.
 *
 * @module
 */

import { memoryCache } from "../cache/memory.ts";
import type { Client } from "../client/client.ts";
import { tracingInsights, type TracingInsightsOptions } from "../f1/source.ts";
import type { FaultRule } from "../testing/fault.ts";
import { type RacePayloads, racePayloads } from "../testing/race_payloads.ts";
import { createSimulatedCdn, type SimulatedCdn } from "../testing/simulated_cdn.ts";
import type { CommandContext } from "./command.ts";
import { loadPhase } from "./demo_load.ts";
import { type DemoLoad, demoReport, type DemoResult, type DemoSample } from "./demo_report.ts";
import { DemoWatch } from "./demo_watch.ts";
import { formatDuration, formatPlural } from "./format.ts";
import { styleFor } from "./style.ts";

/** What the demo plays. */
export interface DemoOptions {
  readonly drivers: number;
  readonly laps: number;
  /** How many files are loaded at most. */
  readonly files: number;
  readonly latencyMs: number;
  readonly concurrency: number;
  readonly seed: number;
  /** Whether mirrors fail. */
  readonly faults: boolean;
}

const LOOPBACK = "127.0.0.1";
const MIRRORS = ["alpha", "bravo", "charlie"] as const;
const UNAVAILABLE_SHARE = 0.01;
const SAMPLED_FILES = 12;
const CACHE_BYTES = 2 ** 30;

/**
 * Plays the demo.
 *
 * @param options What it plays.
 * @param context Where it reads and writes.
 * @returns The exit code.
 */
export async function playDemo(options: DemoOptions, context: CommandContext): Promise<number> {
  const { drivers, laps, seed } = options;
  const race = racePayloads({ drivers, laps, seed });
  const paths = race.paths().slice(0, options.files);
  context.terminal.bypassProxy(LOOPBACK);
  await using cdn = createSimulatedCdn({
    resources: race.resources,
    mirrors: MIRRORS,
    latency: options.latencyMs,
    faults: options.faults ? demoFaults(paths.length) : [],
    seed,
    clock: context.clock,
  });
  const { urls } = await cdn.listen();
  return await new Scene({ options, context, race, paths, cdn, urls }).play();
}

/** The first mirror dies half-way, and now and then each of them has no time. */
function demoFaults(files: number): FaultRule[] {
  return [
    { mirror: MIRRORS[0], afterRequests: Math.floor(files / 2), kind: "refuse" },
    { probability: UNAVAILABLE_SHARE, kind: "status", status: 503 },
  ];
}

/** What is on the stage. */
interface SceneParts {
  readonly options: DemoOptions;
  readonly context: CommandContext;
  readonly race: RacePayloads;
  readonly paths: readonly string[];
  readonly cdn: SimulatedCdn;
  /** Where the mirrors are, in their order. */
  readonly urls: readonly string[];
}

class Scene {
  readonly #parts: SceneParts;
  /** The worst of all phases so far. */
  #exitCode = 0;

  constructor(parts: SceneParts) {
    this.#parts = parts;
  }

  async play(): Promise<number> {
    const { options: { concurrency }, context, cdn, paths, urls } = this.#parts;
    await this.#print(this.#introduction());
    const sample = await this.#sample();
    if (sample === undefined) return this.#exitCode;
    // The mirrors begin anew, so that their faults strike as if nothing had been asked for.
    cdn.reset();

    const cache = memoryCache({
      maxBytes: CACHE_BYTES,
      maxEntryBytes: CACHE_BYTES,
      maxEntries: paths.length,
    });
    await using source = tracingInsights({ ...this.#sourceOptions(urls), concurrency, cache });
    const { client } = source;
    const mirrors = MIRRORS.map((name, index) => ({ name, origin: urls[index] ?? "" }));
    using watch = new DemoWatch(client, mirrors, context.clock.now());
    const cold = await this.#load(`${concurrency} at once`, client);
    if (cold === undefined) return this.#exitCode;
    const cached = await this.#load("from the cache", client);
    if (cached === undefined) return this.#exitCode;
    // The cache hands out the same bytes, which no connection has counted.
    await this.#report({
      concurrency,
      sample,
      cold,
      cached: { ...cached, bytes: cold.bytes },
      ...watch.seen(),
    });
    return this.#exitCode;
  }

  #introduction(): string[] {
    const { options: { drivers, laps, latencyMs, faults }, paths } = this.#parts;
    return [
      `${formatPlural(paths.length, "JSON file")}: a race of ${formatPlural(drivers, "driver")} and ${
        formatPlural(laps, "lap")
      }.`,
      `Three mirrors on this machine, each of which takes ${formatDuration(latencyMs)} to answer.`,
      faults
        ? `1 % of the answers are 503s, and mirror ${MIRRORS[0]} dies half-way.`
        : "None of them ever fails.",
      "",
    ];
  }

  /** Loads a few files one after the other, to know how long that takes. */
  async #sample(): Promise<DemoSample | undefined> {
    const { paths: all, urls } = this.#parts;
    const count = Math.min(SAMPLED_FILES, all.length);
    const middles = Array.from({ length: count }, (_, index) => (index + 0.5) * all.length / count);
    const paths = middles.map((middle) => all[Math.floor(middle)] ?? "");
    // Backwards, as the first mirror is the one that dies.
    const options = this.#sourceOptions([...urls].reverse());
    await using source = tracingInsights({ ...options, concurrency: 1, cache: false });
    const label = "one at a time";
    // The first request pays for the connection and for code that has never run; it is not measured.
    if (await this.#load(label, source.client, paths.slice(0, 1)) === undefined) return undefined;
    const load = await this.#load(label, source.client, paths);
    return load === undefined ? undefined : { files: count, meanMs: load.elapsedMs / count };
  }

  /** Loads files; `undefined` if that was stopped. */
  async #load(label: string, client: Client, paths = this.#parts.paths): Promise<DemoLoad | undefined> {
    const { race, context } = this.#parts;
    const { exitCode, load } = await loadPhase({ label, client, race, paths }, context);
    this.#exitCode = Math.max(this.#exitCode, exitCode);
    return load;
  }

  #sourceOptions(baseUrls: readonly string[]): TracingInsightsOptions {
    const { clock, fetch } = this.#parts.context;
    return { baseUrls, clock, fetch };
  }

  async #report(result: DemoResult): Promise<void> {
    const { stdout, noColor } = this.#parts.context.terminal;
    await this.#print(demoReport(result, styleFor(stdout, noColor)));
  }

  async #print(lines: readonly string[]): Promise<void> {
    await this.#parts.context.terminal.stdout.write(lines.map((line) => `${line}\n`).join(""));
  }
}
