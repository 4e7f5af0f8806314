/**
 * Responses that redirects led to.
 *
 * A cache may keep a redirect like any other response, and follow the one that it has. What comes out is the same as keeping the
 * final response under the URL that was asked for, for as long as all of them would be fresh.
 *
 * @module
 */

import type { CacheMeta } from "../../cache/cache.ts";
import type { HeaderMap } from "../../http/headers.ts";
import { splitUserInfo, withoutFragment } from "../../http/url.ts";
import type { Hop } from "../../policies/journey.ts";
import { initialAgeMs } from "./age.ts";
import { storedFields } from "./fields.ts";
import { freshnessLifetimeMs } from "./freshness.ts";
import { finite, RETENTION_MS, staleWindowMs } from "./meta.ts";
import type { StaleWindows } from "./reuse.ts";
import { isStorable } from "./storability.ts";

/** What holds for the request whose redirects were followed. */
export interface RedirectContext {
  /** All headers of the request. */
  readonly requestHeaders: HeaderMap;
  /** What holds for a response that does not say. */
  readonly windows?: StaleWindows | undefined;
}

/**
 * Describes a response as the response to the URL whose redirects led to it. It is as old as the oldest of them (RFC 9111 §4.2.3), fresh
 * as long as all are (§4.2), and may be used stale only where each allows it (§4.2.4).
 *
 * @param meta What would be kept beside the body if nothing had been redirected.
 * @param hops The redirects, in their order.
 * @param context The request.
 * @returns What to keep; `undefined` if a redirect may not be stored, or is stale already (§3, §4). That goes for 302, 303
 * and 307 that do not say for how long they are fresh (RFC 9110 §15.4), and for what led to a URL with credentials in it.
 */
export function throughRedirects(
  meta: CacheMeta,
  hops: readonly Hop[],
  { requestHeaders, windows }: RedirectContext,
): CacheMeta | undefined {
  let ageMs = meta.initialAge;
  let leftMs = (meta.freshForMs ?? Infinity) - ageMs;
  let windowMs = staleWindowMs(storedFields(meta), windows);
  for (const { to, status, headers: fields, sentAtMs, answeredAtMs } of hops) {
    if (!isStorable({ method: "GET", headers: requestHeaders, status, fields })) return undefined;
    if (splitUserInfo(to.url) !== undefined) return undefined;
    const times = { requestedAtMs: sentAtMs, storedAtMs: answeredAtMs };
    const hopAgeMs = initialAgeMs(fields, times) + Math.max(0, meta.storedAt - answeredAtMs);
    const hopLeftMs = freshnessLifetimeMs({ status, fields, storedAtMs: answeredAtMs }) - hopAgeMs;
    if (hopLeftMs <= 0) return undefined;
    ageMs = Math.max(ageMs, hopAgeMs);
    leftMs = Math.min(leftMs, hopLeftMs);
    windowMs = Math.min(windowMs, staleWindowMs(fields, windows));
  }
  // Its validators are another URL's, and bring no 304.
  const usableForMs = leftMs + windowMs > 0 ? Math.max(0, leftMs) + Math.max(windowMs, RETENTION_MS) : 0;
  return {
    ...meta,
    initialAge: ageMs,
    freshForMs: finite(ageMs + leftMs),
    removeAt: finite(meta.storedAt + usableForMs),
    via: hops.map(({ to, headers }) => ({
      to: withoutFragment(new URL(to.url).href),
      generation: "",
      cacheControl: headers.get("cache-control"),
    })),
  };
}
