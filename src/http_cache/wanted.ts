/**
 * What the cache asks the network for.
 *
 * @module
 */

import type { CacheEntry, MaybePromise } from "../cache/cache.ts";
import type { CachedRequest } from "./rules.ts";

/** What is asked for, and what is there already. */
export interface Wanted {
  readonly request: CachedRequest;
  /** A stored response that may not be used before it was validated. */
  readonly found: CacheEntry | undefined;
  /** Whether something may be stored that the response replaces, found or not. */
  readonly mayReplace: boolean;
  /** Whether validating what was found has brought nothing, so that the whole is asked for. */
  readonly isRefuted?: boolean | undefined;
}

/** Takes what was stored, while it is being written; later, and maybe nothing, if its body is still on its way. */
export type OnStored = (entry: MaybePromise<CacheEntry | undefined>) => void;
