/**
 * A plan with a fixed time to live.
 *
 * @module
 */

import type { CacheAdapter } from "../cache/cache.ts";
import { type CachePlan, createCachePlan } from "../policies/cache_plan.ts";
import { argumentError } from "../primitives/argument_checks.ts";
import { cachePolicy } from "./cache_policy.ts";
import type { TtlMs } from "./lifetimes.ts";
import { type CachePlanOptions, readPlanOptions } from "./plan_options.ts";
import { TtlRules } from "./ttl_rules.ts";

/** Options of {@linkcode ttlCache}. */
export interface TtlCacheOptions extends CachePlanOptions {
  /**
   * How long a 200 is fresh, in milliseconds, for all URLs or for each; `Infinity` for ever, 0 to store nothing.
   */
  readonly ttlMs: TtlMs;
}

const ACTION = "create ttl cache";

/**
 * Plans to keep every 200 for a fixed time, and to obey nothing of what the server says but `no-store`: for files that never
 * change, or whose changes one knows.
 *
 * The time is fixed: not even a change that the client itself sends ends it. Ask with `cache: "reload"` after one, or use
 * {@linkcode httpCache} with its `ttlMs`, which follows changes.
 *
 * Clients that are given one plan share what is stored, and what is known of it. What is being fetched is each client's own.
 *
 * @param adapter Where entries are kept; several adapters are tiers, the fastest first.
 * @param options For how long, and whose responses may be kept.
 * @returns The plan, for the option `cache` of clients.
 * @throws {TypeError} If `ttlMs` is missing, something has the wrong shape, or an option does not exist.
 * @throws {RangeError} If a number is out of range.
 *
 * @example Everything is good for a minute
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { memoryCache, ttlCache } from "@slipstream/fetch/cache";
 * import { assertEquals } from "@std/assert";
 *
 * let requests = 0;
 * await using client = createClient({
 *   cache: ttlCache(memoryCache(), { ttlMs: 60_000 }),
 *   fetch: () => Promise.resolve(Response.json(++requests)),
 * });
 * assertEquals(await client.json("https://example.com/a"), 1);
 * assertEquals(await client.json("https://example.com/a"), 1);
 * ```
 */
export function ttlCache(
  adapter: CacheAdapter | readonly CacheAdapter[],
  options: TtlCacheOptions,
): CachePlan {
  const checked = readPlanOptions(ACTION, adapter, options === undefined ? {} : options);
  if (checked.ttlMs === undefined) {
    const rule = "a number of milliseconds, or a function that gives one; Infinity keeps for ever";
    throw argumentError(ACTION, "ttlMs", rule, undefined);
  }
  return createCachePlan("ttlCache", cachePolicy({ ...checked, Rules: TtlRules }));
}
