/**
 * The demo's last part: the whole race once more, from disk, by a process that has never seen it.
 *
 * @module
 */

import type { CacheAdapter } from "../cache/cache.ts";
import { filesystemCache } from "../cache/filesystem.ts";
import { seasonCache } from "../f1/season_cache.ts";
import { tracingInsights } from "../f1/source.ts";
import { currentFiles } from "../runtime/files/current.ts";
import type { RacePayloads } from "../testing/race_payloads.ts";
import { openCache } from "./cache_flags.ts";
import type { CommandContext } from "./command.ts";
import { type DemoPhaseResult, loadPhase } from "./demo_load.ts";
import { MIRROR_URLS } from "./demo_mirrors.ts";
import type { DemoLoad } from "./demo_report.ts";
import { errorLine } from "./error_record.ts";
import { writeWarning } from "./word_wrap.ts";

/** A cache on disk. */
export interface Disk {
  /** Its folder. */
  readonly dir: string;
  readonly adapter: CacheAdapter;
}

/** What is loaded from disk. */
export interface DemoDisk {
  /** The folder of the cache. */
  readonly dir: string;
  readonly race: RacePayloads;
  readonly paths: readonly string[];
  readonly concurrency: number;
}

/** How the race was loaded from disk. */
export interface DemoDiskResult extends DemoPhaseResult {
  /** Whether a process of its own has done it. */
  readonly isNewProcess: boolean;
}

const EXIT_INTERRUPTED = 130;

/**
 * Does something with a cache on disk: in a folder that stays, or in a temporary one that is removed after it.
 *
 * @param cacheDir The folder that stays.
 * @param context What makes a temporary one.
 * @param run What to do; it gets nothing where there can be no folder, or the environment turns caches off.
 * @returns What `run` gives.
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

/** Makes a temporary folder; where none can be made, such as on a disk that is read only, everything else goes on without it. */
async function makeTempFolder({ processes, terminal }: CommandContext): Promise<string | undefined> {
  try {
    return await processes?.makeTempFolder();
  } catch (error) {
    await writeWarning(terminal, `Nothing is kept on disk: ${errorLine(error)}`);
    return undefined;
  }
}

/**
 * Loads every file from disk, and sends no request for what is not there.
 *
 * @param disk What is loaded.
 * @param context Where progress and failures are shown.
 * @returns How it ended.
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
 * Has another process load every file from disk; where none may be started, a new client of this one does it.
 *
 * @param disk What is loaded.
 * @param args The arguments that make this program do {@linkcode loadFromDisk}, and write its {@linkcode DemoLoad} as JSON.
 * @param context Where progress and failures are shown.
 * @returns How it ended.
 */
export async function loadInNewProcess(
  disk: DemoDisk,
  args: readonly string[],
  context: CommandContext,
): Promise<DemoDiskResult> {
  const { processes, terminal } = context;
  let isInterrupted = false;
  // The terminal tells both processes of Ctrl-C: this one waits until the other has stopped.
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
