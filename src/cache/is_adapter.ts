/**
 * The type guard for cache adapters.
 *
 * @module
 */

import type { CacheAdapter } from "./cache.ts";

/** Returns whether a value has a name and the methods that each adapter has. */
export function isAdapter(value: unknown): value is CacheAdapter {
  const { name, get, set, delete: remove } = (value ?? {}) as Partial<CacheAdapter>;
  return typeof name === "string" && [get, set, remove].every((method) => typeof method === "function");
}
