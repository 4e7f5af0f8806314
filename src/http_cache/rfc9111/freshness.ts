/**
 * Freshness: how long the cache may use a response without validating it.
 *
 * @module
 */

import { parseHttpDate } from "../../http/http_date.ts";
import { dateMs } from "./age.ts";
import { type CacheControl, directiveMs, isNoCache, parseCacheControl } from "./cache_control.ts";
import { MAX_DELTA_MS } from "./delta_seconds.ts";
import type { Fields } from "./fields.ts";

/** The guess (heuristic freshness) is a tenth of the time for which the response had not changed, and at most a day. */
const HEURISTIC_SHARE = 0.1;
const MAX_HEURISTIC_MS = 86_400_000;
/** Permanent redirects: without a `Last-Modified`, the guess for them is the longest one. */
const PERMANENT: ReadonlySet<number> = new Set([301, 308]);

/**
 * Statuses whose freshness the cache may guess. RFC 9110 §15.1 also allows it for some errors, but the cache stores these only if
 * the server says how long they are fresh.
 */
const HEURISTIC_STATUSES: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308]);

/** The response whose freshness is computed. */
export interface FreshnessInput {
  readonly status: number;
  /** The response's fields. */
  readonly fields: Fields;
  /** When the response arrived, in milliseconds since 1970. */
  readonly storedAtMs: number;
  /** How long the response is fresh if the server does not say, in milliseconds; by default a guess. */
  readonly fallbackMs?: number | undefined;
}

/**
 * Returns how long a response is fresh in a private cache, counted from when the server made it (RFC 9111 §4.2.1). That is
 * `max-age`; else `Expires` less `Date`; else a guess. The guess is a tenth of the time since `Last-Modified`, or a day for a
 * permanent redirect without that field. `s-maxage` is for shared caches.
 *
 * @param input The response.
 * @returns Milliseconds; 0 for a response that must be validated each time, and for a malformed value.
 */
export function freshnessLifetimeMs(input: FreshnessInput): number {
  const { fields, storedAtMs } = input;
  const directives = parseCacheControl(fields.get("cache-control"));
  if (isNoCache(directives)) return 0;
  const maxAgeMs = directiveMs(directives, "max-age");
  if (maxAgeMs !== undefined) return maxAgeMs;
  const expires = fields.get("expires");
  if (expires === null) return input.fallbackMs ?? heuristicMs(input, directives);
  const expiresMs = parseHttpDate(expires, storedAtMs);
  return expiresMs === undefined ? 0 : clamp(expiresMs - dateMs(fields, storedAtMs));
}

/**
 * Whether a response says how long it is fresh.
 *
 * @param fields The response's fields.
 * @param directives Its `Cache-Control`.
 * @returns Whether it does, even if the value is malformed or 0.
 */
export function hasExplicitFreshness(fields: Fields, directives: CacheControl): boolean {
  return directives.has("max-age") || fields.get("expires") !== null;
}

/**
 * Whether the cache may store a response that does not say how long it is fresh, and guess that time (RFC 9111 §4.2.2).
 *
 * @param status The status.
 * @param directives Its `Cache-Control`.
 * @returns Whether it may.
 */
export function allowsHeuristic(status: number, directives: CacheControl): boolean {
  return HEURISTIC_STATUSES.has(status) || directives.has("public");
}

function heuristicMs({ status, fields, storedAtMs }: FreshnessInput, directives: CacheControl): number {
  if (!allowsHeuristic(status, directives)) return 0;
  // HTTP/1.0 servers send `Pragma: no-cache` for `Cache-Control: no-cache`.
  if (parseCacheControl(fields.get("pragma")).has("no-cache")) return 0;
  const modifiedMs = parseHttpDate(fields.get("last-modified") ?? "", storedAtMs);
  if (modifiedMs === undefined) return PERMANENT.has(status) ? MAX_HEURISTIC_MS : 0;
  const unchangedMs = dateMs(fields, storedAtMs) - modifiedMs;
  return Math.min(clamp(unchangedMs) * HEURISTIC_SHARE, MAX_HEURISTIC_MS);
}

function clamp(ms: number): number {
  return Math.max(0, Math.min(ms, MAX_DELTA_MS));
}
