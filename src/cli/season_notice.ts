/**
 * How long the files of a season are kept, said once.
 *
 * @module
 */

import type { CacheAdapter, CacheMeta } from "../cache/cache.ts";
import { sha256 } from "../cache/sha256.ts";
import { seasonTtlMs } from "../f1/season_ttl.ts";
import type { F1Cache } from "./f1_cache.ts";
import { formatDuration } from "./format.ts";

/** What the notice is about. */
export interface SeasonNoticeOptions {
  /** The season. */
  readonly year: string;
  /** Where the season's files are, at the preferred mirror. */
  readonly url: string;
  /** The time, in milliseconds since 1970. */
  readonly nowMs: number;
}

/**
 * A notice that a cache remembers, with an entry of its own: a user that clears the cache is told again, and so is one that loads a season both before
 * and after its end.
 */
export class SeasonNotice {
  /** What is to be said. */
  readonly text: string;
  readonly #adapter: CacheAdapter;
  readonly #meta: CacheMeta;
  readonly #key: string;

  /** Words the notice on what a cache keeps. */
  constructor({ adapter, defaultDir }: F1Cache, { year, url, nowMs }: SeasonNoticeOptions) {
    const ttlMs = seasonTtlMs(url, nowMs);
    const place = defaultDir === undefined ? "" : `, in ${defaultDir} (unless you say --no-cache)`;
    this.text = ttlMs === Infinity
      ? `The season ${year} is over: its files are kept without expiry${place}`
      : `The season ${year} is not over: its files are kept for ${formatDuration(ttlMs)}${place}`;
    this.#adapter = adapter;
    this.#meta = metaOf(`v1\nslipstream f1\nnotice of ${ttlMs}\n${year}`, url, nowMs);
    this.#key = sha256(this.#meta.key);
  }

  /** Whether it was not said yet to the users of the cache. */
  async isDue(): Promise<boolean> {
    try {
      return await this.#adapter.get(this.#key) === undefined;
    } catch {
      // What is wrong with the cache is told when it is used.
      return true;
    }
  }

  /** Notes that it has been said. */
  async remember(): Promise<void> {
    try {
      await this.#adapter.set(this.#key, { meta: this.#meta, body: new Uint8Array(0) });
    } catch {
      // It is said once more next time; what is wrong with the cache has been told.
    }
  }
}

function metaOf(key: string, url: string, nowMs: number): CacheMeta {
  return {
    v: 1,
    key,
    url,
    status: 200,
    headers: [],
    vary: [],
    requestedAt: nowMs,
    storedAt: nowMs,
    initialAge: 0,
    freshForMs: null,
    removeAt: null,
  };
}
