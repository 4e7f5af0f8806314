import {
  type CacheAdapter,
  type CachePlan,
  httpCache,
  type HttpCacheOptions,
  memoryCache,
  ttlCache,
} from "../../src/http_cache/mod.ts";

/** The parts of a plan that a test sets. */
export interface PlanParts extends HttpCacheOptions {
  readonly adapter?: CacheAdapter | readonly CacheAdapter[] | undefined;
  readonly mode?: "http" | "ttl" | undefined;
}

/** Creates a plan; by default it keeps everything in memory, for ever. */
export function planOf({ adapter = memoryCache(), mode = "ttl", ...options }: PlanParts = {}): CachePlan {
  if (mode === "http") return httpCache(adapter, options);
  return ttlCache(adapter, { ...options, ttlMs: options.ttlMs ?? Infinity });
}
