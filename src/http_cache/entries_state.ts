/**
 * What all clients with the same adapter remember about stored responses.
 *
 * @module
 */

import { LruCache } from "@std/cache/lru-cache";
import { withoutFragment } from "../http/url.ts";
import type { VariantIndex } from "./rfc9111/vary.ts";

/** How many URLs each table remembers. */
const MAX_URLS = 1_000;

/** An index, and the time after which no variant needs it, in milliseconds since 1970; `null` for never. */
export interface KnownIndex {
  readonly index: VariantIndex;
  readonly removeAt: number | null;
  /** Whether the index is new and has no stored variant yet. */
  readonly isPlanned: boolean;
}

/** A generation, and the time after which no entry needs it, in milliseconds since 1970; `null` for never. */
export interface KnownGeneration {
  readonly generation: string;
  readonly removeAt: number | null;
  /** Whether the generation is new and not stored yet. */
  readonly isPlanned: boolean;
}

/** The memory that all clients with the same adapter share about their stored responses. */
export class EntriesState {
  /** The latest index of each primary key, so that responses that arrive together use the same index. */
  readonly indexes: LruCache<string, KnownIndex> = new LruCache(MAX_URLS);
  /** The latest generation of each URL that has one. */
  readonly generations: LruCache<string, KnownGeneration> = new LruCache(MAX_URLS);
  /** The moment at which a change last invalidated the stored responses of a URL. */
  readonly changes: LruCache<string, number> = new LruCache(MAX_URLS, {
    onEject: (_url, moment) => void (this.#forgottenAt = Math.max(this.#forgottenAt, moment)),
  });
  /** The moment at which the response under a key was requested. */
  readonly askedAt: LruCache<string, number> = new LruCache(MAX_URLS);
  /** The present moment of the logical clock, which counts requests to the network and changes. */
  moment = 0;
  /** Up to this moment, any URL may have changed: the table of changes has forgotten some. */
  #forgottenAt = 0;

  /** Whether a change has invalidated the stored responses of a URL after a moment, or may have done so. */
  hasChanged(url: string, since: number): boolean {
    return this.moment !== since && (this.changes.get(withoutFragment(url)) ?? this.#forgottenAt) > since;
  }
}
