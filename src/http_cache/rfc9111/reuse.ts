/**
 * What a stored response is good for, for a request.
 *
 * @module
 */

import type { CacheMeta } from "../../cache/cache.ts";
import { currentAgeMs } from "./age.ts";
import { type CacheControl, directiveMs, isNoCache, parseCacheControl } from "./cache_control.ts";
import { parseDeltaMs } from "./delta_seconds.ts";
import { storedFields } from "./fields.ts";

/**
 * What may be done with a stored response without asking first: answer with it while it is `"fresh"`, or though it is
 * `"stale"`; or answer with it and validate it in the background; or none of that, so that it must be validated first.
 */
export type Reuse = "fresh" | "stale" | "stale-while-revalidate" | "validate";

/** The request, and when it is made. */
export interface ReuseContext {
  /** The request's directives. */
  readonly directives: CacheControl;
  /** The present, in milliseconds since 1970. */
  readonly nowMs: number;
}

/** For how long a response may be used after it has become stale, where it does not say. */
export interface StaleWindows {
  /** While it is being validated, in milliseconds. @default {0} */
  readonly staleWhileRevalidateMs?: number | undefined;
  /** When validating it fails, in milliseconds. @default {0} */
  readonly staleIfErrorMs?: number | undefined;
}

/**
 * What a stored response is good for (RFC 9111 §4.2, §5.2.1; RFC 5861 §3; RFC 8246).
 *
 * @param meta What is kept beside the body.
 * @param context The request.
 * @param windows What holds for a response that does not say.
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
  // Asking for a young response is what a reload does, which one that never changes does not need.
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
 * Whether a stored response may be the response after validating it has failed (RFC 5861 §4), be it for want of a response or
 * with a status of 500 or above. The caller's own abort is no such failure.
 *
 * @param meta What is kept beside the body.
 * @param context The request.
 * @param windows What holds for a response that does not say.
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

/** What the response says, and each redirect that led to it: all of them hold. */
function controlsOf(meta: CacheMeta): readonly CacheControl[] {
  const own = parseCacheControl(storedFields(meta).get("cache-control"));
  const { via } = meta;
  return via === undefined ? [own] : [own, ...via.map(({ cacheControl }) => parseCacheControl(cacheControl))];
}

/** The shortest time that one of several responses allows, which each says or leaves to the user. */
function shortestMs(responses: readonly CacheControl[], name: string, fallbackMs = 0): number {
  return Math.min(...responses.map((response) => directiveMs(response, name) ?? fallbackMs));
}

/** RFC 9111 §4.2.4; `proxy-revalidate` and `s-maxage` are for shared caches. */
function forbidsStale(response: CacheControl): boolean {
  return response.has("must-revalidate") || isNoCache(response);
}

/** How much longer the response must be fresh; what can't be read is more than any has. */
function minFreshMs(request: CacheControl): number {
  const values = request.get("min-fresh");
  if (values === undefined) return -Infinity;
  const longest = Math.max(...values.map((value) => parseDeltaMs(value ?? "")));
  return Number.isNaN(longest) ? Infinity : longest;
}

/** How stale the response may be; any, when the directive has no value. */
function maxStaleMs(request: CacheControl): number {
  const values = request.get("max-stale");
  if (values?.every((value) => value === null)) return Infinity;
  return directiveMs(request, "max-stale") ?? -Infinity;
}
