/**
 * Entries of a cache, and bytes for them.
 *
 * @module
 */

import type { CacheEntry, CacheMeta } from "../../src/cache/cache.ts";
import { seededRandom } from "../../src/testing/random.ts";

/** An entry of a text or bytes. */
export function entryOf(body: string | Uint8Array<ArrayBuffer>, meta: Partial<CacheMeta> = {}): CacheEntry {
  const times = { requestedAt: 0, storedAt: 0, initialAge: 0, freshForMs: null, removeAt: null };
  return {
    meta: { v: 1, key: "key", url: "https://a.test/", status: 200, headers: [], vary: [], ...times, ...meta },
    body: typeof body === "string" ? new TextEncoder().encode(body) : body,
  };
}

/** The text of an entry. */
export function textOf(entry: CacheEntry | undefined): string | undefined {
  return entry && new TextDecoder().decode(entry.body);
}

/** Bytes that can't be compressed, the same for the same seed. */
export function randomBytes(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed);
  return Uint8Array.from({ length: size }, () => 256 * random());
}
