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
  /** A stored response that the cache must validate before use. The new response replaces it. */
  readonly found: CacheEntry | undefined;
  /** The moment of the read of `found`, or of its request: a change after that makes it wrong. */
  readonly foundAt: number;
  /** Whether the store may hold a response that the new one replaces: `found`, or one that the call may not use or look up. */
  readonly mayReplace: boolean;
}

/**
 * Takes the stored entry while it is being written, and the moment of its request. It takes a promise if the body is still on its
 * way; that gives `undefined` if nothing is stored.
 */
export type OnStored = (entry: MaybePromise<CacheEntry | undefined>, askedAt: number) => void;
