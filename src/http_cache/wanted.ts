/**
 * What the cache wants from the network.
 *
 * @module
 */

import type { CacheEntry, MaybePromise } from "../cache/cache.ts";
import type { CachedRequest } from "./rules.ts";

/** A request to the network, and the response that the cache already has. */
export interface Wanted {
  readonly request: CachedRequest;
  /** A stored response that the cache must validate before use. */
  readonly found: CacheEntry | undefined;
  /** Whether the store may hold a response that this one replaces, even if it was not looked up. */
  readonly mayReplace: boolean;
  /** Whether validating `found` has failed, so that the request asks for the whole response. */
  readonly isRefuted?: boolean | undefined;
}

/**
 * Takes the stored entry while it is being written. It takes a promise if the body is still on its way; that gives `undefined` if
 * nothing is stored.
 */
export type OnStored = (entry: MaybePromise<CacheEntry | undefined>) => void;
