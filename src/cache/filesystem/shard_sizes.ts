/**
 * The estimated sizes of a cache's folders.
 *
 * @module
 */

import { SHARDS } from "./entry_name.ts";
import type { LedgerNews } from "./ledger.ts";

/** Estimates the size of each folder: its size at the last scan, plus the changes known since. */
export class ShardSizes {
  readonly #bytes = new Map<string, number>();
  #totalBytes = 0;
  /** How many bytes this process has found removed by other processes that have not announced the removal yet. */
  #goneBytes = 0;
  /** How many bytes other processes were writing at the last call of `learn`. */
  #unfinishedBytes = 0;

  /** How many folders were scanned or have an assumed size. */
  get known(): number {
    return this.#bytes.size;
  }

  /** The total of all folders, in bytes. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Returns the size of a folder, in bytes; `undefined` if it is not known yet. */
  get(shard: string): number | undefined {
    return this.#bytes.get(shard);
  }

  /** Sets the size of a folder, in bytes. */
  set(shard: string, bytes: number): void {
    this.#totalBytes += bytes - (this.#bytes.get(shard) ?? 0);
    this.#bytes.set(shard, bytes);
  }

  /** Notes that a folder has grown by so many bytes, or has shrunk if the number is negative. */
  change(shard: string, bytes: number): void {
    const before = this.#bytes.get(shard);
    if (before !== undefined) this.set(shard, Math.max(0, before + bytes));
  }

  /** Notes that another process has removed a file, and will announce that. */
  noteGone(shard: string, bytes: number): void {
    this.change(shard, -bytes);
    this.#goneBytes += bytes;
  }

  /**
   * Applies the announcements of other processes. These do not name folders, but keys are hashes: written bytes spread evenly
   * over all folders, and removed bytes come from each folder in proportion to its size.
   *
   * @param news The announcements.
   * @param seenFraction The share of the folders that was scanned since the previous announcements. On average, the scans have
   * seen one half of what happened in these folders meanwhile, and missed the other half. So one half is not counted again, of
   * the writes as well as of the removals; otherwise a slow scan would take the cache for much too large while other processes
   * are busy.
   */
  learn({ writtenBytes, removedBytes, unfinishedBytes }: LedgerNews, seenFraction: number): void {
    const missedFraction = 1 - seenFraction / 2;
    // The scans may have missed all writes that are still in flight.
    const begunBytes = Math.min(writtenBytes, unfinishedBytes);
    const doneBytes = (writtenBytes - begunBytes) * missedFraction;
    // Scans that came before the end of writes that were in flight last time have dropped the bytes that were counted for them.
    const droppedBytes = this.#unfinishedBytes * seenFraction / 2;
    const addedBytes = begunBytes + doneBytes + droppedBytes;
    const missedBytes = removedBytes * missedFraction;
    // Removals that this process has found are counted already.
    const goneBytes = Math.min(missedBytes, this.#goneBytes);
    const lostBytes = missedBytes - goneBytes;
    this.#goneBytes -= goneBytes;
    this.#unfinishedBytes = unfinishedBytes;
    if (addedBytes === 0 && lostBytes === 0) return;
    // Add first, and remove afterwards: the removed bytes may be among those written since the previous announcements.
    const addedEach = addedBytes / SHARDS.length;
    const allBytes = this.#totalBytes + addedEach * this.#bytes.size;
    const keptFraction = 1 - Math.min(1, lostBytes / Math.max(1, allBytes));
    for (const [shard, bytes] of this.#bytes) this.set(shard, (bytes + addedEach) * keptFraction);
  }

  /** Drops all sizes. */
  clear(): void {
    this.#bytes.clear();
    this.#totalBytes = 0;
    this.#goneBytes = 0;
    this.#unfinishedBytes = 0;
  }
}
