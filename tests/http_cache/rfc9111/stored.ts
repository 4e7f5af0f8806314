/**
 * Stored responses for tests.
 *
 * @module
 */

import type { CacheMeta } from "../../../src/cache/cache.ts";

/** The time of storing, in milliseconds since 1970: Sun, 06 Nov 2022 08:49:37 GMT. */
export const NOW = 1_667_724_577_000;

/** The HTTP date of a moment. */
export function dateAt(ms: number): string {
  return new Date(ms).toUTCString();
}

/** Returns the metadata of a body that was stored at {@linkcode NOW}, fresh for a minute. */
export function metaOf(headers: Readonly<Record<string, string>>, meta: Partial<CacheMeta> = {}): CacheMeta {
  return {
    v: 1,
    key: "key",
    url: "https://a.test/",
    status: 200,
    headers: Object.entries(headers),
    vary: [],
    requestedAt: NOW,
    storedAt: NOW,
    initialAge: 0,
    freshForMs: 60_000,
    removeAt: null,
    ...meta,
  };
}
