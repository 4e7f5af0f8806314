/**
 * The contract of the two kinds of rules: those of HTTP, and those of a fixed time to live.
 *
 * @module
 */

import type { CacheMeta } from "../cache/cache.ts";
import type { ExchangeTimes } from "./rfc9111/age.ts";
import type { CacheControl } from "./rfc9111/cache_control.ts";
import type { Change } from "./rfc9111/invalidation.ts";
import type { Reuse } from "./rfc9111/reuse.ts";
import type { Freshened } from "./rfc9111/validation.ts";
import type { SelectingHeader } from "./rfc9111/vary.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { Hop } from "../policies/journey.ts";

/** A GET request as the cache sees it. */
export interface CachedRequest {
  /** The absolute URL that names the resource, independent of the mirror. */
  readonly url: string;
  /** All headers except a mirror's own. */
  readonly headers: HeaderMap;
  /** The same headers, and the `accept` that the client adds. */
  readonly sentHeaders: HeaderMap;
  /** The directives of their `Cache-Control` or `Pragma`. */
  readonly directives: CacheControl;
  /** The partition of the response: a digest of its name, or `""` for responses that all callers share. */
  readonly partition: string;
  /** Whether the request must not be redirected: `redirect: "error"`. */
  readonly refusesRedirects: boolean;
}

/** A response that the network has brought. */
export interface CachedResponse extends ExchangeTimes {
  readonly url: string;
  readonly status: number;
  readonly statusText?: string | undefined;
  readonly headers: Headers;
  /**
   * The redirects that led to the response, empty for a direct answer. `undefined` if another URL has answered but the redirects
   * are unknown: only they could say how long the response is good for the requested URL.
   */
  readonly redirects: readonly Hop[] | undefined;
}

/** The place of an entry in the store. */
export interface Placement {
  /** The full key. */
  readonly key: string;
  /** The request headers that have selected the response. */
  readonly vary: readonly SelectingHeader[];
}

/** The rules that say which responses the cache may use and store, and for how long. All times are in milliseconds since 1970. */
export interface CacheRules {
  /** Returns the key of a request's primary slot. */
  primaryKey(request: Pick<CachedRequest, "url" | "headers" | "partition">): string;
  /** Whether the cache may answer a request, and store its response. */
  isCacheable(request: CachedRequest): boolean;
  /** Says how the cache may use a stored response. */
  reuseOf(meta: CacheMeta, request: CachedRequest, nowMs: number): Reuse;
  /** Whether a stored response may answer after the request for a newer one has failed. */
  mayAnswerError(meta: CacheMeta, request: CachedRequest, nowMs: number): boolean;
  /** Whether a URL may have several responses, which differ by the request headers in their `Vary`. */
  readonly knowsVariants: boolean;
  /** Whether a change invalidates the stored responses of its URL. */
  readonly heedsChanges: boolean;
  /** Returns the names of the request headers that select a response; `undefined` if no request could find it again. */
  varyNames(response: Pick<CachedResponse, "headers" | "redirects">): readonly string[] | undefined;
  /** Returns the metadata to store with a response; `undefined` if the cache may not store it, or could never use it. */
  toMeta(response: CachedResponse, request: CachedRequest, placement: Placement): CacheMeta | undefined;
  /** Updates a stored response after the server has confirmed it. */
  freshen(meta: CacheMeta, response: CachedResponse, request: CachedRequest): Freshened;
  /** Returns the headers with which the cache serves a stored response. */
  servedHeaders(meta: CacheMeta, nowMs: number): [name: string, value: string][];
  /** Returns the absolute URLs whose stored responses a change has invalidated. */
  invalidatedUrls(change: Change): readonly string[];
}
