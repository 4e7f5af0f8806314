/**
 * A cache whose entries live as long as the files of a season stay the same.
 *
 * @module
 */

import type { CacheAdapter } from "../cache/cache.ts";
import { ttlCache, type TtlCacheOptions } from "../http_cache/ttl_cache.ts";
import type { CachePlan } from "../policies/cache_plan.ts";
import { withMissingFiles } from "./missing_file.ts";
import { seasonTtlMs } from "./season_ttl.ts";
import { withStaleWarnings } from "./stale_warnings.ts";

/** How long it is known that a file is missing, in milliseconds: it may still come. */
const MISSING_MS = 5 * 60_000;
/** How long what is not fresh any more may still answer while the network fails, in milliseconds. */
const STALE_IF_ERROR_MS = 30 * 86_400_000;
/** How long a request waits for such a network, in milliseconds: the first retry, after 2 to 3 seconds, has its chance. */
const STALE_AFTER_MS = 4_000;
/** A whole race may wait to be written, because a network can be faster than a disk. */
const MAX_PENDING_BYTES = 256 * 1024 * 1024;
/** How long a disk may take that is busy with as much, in milliseconds; ten times as long for a write. */
const ADAPTER_TIMEOUT_MS = 3_000;

/**
 * Plans to keep the files of past seasons for ever, and those of the running one for five minutes; see
 * {@linkcode seasonTtlMs}. That a file is missing is kept for five minutes, also where the CDN says so with a 403.
 *
 * What is older is asked for again. If the network fails then, or a login page is all that comes, it is served all the same, for 30 days (that
 * a file is missing too), and there is one `warning` event of the source `f1` until something comes again; an outcome of `allTelemetry()` says
 * `from: "stale"`. `staleIfErrorMs: 0` makes the failure an error instead.
 *
 * @param adapter Where files are kept; several adapters are tiers, the fastest first.
 * @param options Options of `ttlCache`; with `negative` missing files are kept for another time. Four have other defaults here. Old files are served for
 * an error by `staleIfErrorMs`, 30 days, after `staleAfterMs`, 4 seconds, in which there is time for a retry. And so that a race that comes
 * faster than the disk can take it is kept as a whole, `maxPendingBytes` is 256 MiB, and `adapterTimeoutMs` 3 seconds.
 * @returns The plan, for the option `cache` of `tracingInsights()`.
 * @throws {TypeError} If something has the wrong shape, or an option does not exist.
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
