/**
 * From replies to cache entries and back, for a fixed time to live.
 *
 * @module
 */

import type { CacheEntry, CacheMeta } from "../cache/cache.ts";
import { type HeaderMap, isEmpty } from "../http/headers.ts";
import { withoutFragment } from "../http/url.ts";
import { Reply } from "./reply.ts";

/**
 * What tells entries apart, in full.
 *
 * @param url The absolute URL.
 * @param headers The request's headers, which may select another representation.
 * @returns The key, of any length.
 */
export function cacheKey(url: string, headers: HeaderMap): string {
  const selected = isEmpty(headers) ? "" : JSON.stringify(Object.entries(headers).sort());
  return `v1\nGET\n${withoutFragment(url)}\n\n${selected}`;
}

/** Whether what an adapter gave is an entry for the key that can be served. */
export function isUsable(entry: CacheEntry | undefined, key: string): entry is CacheEntry {
  if (!(entry?.body instanceof Uint8Array)) return false;
  const { v, key: ownKey, status, headers } = entry.meta;
  if (
    v !== 1 || ownKey !== key || !Array.isArray(headers) || !Number.isInteger(status) || status < 200 ||
    status > 599
  ) return false;
  try {
    new Headers(headers as [string, string][]);
    return true;
  } catch {
    // Headers that can't be made are nothing that can be served.
    return false;
  }
}

/** Whether a reply is worth keeping: a 200 whose server does not forbid it. */
export function isStorable(reply: Reply): boolean {
  if (reply.status !== 200 || reply.from !== "network") return false;
  return !/(?:^|,)\s*no-store\s*(?:,|$)/i.test(reply.headers.get("cache-control") ?? "");
}

/** When an entry came to be. */
export interface EntryTimes {
  readonly key: string;
  /** The URL that was asked for, for a response that knows none. */
  readonly url: string;
  readonly requestedAtMs: number;
  readonly storedAtMs: number;
  readonly ttlMs: number;
}

/** The entry for a reply. Cookies that were set are not kept. */
export function toEntry(reply: Reply, body: Uint8Array<ArrayBuffer>, times: EntryTimes): CacheEntry {
  const meta: CacheMeta = {
    v: 1,
    key: times.key,
    url: reply.url || times.url,
    status: reply.status,
    headers: [...reply.headers].filter(([name]) => name !== "set-cookie"),
    vary: [],
    requestedAt: times.requestedAtMs,
    storedAt: times.storedAtMs,
    initialAge: 0,
    freshForMs: Number.isFinite(times.ttlMs) ? times.ttlMs : null,
    removeAt: null,
  };
  return { meta, body };
}

/** Whether an entry may be served without asking; one from the future may not, because its age is unknown. */
export function isFresh(meta: CacheMeta, wallNowMs: number): boolean {
  if (meta.freshForMs === null) return true;
  const ageMs = meta.initialAge + wallNowMs - meta.storedAt;
  return meta.storedAt <= wallNowMs && ageMs < meta.freshForMs;
}

/** The reply that an entry stands for. */
export function toReply(entry: CacheEntry, from: "cache" | "stale"): Reply {
  const { meta, body } = entry;
  const headers = new Headers(meta.headers.map(([name, value]) => [name, value]));
  const { status, url } = meta;
  const reply = new Reply({ status, headers, url }, { from, body });
  reply.shared = true;
  return reply;
}
