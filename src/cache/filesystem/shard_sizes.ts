/**
 * How large the folders of a cache are, or are thought to be.
 *
 * @module
 */

import { SHARDS } from "./entry_name.ts";
import type { LedgerNews } from "./ledger.ts";

/** The size of each folder: as it was at the last look, with what is known to have happened since. */
export class ShardSizes {
  readonly #bytes = new Map<string, number>();
  #totalBytes = 0;
  /** What others have removed, as this process found out before they said so. */
  #goneBytes = 0;
  /** What others were writing at the last look. */
  #unfinishedBytes = 0;

  /** How many folders were looked at or guessed. */
  get known(): number {
    return this.#bytes.size;
  }

  /** All of them together, in bytes. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** The size of a folder, in bytes; `undefined` before the first look. */
  get(shard: string): number | undefined {
    return this.#bytes.get(shard);
  }

  /** Notes what a look has found in a folder, in bytes. */
  set(shard: string, bytes: number): void {
    this.#totalBytes += bytes - (this.#bytes.get(shard) ?? 0);
    this.#bytes.set(shard, bytes);
  }

  /** Notes that a folder has grown by so many bytes, or shrunk when they are below 0. */
  change(shard: string, bytes: number): void {
    const before = this.#bytes.get(shard);
    if (before !== undefined) this.set(shard, Math.max(0, before + bytes));
  }

  /** Notes that another process has removed a file, which it will announce. */
  noteGone(shard: string, bytes: number): void {
    this.change(shard, -bytes);
    this.#goneBytes += bytes;
  }

  /**
   * Notes what other processes have announced. They do not say in which folder, but keys are hashes: what is written goes to
   * all alike, and what is removed was where something is.
   *
   * @param news What they have announced.
   * @param seenFraction Which part of the folders was looked at since the announcements before. Of what happened there
   * meanwhile, the look has found one half and missed the other, as far as can be told: of what was written as well as of
   * what was removed, or who looks slowly takes the cache for much too large while others are busy.
   */
  learn({ writtenBytes, removedBytes, unfinishedBytes }: LedgerNews, seenFraction: number): void {
    const missedFraction = 1 - seenFraction / 2;
    const goneBytes = Math.min(removedBytes * missedFraction, this.#goneBytes);
    const lostBytes = removedBytes * missedFraction - goneBytes;
    const begunBytes = Math.min(writtenBytes, unfinishedBytes);
    const addedBytes = begunBytes + (writtenBytes - begunBytes) * missedFraction +
      this.#unfinishedBytes * seenFraction / 2;
    this.#goneBytes -= goneBytes;
    this.#unfinishedBytes = unfinishedBytes;
    if (addedBytes === 0 && lostBytes === 0) return;
    // What was removed may have been written since the announcements before.
    const addedEach = addedBytes / SHARDS.length;
    const allBytes = this.#totalBytes + addedEach * this.#bytes.size;
    const keptFraction = 1 - Math.min(1, lostBytes / Math.max(1, allBytes));
    for (const [shard, bytes] of this.#bytes) this.set(shard, (bytes + addedEach) * keptFraction);
  }

  /** Forgets everything. */
  clear(): void {
    this.#bytes.clear();
    this.#totalBytes = 0;
    this.#goneBytes = 0;
    this.#unfinishedBytes = 0;
  }
}
