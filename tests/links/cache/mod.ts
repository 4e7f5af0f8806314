/** The part of `@std/cache` that this folder stands in for. @module */

export * from "./lru_cache.ts";
