/**
 * The last part of the demo: a new process loads the whole race once more, from disk.
 *
 * @module
 */

import type { CacheAdapter } from "../cache/cache.ts";
import { filesystemCache } from "../cache/filesystem.ts";
import { seasonCache } from "../f1/season_cache.ts";
import { tracingInsights } from "../f1/source.ts";
import { currentFiles } from "../runtime/files/current.ts";
import type { RacePayloads } from "../testing/race_payloads.ts";
import type { CommandContext } from "./command.ts";
import { type DemoPhaseResult, loadPhase } from "./demo_load.ts";
import { MIRROR_URLS } from "./demo_mirrors.ts";
import type { DemoLoad } from "./demo_report.ts";
import { errorLine } from "./error_record.ts";
import { openCache } from "./open_cache.ts";
import { writeWarning } from "./word_wrap.ts";

/** A cache on disk. */
export interface Disk {
  /** The folder of the cache. */
  readonly dir: string;
  readonly adapter: CacheAdapter;
}

/** The files to load from disk. */
export interface DemoDisk {
  /** The folder of the cache. */
  readonly dir: string;
  readonly race: RacePayloads;
  readonly paths: readonly string[];
  readonly concurrency: number;
}

/** The result of loading the race from disk. */
export interface DemoDiskResult extends DemoPhaseResult {
  /** Whether a new process has loaded the files. */
  readonly isNewProcess: boolean;
}

const EXIT_INTERRUPTED = 130;

/**
 * Calls a function with a cache on disk: in a given folder, which stays, or in a temporary folder, which is removed afterwards.
 *
 * @param cacheDir The folder that stays; absent for a temporary one.
 * @param context The terminal, whose processes make the temporary folder.
 * @param run The function. It gets `undefined` where no folder can be made, or the environment turns caches off.
 * @returns The result of `run`.
 */
export async function withDisk<T>(
  cacheDir: string | undefined,
  context: CommandContext,
  run: (disk: Disk | undefined) => Promise<T>,
): Promise<T> {
  const tempDir = cacheDir === undefined ? await makeTempFolder(context) : undefined;
  const dir = cacheDir ?? tempDir;
  if (dir === undefined) return await run(undefined);
  const adapter = openCache({ cache: dir }, context.clock);
  try {
    return await run(adapter && { dir, adapter });
  } finally {
    if (tempDir !== undefined) {
      await adapter?.clear?.();
      await currentFiles().removeFolder(tempDir);
    }
  }
}

/** Makes a temporary folder. Where none can be made, as on a read-only disk, it warns, and the demo goes on without it. */
async function makeTempFolder({ processes, terminal }: CommandContext): Promise<string | undefined> {
  try {
    return await processes?.makeTempFolder();
  } catch (error) {
    await writeWarning(terminal, `Nothing is kept on disk: ${errorLine(error)}`);
    return undefined;
  }
}

/**
 * Loads every file from disk. A file that is missing there fails without a request.
 *
 * @param disk The files to load.
 * @param context The context of the command, whose terminal shows progress and failures.
 * @returns The result.
 */
export async function loadFromDisk(disk: DemoDisk, context: CommandContext): Promise<DemoPhaseResult> {
  const { dir, race, paths, concurrency } = disk;
  await using source = tracingInsights({
    baseUrls: MIRROR_URLS,
    concurrency,
    clock: context.clock,
    cache: seasonCache(filesystemCache(dir)),
    offline: true,
  });
  return await loadPhase({ label: "from disk", client: source.client, race, paths }, context);
}

/**
 * Starts a new process that loads every file from disk. If it may not start one, a new client of this process loads them.
 *
 * @param disk The files to load.
 * @param args The arguments that make this program do {@linkcode loadFromDisk}, and write its {@linkcode DemoLoad} as JSON.
 * @param context The context of the command, whose terminal shows progress and failures.
 * @returns The result.
 */
export async function loadInNewProcess(
  disk: DemoDisk,
  args: readonly string[],
  context: CommandContext,
): Promise<DemoDiskResult> {
  const { processes, terminal } = context;
  let isInterrupted = false;
  // The terminal sends Ctrl-C to both processes: this one waits until the other has stopped.
  const interrupts = terminal.onInterrupt(() => {
    if (isInterrupted) terminal.exit(EXIT_INTERRUPTED);
    isInterrupted = true;
  });
  let result;
  try {
    result = await processes?.runSelf(args, disk.dir);
  } finally {
    interrupts[Symbol.dispose]();
  }
  if (result === undefined && !isInterrupted) {
    return { ...await loadFromDisk(disk, context), isNewProcess: false };
  }
  if (result === undefined || isInterrupted || result.exitCode > 1) {
    return { exitCode: isInterrupted ? EXIT_INTERRUPTED : result?.exitCode ?? 1, isNewProcess: true };
  }
  const load: DemoLoad = JSON.parse(result.stdout);
  return { exitCode: result.exitCode, load, isNewProcess: true };
}
