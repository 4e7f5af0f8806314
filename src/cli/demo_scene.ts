/**
 * The scene of the demo: mirrors with faults, and a race that the demo loads one file at a time, many files at once, from memory
 * and from disk.
 *
 * @module
 */

import { memoryCache } from "../cache/memory.ts";
import type { Client } from "../client/client.ts";
import { seasonCache } from "../f1/season_cache.ts";
import { tracingInsights } from "../f1/source.ts";
import type { TracingInsightsOptions } from "../f1/tracing_insights.ts";
import type { FaultRule } from "../middleware/faults/fault.ts";
import { type RacePayloads, racePayloads } from "../testing/race_payloads.ts";
import { createSimulatedCdn, type SimulatedCdn } from "../testing/simulated_cdn.ts";
import { warnOfCache } from "./cache_flags.ts";
import type { CommandContext } from "./command.ts";
import { type Disk, loadInNewProcess, withDisk } from "./demo_disk.ts";
import { loadPhase } from "./demo_load.ts";
import { fetchByName, MIRROR_URLS, MIRRORS } from "./demo_mirrors.ts";
import {
  type DemoDiskLoad,
  type DemoLoad,
  demoReport,
  type DemoResult,
  type DemoSample,
} from "./demo_report.ts";
import { DemoWatch } from "./demo_watch.ts";
import { formatDuration, formatPlural } from "./format.ts";
import { styleFor } from "./style.ts";
import { writeWarning, writeWords } from "./word_wrap.ts";

/** Options of the demo. */
export interface DemoOptions {
  readonly drivers: number;
  readonly laps: number;
  /** The greatest number of files to load. */
  readonly files: number;
  readonly latencyMs: number;
  readonly concurrency: number;
  readonly seed: number;
  /** Whether mirrors fail. */
  readonly faults: boolean;
  /** The folder that keeps the files on disk; absent for a temporary folder, where one may be made. */
  readonly cacheDir?: string | undefined;
}

const LOOPBACK = "127.0.0.1";
const UNAVAILABLE_SHARE = 0.01;
const SAMPLED_FILES = 12;
const CACHE_BYTES = 2 ** 30;

/**
 * Plays the demo.
 *
 * @param options The options of the demo.
 * @param context The context of the command.
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
  const parts = { options, context, race, paths, cdn, urls };
  return await withDisk(options.cacheDir, context, (disk) => new Scene({ ...parts, disk }).play());
}

/** Returns the faults of the demo: the first mirror dies half-way, and every mirror answers now and then with 503. */
function demoFaults(files: number): FaultRule[] {
  return [
    { mirror: MIRRORS[0], afterRequests: Math.floor(files / 2), kind: "refuse" },
    { probability: UNAVAILABLE_SHARE, kind: "status", status: 503 },
  ];
}

/** The parts of the scene. */
interface SceneParts {
  readonly options: DemoOptions;
  readonly context: CommandContext;
  readonly race: RacePayloads;
  readonly paths: readonly string[];
  readonly cdn: SimulatedCdn;
  /** The addresses of the mirrors, in their order. */
  readonly urls: readonly string[];
  /** The cache on disk, if there is one. */
  readonly disk: Disk | undefined;
}

/** The measurements of loading all files twice: from the mirrors, and from memory. */
interface AllLoads {
  readonly cold: DemoLoad;
  readonly cached: DemoLoad;
  /** Whether the files are on disk now. */
  readonly isKept: boolean;
  readonly seen: ReturnType<DemoWatch["seen"]>;
}

class Scene {
  readonly #parts: SceneParts;
  /** The highest exit code of all phases so far. */
  #exitCode = 0;

  constructor(parts: SceneParts) {
    this.#parts = parts;
  }

  async play(): Promise<number> {
    const { options: { concurrency }, cdn } = this.#parts;
    await this.#print(this.#introduction());
    const sample = await this.#sample();
    if (sample === undefined) return this.#exitCode;
    // Reset the mirrors, so that their faults count requests from here on.
    cdn.reset();

    const loads = await this.#loadAll();
    if (loads === undefined) return this.#exitCode;
    const disk = loads.isKept ? await this.#loadFromDisk() : undefined;
    if (disk === "stopped") return this.#exitCode;
    // Files from a cache have as many bytes, but no connection has counted them.
    const bytes = loads.cold.fromCache === 0 ? loads.cold.bytes : this.#raceBytes();
    await this.#report({
      concurrency,
      sample,
      cold: { ...loads.cold, bytes },
      cached: { ...loads.cached, bytes },
      disk: disk && { ...disk, bytes },
      ...loads.seen,
    });
    return this.#exitCode;
  }

  /** Loads all files from the mirrors and then from memory; returns `undefined` if the user stopped that. */
  async #loadAll(): Promise<AllLoads | undefined> {
    const { options: { concurrency }, context, paths, urls, disk } = this.#parts;
    const memory = memoryCache({
      maxBytes: CACHE_BYTES,
      maxEntryBytes: CACHE_BYTES,
      maxEntries: paths.length,
    });
    const cache = seasonCache(disk === undefined ? memory : [memory, disk.adapter]);
    await using source = tracingInsights({ ...this.#sourceOptions(), concurrency, cache });
    const { client } = source;
    const mirrors = MIRRORS.map((name, index) => ({
      name,
      origin: MIRROR_URLS[index] ?? "",
      address: urls[index] ?? "",
    }));
    using watch = new DemoWatch(client, mirrors, context.clock.now());
    let isKept = disk !== undefined;
    using _warnings = warnOfCache(client, async (text) => {
      isKept = false;
      await writeWarning(context.terminal, text);
    });
    const cold = await this.#load(`${concurrency} at once`, client);
    if (cold === undefined) return undefined;
    const cached = await this.#load("from memory", client);
    if (cached === undefined) return undefined;
    const seen = watch.seen();
    // Closing the source waits until all files are on disk.
    await source.close();
    return { cold, cached, isKept, seen };
  }

  /** Loads all files from disk, in a new process if the program may start one. */
  async #loadFromDisk(): Promise<DemoDiskLoad | "stopped" | undefined> {
    const { options, context, race, paths, disk } = this.#parts;
    if (disk === undefined) return undefined;
    const { drivers, laps, seed, concurrency, cacheDir } = options;
    const numbers = { drivers, laps, seed, concurrency, files: paths.length };
    const flags = Object.entries(numbers).map(([name, value]) => `--${name}=${value}`);
    const args = ["demo", "--only-cached", ...flags, `--cache=${disk.dir}`];
    const result = await loadInNewProcess({ dir: disk.dir, race, paths, concurrency }, args, context);
    const { exitCode, load, isNewProcess } = result;
    this.#exitCode = Math.max(this.#exitCode, exitCode);
    return load === undefined ? "stopped" : { ...load, isNewProcess, keptIn: cacheDir };
  }

  #raceBytes(): number {
    const { race, paths } = this.#parts;
    const encoder = new TextEncoder();
    return paths.reduce((bytes, path) => bytes + encoder.encode(race.get(path)).length, 0);
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

  /** Loads a few files one after the other, to measure how long one takes. */
  async #sample(): Promise<DemoSample | undefined> {
    const { paths: all } = this.#parts;
    const count = Math.min(SAMPLED_FILES, all.length);
    const middles = Array.from({ length: count }, (_, index) => (index + 0.5) * all.length / count);
    const paths = middles.map((middle) => all[Math.floor(middle)] ?? "");
    // The mirrors in reverse order, because the first one is the one that dies.
    const options = this.#sourceOptions(MIRROR_URLS.toReversed());
    await using source = tracingInsights({ ...options, concurrency: 1, cache: false });
    const label = "one at a time";
    // The first request pays for the connection and for code that has never run, so that it is not measured.
    if (await this.#load(label, source.client, paths.slice(0, 1)) === undefined) return undefined;
    const load = await this.#load(label, source.client, paths);
    return load === undefined ? undefined : { files: count, meanMs: load.elapsedMs / count };
  }

  /** Loads files; returns `undefined` if the user stopped that. */
  async #load(label: string, client: Client, paths = this.#parts.paths): Promise<DemoLoad | undefined> {
    const { race, context } = this.#parts;
    const { exitCode, load } = await loadPhase({ label, client, race, paths }, context);
    this.#exitCode = Math.max(this.#exitCode, exitCode);
    return load;
  }

  #sourceOptions(baseUrls: readonly string[] = MIRROR_URLS): TracingInsightsOptions {
    const { context: { clock, fetch = globalThis.fetch }, urls } = this.#parts;
    return { baseUrls, clock, fetch: fetchByName(urls, fetch) };
  }

  async #report(result: DemoResult): Promise<void> {
    const { stdout, noColor } = this.#parts.context.terminal;
    await this.#print(demoReport(result, styleFor(stdout, noColor)));
  }

  async #print(lines: readonly string[]): Promise<void> {
    await writeWords(this.#parts.context.terminal.stdout, lines.map((line) => `${line}\n`).join(""));
  }
}
