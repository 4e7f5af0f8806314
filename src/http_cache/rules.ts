/**
 * The contract of the two ways to use a cache: by the rules of HTTP, or for a fixed time.
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

/** A GET, as the cache sees it. */
export interface CachedRequest {
  /** The absolute URL that names the resource, whichever mirror serves it. */
  readonly url: string;
  /** All headers but those of a mirror's own. */
  readonly headers: HeaderMap;
  /** The same, and what the client says by itself of what it accepts. */
  readonly sentHeaders: HeaderMap;
  /** What `Cache-Control` or `Pragma` among them say. */
  readonly directives: CacheControl;
  /** Whose responses may be used: a digest, or nothing for every caller's. */
  readonly partition: string;
  /** Whether a redirect is no response for it: `redirect: "error"`. */
  readonly refusesRedirects: boolean;
}

/** A response that has come. */
export interface CachedResponse extends ExchangeTimes {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  /**
   * The redirects that led to it, none for a direct answer; `undefined` if it is another URL's, and nothing is known of the
   * redirects, which alone could say for how long it may be used for this one.
   */
  readonly redirects: readonly Hop[] | undefined;
}

/** Where an entry goes. */
export interface Placement {
  /** The full key. */
  readonly key: string;
  /** The request headers that the response was selected by. */
  readonly vary: readonly SelectingHeader[];
}

/** What is allowed, and for how long. All times are in milliseconds since 1970. */
export interface CacheRules {
  /** The key of a request's primary slot. */
  primaryKey(request: Pick<CachedRequest, "url" | "headers" | "partition">): string;
  /** Whether a request may be answered from the cache, and its response stored. */
  isCacheable(request: CachedRequest): boolean;
  /** What a stored response is good for. */
  reuseOf(meta: CacheMeta, request: CachedRequest, nowMs: number): Reuse;
  /** Whether a stored response may be the response after asking for a newer one has failed. */
  mayAnswerError(meta: CacheMeta, request: CachedRequest, nowMs: number): boolean;
  /** Whether a URL may have several responses, told apart by request headers that the responses name. */
  readonly knowsVariants: boolean;
  /** Whether a change makes wrong what is stored for its URL. */
  readonly heedsChanges: boolean;
  /** The names of the request headers that select a response; `undefined` when it can't be found again. */
  varyNames(response: Pick<CachedResponse, "headers" | "redirects">): readonly string[] | undefined;
  /** What to keep beside the body of a response; `undefined` when it may not be stored, or is of no use. */
  toMeta(response: CachedResponse, request: CachedRequest, placement: Placement): CacheMeta | undefined;
  /** A stored response after the server has said that it is still the right one. */
  freshen(meta: CacheMeta, response: CachedResponse, request: CachedRequest): Freshened;
  /** The headers that a stored response is given out with. */
  servedHeaders(meta: CacheMeta, nowMs: number): [name: string, value: string][];
  /** The absolute URLs whose stored responses a request has made wrong. */
  invalidatedUrls(change: Change): readonly string[];
}
