/**
 * Removals of any number, in writes that a store takes.
 *
 * @module
 */

import type { KvAtomic, KvKey, KvKeyPart, KvStore } from "./store.ts";

/** How many changes one write takes. */
const MAX_MUTATIONS = 1_000;
/** How many bytes their keys may have together; a store takes 81,920. */
const MAX_KEY_BYTES = 80_000;

/** Collects keys and removes them in as few writes as possible. */
export class Deletions {
  readonly #kv: KvStore;
  #atomic: KvAtomic | undefined;
  #count = 0;
  #keyBytes = 0;

  /** Removes from a store. */
  constructor(kv: KvStore) {
    this.#kv = kv;
  }

  /** Adds a key; writes first when it would be one too many. */
  async add(key: KvKey): Promise<void> {
    const keyBytes = maxBytesOf(key);
    if (this.#count === MAX_MUTATIONS || this.#keyBytes + keyBytes > MAX_KEY_BYTES) await this.commit();
    this.#atomic = (this.#atomic ?? this.#kv.atomic()).delete(key);
    this.#count += 1;
    this.#keyBytes += keyBytes;
  }

  /** Removes what has been added. */
  async commit(): Promise<void> {
    const atomic = this.#atomic;
    this.#atomic = undefined;
    this.#count = this.#keyBytes = 0;
    await atomic?.commit();
  }
}

/** How many bytes a key may have at most when it is encoded; a store takes 2,048. */
function maxBytesOf(key: KvKey): number {
  return Math.min(2_048, key.reduce<number>((sum, part) => sum + maxPartBytes(part), 0));
}

/** A UTF-16 unit takes up to three bytes, a zero byte two, a part two more than its content. */
function maxPartBytes(part: KvKeyPart): number {
  if (typeof part === "string") return 3 * part.length + 2;
  if (part instanceof Uint8Array) return 2 * part.length + 2;
  return typeof part === "bigint" ? part.toString(16).length / 2 + 10 : 10;
}
