/**
 * The rules of HTTP for a private cache (RFC 9111, RFC 5861, RFC 8246).
 *
 * @module
 */

import type { CacheMeta } from "../cache/cache.ts";
import { splitUserInfo, withoutFragment } from "../http/url.ts";
import type { Hop } from "../policies/journey.ts";
import { type Change, invalidatedUrls } from "./rfc9111/invalidation.ts";
import { isOfUse, toMeta } from "./rfc9111/meta.ts";
import { throughRedirects } from "./rfc9111/redirects.ts";
import { mayAnswerError, type Reuse, reuseOf, type StaleWindows } from "./rfc9111/reuse.ts";
import { isStorable } from "./rfc9111/storability.ts";
import { toServedHeaders } from "./rfc9111/stored_headers.ts";
import { freshen, type Freshened, hasConditions } from "./rfc9111/validation.ts";
import { primaryKey, varyNames } from "./rfc9111/vary.ts";
import { type LifetimeOptions, ttlOf } from "./lifetimes.ts";
import type { CachedRequest, CachedResponse, CacheRules, Placement } from "./rules.ts";

/** The rules of `httpCache()`. The user's options hold for responses that do not say how long they are fresh. */
export class HttpRules implements CacheRules {
  readonly knowsVariants = true;
  readonly heedsChanges = true;
  readonly #lifetimes: LifetimeOptions;
  readonly #windows: StaleWindows;

  /** Creates the rules from the user's options. */
  constructor(lifetimes: LifetimeOptions, windows: StaleWindows) {
    this.#lifetimes = lifetimes;
    this.#windows = windows;
  }

  primaryKey({ url, partition }: Pick<CachedRequest, "url" | "partition">): string {
    return primaryKey(url, partition);
  }

  isCacheable({ headers, directives }: CachedRequest): boolean {
    return !hasConditions(headers) && !directives.has("no-store");
  }

  reuseOf(meta: CacheMeta, { directives }: CachedRequest, nowMs: number): Reuse {
    return reuseOf(meta, { directives, nowMs }, this.#windows);
  }

  mayAnswerError(meta: CacheMeta, { directives }: CachedRequest, nowMs: number): boolean {
    return mayAnswerError(meta, { directives, nowMs }, this.#windows);
  }

  /** Includes the `Vary` of the redirects: a header that selects a redirect also selects the response at its end. */
  varyNames(
    { headers, redirects = [] }: Pick<CachedResponse, "headers" | "redirects">,
  ): readonly string[] | undefined {
    const names = varyNames(headers);
    if (names === undefined || redirects.length === 0) return names;
    return varyNames(new Headers([["vary", [names, ...redirects.map(varyOf)].join()]]));
  }

  toMeta(response: CachedResponse, request: CachedRequest, placement: Placement): CacheMeta | undefined {
    const { status, headers: fields, redirects } = response;
    if (redirects === undefined || leadsToCredentials(response)) return undefined;
    const fallbackMs = ttlOf(this.#lifetimes, request.url, response);
    if (!isStorable({ method: "GET", headers: request.headers, status, fields, fallbackMs })) {
      return undefined;
    }
    const url = withoutFragment(response.url || request.url);
    const windows = this.#windows;
    const direct = toMeta({ ...response, ...placement, url, fallbackMs, windows });
    const meta = redirects.length === 0
      ? direct
      : throughRedirects(direct, redirects, { requestHeaders: request.headers, windows });
    return meta !== undefined && isOfUse(meta) ? meta : undefined;
  }

  freshen(meta: CacheMeta, response: CachedResponse, request: CachedRequest): Freshened {
    const { headers, requestedAtMs, storedAtMs } = response;
    return freshen(meta, {
      requestHeaders: request.headers,
      headers,
      requestedAtMs,
      storedAtMs,
      fallbackMs: ttlOf(this.#lifetimes, request.url, { status: meta.status, headers, storedAtMs }),
      windows: this.#windows,
    });
  }

  servedHeaders(meta: CacheMeta, nowMs: number): [name: string, value: string][] {
    return toServedHeaders(meta, nowMs);
  }

  invalidatedUrls(change: Change): readonly string[] {
    return invalidatedUrls(change);
  }
}

function varyOf({ headers }: Hop): string {
  return headers.get("vary") ?? "";
}

/** Whether the URL of a response, or the target of a redirect that was not followed, contains a user name or a password. */
function leadsToCredentials({ url, headers }: CachedResponse): boolean {
  return [url, headers.get("location") ?? ""].some((text) => splitUserInfo(text) !== undefined);
}
