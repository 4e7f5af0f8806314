/**
 * Caches. An adapter keeps responses; a plan decides how a client uses them. A client gets a plan, and the plan gets an adapter.
 * Adapters that only some runtimes support are in `./cache/filesystem`, `./cache/kv` and `./cache/web`.
 *
 * @example The client fetches each file once a minute
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { memoryCache, ttlCache } from "@slipstream/fetch/cache";
 * import { assertEquals } from "@std/assert";
 *
 * let requests = 0;
 * await using client = createClient({
 *   cache: ttlCache(memoryCache(), { ttlMs: 60_000 }), // or httpCache(memoryCache()): as long as the server says
 *   fetch: () => Promise.resolve(Response.json(++requests)),
 * });
 * assertEquals(await client.json("https://example.com/a"), 1);
 * assertEquals(await client.json("https://example.com/a"), 1);
 * ```
 *
 * @module
 */

export type {
  CacheAdapter,
  CacheCallOptions,
  CacheEntry,
  CacheFault,
  CacheMeta,
  DecodedValues,
  MaybePromise,
  StoredRedirect,
  SweepResult,
} from "../cache/cache.ts";
export { memoryCache, type MemoryCacheOptions } from "../cache/memory.ts";
export { tieredCache } from "../cache/tiered.ts";
export type { CachePlan } from "../policies/cache_plan.ts";
export { httpCache, type HttpCacheOptions } from "./http_cache.ts";
export type { TtlMs, TtlResponse } from "./lifetimes.ts";
export type { Partition, PartitionRequest } from "./partition.ts";
export type { CachePlanOptions } from "./plan_options.ts";
export { ttlCache, type TtlCacheOptions } from "./ttl_cache.ts";
