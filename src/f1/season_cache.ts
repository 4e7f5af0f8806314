/**
 * A cache whose entries live as long as the files of a season stay the same.
 *
 * @module
 */

import type { CacheAdapter } from "../cache/cache.ts";
import { ttlCache, type TtlCacheOptions } from "../http_cache/ttl_cache.ts";
import type { CachePlan } from "../policies/cache_plan.ts";
import { assertOptions } from "../primitives/argument_checks.ts";
import { withMissingFiles } from "./missing_file.ts";
import { seasonTtlMs } from "./season_ttl.ts";
import { withStaleWarnings } from "./stale_warnings.ts";

/** How long the cache remembers that a file is missing, in milliseconds; the file may still be published. */
const MISSING_MS = 5 * 60_000;
/** How long a stale file may be served while the network fails, in milliseconds. */
const STALE_IF_ERROR_MS = 30 * 86_400_000;
/**
 * How long a request waits for a failing network before it gets a stale file, in milliseconds. That leaves time for the first
 * retry, which comes after 2 to 3 seconds.
 */
const STALE_AFTER_MS = 4_000;
/** How many bytes may wait to be written: a whole race, because a network can be faster than a disk. */
const MAX_PENDING_BYTES = 256 * 1024 * 1024;
/** How long a read may take on a disk that is busy with writing a race, in milliseconds. A write may take ten times as long. */
const ADAPTER_TIMEOUT_MS = 3_000;

/**
 * Plans a cache that keeps the files of past seasons for ever and those of the running season for five minutes; see
 * {@linkcode seasonTtlMs}. It also remembers for five minutes that a file is missing, even where the CDN answers a missing file
 * with a 403.
 *
 * An older file is stale, and is fetched again. If the network fails then, or answers with a login page, the stale file is served
 * for another 30 days; the same holds for the knowledge that a file is missing. One `warning` event of the source `f1` says so,
 * until the network answers again, and an outcome of `allTelemetry()` has `from: "stale"`. With `staleIfErrorMs: 0` the failure
 * is an error instead.
 *
 * @param adapter The storage for the files; several adapters are tiers, the fastest first.
 * @param options Options of `ttlCache`; `negative` sets how long missing files are remembered. Four options have other defaults
 * here. Stale files are served for an error during `staleIfErrorMs`, 30 days, and after `staleAfterMs`, 4 seconds, which leaves
 * time for a retry. `maxPendingBytes` is 256 MiB and `adapterTimeoutMs` 3 seconds, so that a race is stored as a whole even if it
 * arrives faster than the disk can write it.
 * @returns The plan, for the option `cache` of `tracingInsights()`.
 * @throws {TypeError} If an argument has the wrong shape, or an option does not exist.
 * @throws {RangeError} If a number is out of range.
 *
 * @example A session that is kept in a folder
 * ```ts
 * import { filesystemCache } from "@slipstream/fetch/cache/filesystem";
 * import { seasonCache, tracingInsights } from "@slipstream/fetch/f1";
 *
 * await using f1 = tracingInsights({ cache: seasonCache(filesystemCache(".cache/f1")) });
 * const race = f1.session(2025, "Abu Dhabi Grand Prix", "Race"); // what it loads is there for the next run
 * console.log(typeof race.laps);
 * ```
 */
export function seasonCache(
  adapter: CacheAdapter | readonly CacheAdapter[],
  options: Omit<TtlCacheOptions, "ttlMs"> = {},
): CachePlan {
  assertOptions("create season cache", options);
  if (Object.hasOwn(options, "ttlMs")) {
    throw new TypeError(
      "Cannot create season cache as 'ttlMs' is not an option here: the season decides; ttlCache() has it",
    );
  }
  const {
    negative = { 404: MISSING_MS, 410: MISSING_MS },
    maxPendingBytes = MAX_PENDING_BYTES,
    adapterTimeoutMs = ADAPTER_TIMEOUT_MS,
    staleIfErrorMs = STALE_IF_ERROR_MS,
    staleAfterMs = STALE_AFTER_MS,
  } = options;
  const ttlMs: TtlCacheOptions["ttlMs"] = (url, { storedAtMs }) => seasonTtlMs(url, storedAtMs);
  const others = { negative, maxPendingBytes, adapterTimeoutMs, staleIfErrorMs, staleAfterMs };
  return withStaleWarnings(withMissingFiles(ttlCache(adapter, { ...options, ...others, ttlMs })));
}
