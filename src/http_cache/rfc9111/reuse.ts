/**
 * Reuse: how the cache may use a stored response for a request.
 *
 * @module
 */

import type { CacheMeta } from "../../cache/cache.ts";
import { currentAgeMs } from "./age.ts";
import { type CacheControl, directiveMs, isNoCache, parseCacheControl } from "./cache_control.ts";
import { parseDeltaMs } from "./delta_seconds.ts";
import { storedFields } from "./fields.ts";

/**
 * How the cache may use a stored response. It may serve the response because it is `"fresh"`, or although it is `"stale"`; or it
 * may serve the response and validate it in the background (`"stale-while-revalidate"`); or it must validate the response first
 * (`"validate"`).
 */
export type Reuse = "fresh" | "stale" | "stale-while-revalidate" | "validate";

/** The request, and the present time. */
export interface ReuseContext {
  /** The request's directives. */
  readonly directives: CacheControl;
  /** The present, in milliseconds since 1970. */
  readonly nowMs: number;
}

/** How long the cache may use a response after it has become stale, if the response does not say. */
export interface StaleWindows {
  /** While the cache validates it in the background, in milliseconds. @default {0} */
  readonly staleWhileRevalidateMs?: number | undefined;
  /** If validating it fails, in milliseconds. @default {0} */
  readonly staleIfErrorMs?: number | undefined;
}

/**
 * Decides how the cache may use a stored response (RFC 9111 §4.2, §5.2.1; RFC 5861 §3; RFC 8246).
 *
 * @param meta The stored metadata.
 * @param context The request.
 * @param windows The windows of a response that does not say.
 * @returns The use.
 */
export function reuseOf(meta: CacheMeta, context: ReuseContext, windows: StaleWindows = {}): Reuse {
  const { directives: request, nowMs } = context;
  const responses = controlsOf(meta);
  const ageMs = currentAgeMs(meta, nowMs);
  const leftMs = (meta.freshForMs ?? Infinity) - ageMs;
  const fresh = meta.freshForMs === null || leftMs > 0;
  if (request.has("no-cache") || leftMs < minFreshMs(request)) return "validate";
  const maxAgeMs = directiveMs(request, "max-age");
  // A reload sends `max-age=0`, but an `immutable` response does not need a reload while it is fresh.
  const isUnchanging = fresh && responses.every((response) => response.has("immutable"));
  if (maxAgeMs !== undefined && ageMs >= maxAgeMs && !isUnchanging) return "validate";
  if (fresh) return "fresh";
  if (responses.some(forbidsStale)) return "validate";
  if (-leftMs <= maxStaleMs(request)) return "stale";
  const refusesStale = maxAgeMs !== undefined || request.has("min-fresh");
  const windowMs = shortestMs(responses, "stale-while-revalidate", windows.staleWhileRevalidateMs);
  return !refusesStale && -leftMs < windowMs ? "stale-while-revalidate" : "validate";
}

/**
 * Whether the cache may serve a stored response after validating it has failed (RFC 5861 §4): without a response, or with a
 * status of 500 or above. The caller's own abort does not count as a failure.
 *
 * @param meta The stored metadata.
 * @param context The request.
 * @param windows The windows of a response that does not say.
 * @returns Whether it may.
 */
export function mayAnswerError(meta: CacheMeta, context: ReuseContext, windows: StaleWindows = {}): boolean {
  const { directives: request, nowMs } = context;
  const responses = controlsOf(meta);
  if (responses.some(forbidsStale) || request.has("no-cache")) return false;
  const windowMs = directiveMs(request, "stale-if-error") ??
    shortestMs(responses, "stale-if-error", windows.staleIfErrorMs);
  return windowMs > 0 && currentAgeMs(meta, nowMs) - (meta.freshForMs ?? Infinity) < windowMs;
}

/** Returns the directives of the response and of each redirect that led to it: the cache must obey all of them. */
function controlsOf(meta: CacheMeta): readonly CacheControl[] {
  const own = parseCacheControl(storedFields(meta).get("cache-control"));
  const { via } = meta;
  return via === undefined ? [own] : [own, ...via.map(({ cacheControl }) => parseCacheControl(cacheControl))];
}

/** Returns the shortest time that the responses allow. For a response that does not say, the user's option counts. */
function shortestMs(responses: readonly CacheControl[], name: string, fallbackMs = 0): number {
  return Math.min(...responses.map((response) => directiveMs(response, name) ?? fallbackMs));
}

/** Whether a response forbids its use when stale (RFC 9111 §4.2.4). `proxy-revalidate` and `s-maxage` are for shared caches. */
function forbidsStale(response: CacheControl): boolean {
  return response.has("must-revalidate") || isNoCache(response);
}

/** Returns how much longer the response must be fresh, in milliseconds. An unreadable value counts as `Infinity`. */
function minFreshMs(request: CacheControl): number {
  const values = request.get("min-fresh");
  if (values === undefined) return -Infinity;
  const longest = Math.max(...values.map((value) => parseDeltaMs(value ?? "")));
  return Number.isNaN(longest) ? Infinity : longest;
}

/** Returns how stale the response may be, in milliseconds; `Infinity` if the directive has no value. */
function maxStaleMs(request: CacheControl): number {
  const values = request.get("max-stale");
  if (values?.every((value) => value === null)) return Infinity;
  return directiveMs(request, "max-stale") ?? -Infinity;
}
