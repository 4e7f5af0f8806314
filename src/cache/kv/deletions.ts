/**
 * Removals of any number of keys, in atomic operations that a store accepts.
 *
 * @module
 */

import type { KvAtomic, KvKey, KvKeyPart, KvStore } from "./store.ts";

/** How many changes a store accepts in one atomic operation. */
const MAX_MUTATIONS = 1_000;
/** How many bytes the keys of one atomic operation may have; a store accepts 81,920. */
const MAX_KEY_BYTES = 80_000;

/** Collects keys, and removes them in as few atomic operations as possible. */
export class Deletions {
  readonly #kv: KvStore;
  #atomic: KvAtomic | undefined;
  #count = 0;
  #keyBytes = 0;

  /** Creates an empty collection of removals from a store. */
  constructor(kv: KvStore) {
    this.#kv = kv;
  }

  /** Adds a key; first commits the others if the store would not accept one more. */
  async add(key: KvKey): Promise<void> {
    const keyBytes = maxBytesOf(key);
    if (this.#count === MAX_MUTATIONS || this.#keyBytes + keyBytes > MAX_KEY_BYTES) await this.commit();
    this.#atomic = (this.#atomic ?? this.#kv.atomic()).delete(key);
    this.#count += 1;
    this.#keyBytes += keyBytes;
  }

  /** Removes the keys that were added since the last commit. */
  async commit(): Promise<void> {
    const atomic = this.#atomic;
    this.#atomic = undefined;
    this.#count = this.#keyBytes = 0;
    await atomic?.commit();
  }
}

/** Returns an upper bound for the bytes of a key when it is encoded; a store accepts 2,048. */
function maxBytesOf(key: KvKey): number {
  return Math.min(2_048, key.reduce<number>((sum, part) => sum + maxPartBytes(part), 0));
}

/** Returns an upper bound for a part: a UTF-16 unit takes up to three bytes, a zero byte two, and a part two more than its content. */
function maxPartBytes(part: KvKeyPart): number {
  if (typeof part === "string") return 3 * part.length + 2;
  if (part instanceof Uint8Array) return 2 * part.length + 2;
  return typeof part === "bigint" ? part.toString(16).length / 2 + 10 : 10;
}
