/**
 * Creates cache entries, and bytes for their bodies.
 *
 * @module
 */

import type { CacheEntry, CacheMeta } from "../../src/cache/cache.ts";
import { seededRandom } from "../../src/testing/random.ts";

/** Creates an entry with the given body; a number stands for so many zero bytes. */
export function entryOf(
  body: string | Uint8Array<ArrayBuffer> | number,
  meta: Partial<CacheMeta> = {},
): CacheEntry {
  const times = { requestedAt: 0, storedAt: 0, initialAge: 0, freshForMs: null, removeAt: null };
  return {
    meta: { v: 1, key: "key", url: "https://a.test/", status: 200, headers: [], vary: [], ...times, ...meta },
    body: typeof body === "string"
      ? new TextEncoder().encode(body)
      : typeof body === "number"
      ? new Uint8Array(body)
      : body,
  };
}

/** Returns the body of an entry as text. */
export function textOf(entry: CacheEntry | undefined): string | undefined {
  return entry && new TextDecoder().decode(entry.body);
}

/** Returns bytes that can't be compressed; the same seed gives the same bytes. */
export function randomBytes(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed);
  return Uint8Array.from({ length: size }, () => 256 * random());
}
