/**
 * The state that all clients with the same adapter share about it: the hashes of keys, and the writes in flight.
 *
 * @module
 */

import type { CacheEntry } from "../cache/cache.ts";
import { sha256 } from "../cache/sha256.ts";

/** A write of a key that the adapter has not finished yet. */
export interface PendingWrite {
  /** The latest entry for the key; `undefined` to remove it. */
  entry: CacheEntry | undefined;
  /** Whether the adapter still has to get `entry`. */
  isNew: boolean;
  /** Resolves when the adapter has finished the latest write of the key; it never rejects. */
  ended: Promise<void>;
}

/** How many bytes may wait to be written by default; the cache does not store entries beyond that. */
export const MAX_PENDING_BYTES: number = 64 * 1024 * 1024;

/** How much may wait to be written. */
export interface PendingLimit {
  /** How many bytes may wait, over all plans of the adapter together. */
  readonly maxPendingBytes: number;
}

const DEFAULT_LIMIT: PendingLimit = { maxPendingBytes: MAX_PENDING_BYTES };
const ENDED = Promise.resolve();

/** The state of one adapter, shared by all clients that use it. */
export class AdapterState {
  readonly hashes: KeyHashes = new KeyHashes();
  /** The writes in flight by the hashes of their keys. If the adapter never answers, a write stays here. */
  readonly writes: Map<string, PendingWrite> = new Map();
  #pendingBytes = 0;

  /**
   * Notes the latest entry for a key.
   *
   * @param hash The hash of the key.
   * @param entry The entry; `undefined` to remove it.
   * @param limit How much may wait. An entry beyond that counts as `undefined`.
   * @returns The write, and whether an earlier caller carries it out. If not, this caller must do so, and end it.
   */
  note(
    hash: string,
    entry: CacheEntry | undefined,
    { maxPendingBytes }: PendingLimit = DEFAULT_LIMIT,
  ): { readonly write: PendingWrite; readonly isUnderWay: boolean } {
    // An adapter that does not finish its writes must not fill the memory.
    const bytes = this.#pendingBytes + sizeOf(entry);
    if (entry !== undefined && bytes > maxPendingBytes) entry = undefined;
    const earlier = this.writes.get(hash);
    this.#pendingBytes += sizeOf(entry) - sizeOf(earlier?.entry);
    if (earlier !== undefined) {
      earlier.entry = entry;
      earlier.isNew = true;
      return { write: earlier, isUnderWay: true };
    }
    const write: PendingWrite = { entry, isNew: true, ended: ENDED };
    this.writes.set(hash, write);
    return { write, isUnderWay: false };
  }

  /** Notes that the adapter has finished a write. */
  end(hash: string, write: PendingWrite): void {
    this.writes.delete(hash);
    this.#pendingBytes -= sizeOf(write.entry);
  }
}

function sizeOf(entry: CacheEntry | undefined): number {
  return entry?.body.length ?? 0;
}

/** How many hashes are remembered. */
const MAX_HASHES = 1_024;

/** Remembers the hashes of recent keys: to compute a hash takes longer than to find its entry in memory. */
class KeyHashes {
  readonly #hashes = new Map<string, string>();

  of(key: string): string {
    let hash = this.#hashes.get(key);
    if (hash === undefined) {
      hash = sha256(key);
      if (this.#hashes.size >= MAX_HASHES) this.#hashes.clear();
      this.#hashes.set(key, hash);
    }
    return hash;
  }
}
