/**
 * The cache of a source that was not told of one.
 *
 * @module
 */

import { memoryCache } from "../cache/memory.ts";
import { markOwn } from "../cache/own_adapters.ts";
import { clientOptionsFromEnv } from "../client/environment_options.ts";
import { fetchAtImport } from "../client/global_fetch.ts";
import type { ClientOptions } from "../client/options.ts";
import type { CachePlan } from "../policies/cache_plan.ts";
import { systemClock } from "../primitives/clock.ts";
import { currentRuntime } from "../runtime/current.ts";
import { cacheFolder } from "../runtime/folders/cache_folder.ts";
import { DiskTier } from "./disk_tier.ts";
import { seasonCache } from "./season_cache.ts";

/** The bounds in memory: a race is about 1,100 files of 133 KB, which are parsed to 100 KB each, and is loaded as a whole. */
const MAX_MEMORY_BYTES = 384 * 1024 * 1024;
const MAX_MEMORY_ENTRIES = 5_000;

/** The variable that turns caches off. */
const CI = "SLIPSTREAM_CI";

/** What decides whether a source may use the disk. */
export type DiskConditions = Pick<ClientOptions, "fetch" | "clock" | "baseUrls" | "use">;

/**
 * The folder on disk that sources and the command line share.
 *
 * @returns The absolute path; `undefined` where there is none, or it may not be used without asking the user.
 */
export function defaultCacheFolder(): string | undefined {
  return cacheFolder("slipstream/f1");
}

/**
 * The folder on disk for a source, if what it loads is the same for all: it comes by the runtime's own `fetch` alone, from
 * the default mirrors, and by the real time.
 *
 * @param conditions Options of the source.
 * @returns The absolute path; `undefined` for none.
 */
export function diskFolderFor({ fetch, clock, baseUrls, use }: DiskConditions): string | undefined {
  if (baseUrls !== undefined || clock !== undefined && clock !== systemClock) return undefined;
  // A middleware may answer in place of the network.
  if ((use?.length ?? 0) > 0) return undefined;
  if (fetch !== undefined && fetch !== fetchAtImport || !isFetchOfRuntime()) return undefined;
  return defaultCacheFolder();
}

/**
 * Plans the default cache: memory, and behind it the disk, where that may be used.
 *
 * @param options The source's options.
 * @param mirrors The source's mirrors, which may change.
 * @returns The plan; `false` where the environment turns caches off.
 * @throws {TypeError} If the environment says something else than yes or no.
 */
export function defaultCache(
  options: DiskConditions,
  mirrors: { readonly arePublic: boolean },
): CachePlan | false {
  if (clientOptionsFromEnv({ [CI]: currentRuntime.env(CI) }).cache === false) return false;
  const memory = memoryCache({
    keep: "parsed",
    maxBytes: MAX_MEMORY_BYTES,
    maxEntries: MAX_MEMORY_ENTRIES,
  });
  const dir = diskFolderFor(options);
  if (dir === undefined) return seasonCache(memory);
  const isAllowed = (): boolean => mirrors.arePublic && isFetchOfRuntime();
  return seasonCache([memory, markOwn(new DiskTier({ dir, isAllowed }))]);
}

/** Whether the global `fetch` is the runtime's own; one that stood in for it before this module was loaded mostly has another name. */
function isFetchOfRuntime(): boolean {
  return globalThis.fetch === fetchAtImport && fetchAtImport.name === "fetch";
}
