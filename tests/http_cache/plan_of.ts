import {
  type CacheAdapter,
  type CachePlan,
  httpCache,
  type HttpCacheOptions,
  memoryCache,
  ttlCache,
} from "../../src/http_cache/mod.ts";

/** What a test says of its plan. */
export interface PlanParts extends HttpCacheOptions {
  readonly adapter?: CacheAdapter | readonly CacheAdapter[] | undefined;
  readonly mode?: "http" | "ttl" | undefined;
}

/** A plan, which keeps everything in memory and for ever unless the test says otherwise. */
export function planOf({ adapter = memoryCache(), mode = "ttl", ...options }: PlanParts = {}): CachePlan {
  if (mode === "http") return httpCache(adapter, options);
  return ttlCache(adapter, { ...options, ttlMs: options.ttlMs ?? Infinity });
}
