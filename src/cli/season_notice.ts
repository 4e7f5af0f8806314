/**
 * The notice that tells once how long the files of a season are kept.
 *
 * @module
 */

import type { CacheAdapter, CacheMeta } from "../cache/cache.ts";
import { sha256 } from "../cache/sha256.ts";
import { seasonTtlMs } from "../f1/season_ttl.ts";
import type { F1Cache } from "./f1_cache.ts";
import { formatDuration } from "./format.ts";

/** The season that the notice is about. */
export interface SeasonNoticeOptions {
  /** The year of the season. */
  readonly year: string;
  /** The URL of the season's files at the preferred mirror. */
  readonly url: string;
  /** The time, in milliseconds since 1970. */
  readonly nowMs: number;
}

/**
 * A notice that the cache remembers in an entry of its own. So it appears again after the user clears the cache, and for a season
 * that the user loads both before and after its end.
 */
export class SeasonNotice {
  /** The text of the notice. */
  readonly text: string;
  readonly #adapter: CacheAdapter;
  readonly #meta: CacheMeta;
  readonly #key: string;

  /** Creates the notice for a season and the cache that keeps its files. */
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

  /** Returns whether the users of this cache have not seen the notice yet. */
  async isDue(): Promise<boolean> {
    try {
      return await this.#adapter.get(this.#key) === undefined;
    } catch {
      // The run reports a cache that fails when it reads or writes files.
      return true;
    }
  }

  /** Stores that the notice has appeared. */
  async remember(): Promise<void> {
    try {
      await this.#adapter.set(this.#key, { meta: this.#meta, body: new Uint8Array(0) });
    } catch {
      // The notice appears again next time. The run has already reported that the cache fails.
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
