/**
 * The headers of a stored response: which ones the cache stores, and how it serves them.
 *
 * @module
 */

import type { CacheMeta } from "../../cache/cache.ts";
import { commaList } from "../../primitives/comma_list.ts";
import { currentAgeMs } from "./age.ts";
import { noCacheFields, parseCacheControl } from "./cache_control.ts";
import { MAX_DELTA_MS } from "./delta_seconds.ts";

/** A header field by its lower-case name. */
export type StoredHeader = readonly [name: string, value: string];

/** Fields that belong to one connection or one proxy (RFC 9111 §3.1), the cookies of one response, and the age, which changes. */
const NOT_STORED: ReadonlySet<string> = new Set([
  "age",
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Returns the headers of a response to store: all but those of the connection, and those that `Connection` or `no-cache` name.
 *
 * @param headers The response's headers, by lower-case names.
 * @param storedAtMs When the headers arrived, in milliseconds since 1970: becomes their `date` if they have none (RFC 9110
 * §6.6.1).
 * @returns The headers, each name once.
 */
export function toStoredHeaders(
  headers: Iterable<readonly [string, string]>,
  storedAtMs: number,
): readonly StoredHeader[] {
  const all = new Map(headers);
  const named = commaList(all.get("connection")?.toLowerCase() ?? "");
  const dropped = new Set([...named, ...noCacheFields(parseCacheControl(all.get("cache-control") ?? null))]);
  const kept: StoredHeader[] = [...all].filter(([name]) => !NOT_STORED.has(name) && !dropped.has(name));
  if (!all.has("date")) kept.push(["date", new Date(storedAtMs).toUTCString()]);
  return kept;
}

/**
 * Returns the headers with which the cache serves a stored response: its own, and its age (RFC 9111 §5.1).
 *
 * @param meta The stored metadata.
 * @param nowMs The present, in milliseconds since 1970.
 * @returns The headers.
 */
export function toServedHeaders(meta: CacheMeta, nowMs: number): [name: string, value: string][] {
  const ageMs = Math.min(currentAgeMs(meta, nowMs), MAX_DELTA_MS);
  const headers = meta.headers.map(([name, value]): [string, string] => [name, value]);
  headers.push(["age", String(Math.floor(ageMs / 1_000))]);
  return headers;
}
