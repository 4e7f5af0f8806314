/**
 * What is known of an adapter beyond what it says itself.
 *
 * @module
 */

import type { CacheEntry } from "../cache/cache.ts";
import { sha256 } from "../cache/sha256.ts";

/** The newest word on a key that the adapter has not heard the end of. */
export interface PendingWrite {
  /** What the key is to hold; `undefined` for nothing. */
  entry: CacheEntry | undefined;
  /** Whether `entry` has changed since the adapter was told. */
  isNew: boolean;
  /** Resolves when the adapter has been told the last word; it never rejects. */
  ended: Promise<void>;
}

/** So many bytes may wait to be written by default; what comes beyond is not stored. */
export const MAX_PENDING_BYTES: number = 64 * 1024 * 1024;

/** How much may wait. */
export interface PendingLimit {
  /** So many bytes, of all plans of the adapter together. */
  readonly maxPendingBytes: number;
}

const DEFAULT_LIMIT: PendingLimit = { maxPendingBytes: MAX_PENDING_BYTES };
const ENDED = Promise.resolve();

/** What all clients that use an adapter together know of it. */
export class AdapterState {
  readonly hashes: KeyHashes = new KeyHashes();
  /** By hash; an adapter that never answers keeps its own. */
  readonly writes: Map<string, PendingWrite> = new Map();
  #pendingBytes = 0;

  /**
   * Notes what a key is to hold.
   *
   * @param hash The hash of the key.
   * @param entry What it is to hold; `undefined` for nothing.
   * @param limit How much may wait before it is nothing.
   * @returns The write, and whether another caller has begun it; otherwise it is the caller's, which ends it.
   */
  note(
    hash: string,
    entry: CacheEntry | undefined,
    { maxPendingBytes }: PendingLimit = DEFAULT_LIMIT,
  ): { readonly write: PendingWrite; readonly isUnderWay: boolean } {
    // An adapter that takes nothing in must not make the memory its store.
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

  /** Notes that the adapter has been told the last word. */
  end(hash: string, write: PendingWrite): void {
    this.writes.delete(hash);
    this.#pendingBytes -= sizeOf(write.entry);
  }
}

function sizeOf(entry: CacheEntry | undefined): number {
  return entry?.body.length ?? 0;
}

/** So many hashes are remembered. */
const MAX_HASHES = 1_024;

/** Hashes of keys. One takes longer than finding its entry in memory, so those of late are remembered. */
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
