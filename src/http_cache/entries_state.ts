/**
 * What is known of stored responses beyond what is stored with them.
 *
 * @module
 */

import { LruCache } from "@std/cache/lru-cache";
import { withoutFragment } from "../http/url.ts";
import type { VariantIndex } from "./rfc9111/vary.ts";

/** So many URLs are remembered. */
const MAX_URLS = 1_000;

/** An index, and after when it is of no use, in milliseconds since 1970; `null` for never. */
export interface KnownIndex {
  readonly index: VariantIndex;
  readonly removeAt: number | null;
  /** Whether it is new, and nothing lies under it yet. */
  readonly isPlanned: boolean;
}

/** A generation, and after when it is of no use, in milliseconds since 1970; `null` for never. */
export interface KnownGeneration {
  readonly generation: string;
  readonly removeAt: number | null;
  /** Whether it is new, and not stored yet. */
  readonly isPlanned: boolean;
}

/** What all clients that keep their responses together know of them. */
export class EntriesState {
  /** The latest index of each primary key, so that responses which come together end up under the same one. */
  readonly indexes: LruCache<string, KnownIndex> = new LruCache(MAX_URLS);
  /** The latest generation of each URL that has one. */
  readonly generations: LruCache<string, KnownGeneration> = new LruCache(MAX_URLS);
  /** At which moment what is stored for a URL was last made wrong. */
  readonly changes: LruCache<string, number> = new LruCache(MAX_URLS, {
    onEject: (_url, moment) => void (this.#forgottenAt = Math.max(this.#forgottenAt, moment)),
  });
  /** At which moment what is stored under a key was asked for. */
  readonly askedAt: LruCache<string, number> = new LruCache(MAX_URLS);
  /** How often the network was asked, or something changed. */
  moment = 0;
  /** Up to this moment anything may have changed: some changes are not remembered. */
  #forgottenAt = 0;

  /** Whether what is stored for a URL was made wrong after a moment, or may have been. */
  hasChanged(url: string, since: number): boolean {
    return this.moment !== since && (this.changes.get(withoutFragment(url)) ?? this.#forgottenAt) > since;
  }
}
