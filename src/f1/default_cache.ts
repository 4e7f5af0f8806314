/**
 * The default cache of a source.
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

/**
 * The bounds in memory. A race has about 1,100 files of 133 KB, which take about 100 KB each when parsed, and a caller loads it
 * as a whole.
 */
const MAX_MEMORY_BYTES = 384 * 1024 * 1024;
const MAX_MEMORY_ENTRIES = 5_000;

/** The variable that turns caches off. */
const CI = "SLIPSTREAM_CI";

/** The options that decide whether a source may use the disk. */
export type DiskConditions = Pick<ClientOptions, "fetch" | "clock" | "baseUrls" | "use">;

/**
 * Returns the folder on disk that sources and the command line share.
 *
 * @returns The absolute path; `undefined` where there is none, or where its use would need the user's permission first.
 */
export function defaultCacheFolder(): string | undefined {
  return cacheFolder("slipstream/f1");
}

/**
 * Returns the folder on disk for a source. A source may use it only if every program would load the same files: by the runtime's
 * own `fetch`, without middleware, from the default mirrors, and in real time.
 *
 * @param conditions The options of the source.
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
 * Plans the default cache: memory, and behind it the disk where the source may use it.
 *
 * @param options The source's options.
 * @param mirrors The source's mirrors, which can change while it runs.
 * @returns The plan; `false` where the environment turns caches off.
 * @throws {TypeError} If `SLIPSTREAM_CI` in the environment is neither a yes nor a no.
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

/**
 * Whether the global `fetch` is the runtime's own. A replacement from before this module was loaded mostly has another name than
 * `fetch`.
 */
function isFetchOfRuntime(): boolean {
  return globalThis.fetch === fetchAtImport && fetchAtImport.name === "fetch";
}
