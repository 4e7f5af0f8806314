/**
 * A cache plan with a fixed time to live.
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
   * How long a 200 is fresh, in milliseconds: a number for all URLs, or a function for each URL. `Infinity` means for ever, 0
   * stores nothing.
   */
  readonly ttlMs: TtlMs;
}

const ACTION = "create ttl cache";

/**
 * Creates a plan that keeps every 200 for a fixed time. It ignores the server's caching headers except for `no-store`, and obeys
 * a request's own `Cache-Control`. Use it for files that never change, or whose changes you know of.
 *
 * The time is fixed: not even a change by the client itself ends it. After a change, request the URL with `cache: "reload"`, or
 * use {@linkcode httpCache} with its `ttlMs`, which follows changes.
 *
 * Clients with the same plan share the stored responses and what the plan knows about them. Requests in flight belong to one
 * client each.
 *
 * @param adapter The store of the entries; several adapters are tiers, the fastest first.
 * @param options How long responses are fresh, and whose responses the cache may store.
 * @returns The plan, for the option `cache` of clients.
 * @throws {TypeError} If `ttlMs` is missing, something has the wrong shape, or an option does not exist.
 * @throws {RangeError} If a number is out of range.
 *
 * @example Every response is fresh for a minute
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
