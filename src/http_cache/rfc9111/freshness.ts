/**
 * How long a response is fresh.
 *
 * @module
 */

import { parseHttpDate } from "../../http/http_date.ts";
import { dateMs } from "./age.ts";
import { type CacheControl, directiveMs, isNoCache, parseCacheControl } from "./cache_control.ts";
import { MAX_DELTA_MS } from "./delta_seconds.ts";
import type { Fields } from "./fields.ts";

/** A guess is a tenth of the time for which the response had not changed, and a day at most. */
const HEURISTIC_SHARE = 0.1;
const MAX_HEURISTIC_MS = 86_400_000;
/** What says of itself that it is for good: without a date of change the guess is the longest one. */
const PERMANENT: ReadonlySet<number> = new Set([301, 308]);

/**
 * Statuses whose responses may be kept on a guess. RFC 9110 §15.1 also allows it for some errors, but these are kept only
 * when the server says for how long.
 */
const HEURISTIC_STATUSES: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308]);

/** What freshness is computed from. */
export interface FreshnessInput {
  readonly status: number;
  /** The response's fields. */
  readonly fields: Fields;
  /** When it came, in milliseconds since 1970. */
  readonly storedAtMs: number;
  /** For how long it is fresh when the server does not say, in milliseconds; by default that is guessed. */
  readonly fallbackMs?: number | undefined;
}

/**
 * For how long a response is fresh in a private cache, counted from when it was made (RFC 9111 §4.2.1): `max-age`, else
 * `Expires` less `Date`, else a guess: a tenth of the time since `Last-Modified`, and a day for a permanent redirect that has none.
 * `s-maxage` is for others.
 *
 * @param input The response.
 * @returns Milliseconds; 0 for a response that must be validated each time, and for one that says it in a malformed way.
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
 * Whether a response says for how long it is fresh.
 *
 * @param fields The response's fields.
 * @param directives Its `Cache-Control`.
 * @returns Whether it does, be it malformed or 0.
 */
export function hasExplicitFreshness(fields: Fields, directives: CacheControl): boolean {
  return directives.has("max-age") || fields.get("expires") !== null;
}

/**
 * Whether a response may be kept although it does not say for how long (RFC 9111 §4.2.2).
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
  // What HTTP/1.0 servers say when they mean `no-cache`.
  if (parseCacheControl(fields.get("pragma")).has("no-cache")) return 0;
  const modifiedMs = parseHttpDate(fields.get("last-modified") ?? "", storedAtMs);
  if (modifiedMs === undefined) return PERMANENT.has(status) ? MAX_HEURISTIC_MS : 0;
  const unchangedMs = dateMs(fields, storedAtMs) - modifiedMs;
  return Math.min(clamp(unchangedMs) * HEURISTIC_SHARE, MAX_HEURISTIC_MS);
}

function clamp(ms: number): number {
  return Math.max(0, Math.min(ms, MAX_DELTA_MS));
}
