/**
 * Entries for tests.
 *
 * @module
 */

import type { CacheEntry, CacheMeta } from "../../../src/cache/cache.ts";

/** Creates an entry with a body of this size, each byte of which is `fill`. */
export function entryOf(
  size: number,
  { fill = 0, ...meta }: Partial<CacheMeta> & { fill?: number } = {},
): CacheEntry {
  const times = { requestedAt: 0, storedAt: 0, initialAge: 0, freshForMs: null, removeAt: null };
  return {
    meta: { v: 1, key: "key", url: "https://a.test/", status: 200, headers: [], vary: [], ...times, ...meta },
    body: new Uint8Array(size).fill(fill),
  };
}
