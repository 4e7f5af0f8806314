/**
 * Responses at the end of redirects.
 *
 * By the RFC, a cache may store each redirect like any other response, and follow the stored one. This cache instead stores the
 * final response under the URL of the request, and uses it for as long as the response and all redirects are fresh. The result is
 * the same.
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

/** The request whose redirects were followed. */
export interface RedirectContext {
  /** All headers of the request. */
  readonly requestHeaders: HeaderMap;
  /** The stale windows of a response that does not say. */
  readonly windows?: StaleWindows | undefined;
}

/**
 * Makes the metadata of a redirected response for the URL of the request. The response is as old as the oldest of the response
 * and its redirects (RFC 9111 §4.2.3), is fresh as long as all of them are (§4.2), and may be used stale only if each of them
 * allows it (§4.2.4).
 *
 * @param meta The metadata of the final response, as if it had not been redirected.
 * @param hops The redirects, in their order.
 * @param context The request.
 * @returns The metadata; `undefined` if the cache may not store a redirect, or if one is stale already (§3, §4). That includes a
 * 302, 303 or 307 that does not say how long it is fresh (RFC 9110 §15.4), and a redirect to a URL with credentials in it.
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
  // The validators belong to another URL, so the cache cannot validate the response.
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
