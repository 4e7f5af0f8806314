/**
 * The keys of entries that an adapter must not give out, because the cache does not know what the adapter has stored there.
 *
 * @module
 */

import type { CacheAdapter } from "../cache/cache.ts";

/** How many keys are remembered. */
const MAX_DOUBTFUL = 100_000;

/**
 * Remembers the keys of entries that could be neither replaced nor removed. A key stays doubtful until a change of it has
 * succeeded, at a time when no late change of it can happen any more. A late change is one that the cache has given up, but that
 * the adapter may still carry out: it could restore an old entry.
 */
export class DoubtfulKeys {
  /** How many late changes of each doubtful key may still happen. */
  readonly #lateChanges = new Map<string, number>();

  /** Whether the adapter must not give out the entry of a key. */
  has(key: string): boolean {
    return this.#lateChanges.has(key);
  }

  /** Notes that a change of a key has failed. */
  add(key: string): void {
    this.#count(key, 0);
  }

  /** Notes that a change of a key is late. */
  addLate(key: string): void {
    this.#count(key, 1);
  }

  /** Notes that a late change of a key has happened or failed, and will not happen any more. */
  endLate(key: string): void {
    this.#count(key, -1);
  }

  /** Notes that a change of a key has succeeded. */
  settle(key: string): void {
    if (this.#lateChanges.get(key) === 0) this.#lateChanges.delete(key);
  }

  #count(key: string, change: number): void {
    const late = this.#lateChanges.get(key);
    // There may have been no room for the key when the late change that ends now was added.
    if (late !== undefined || this.#lateChanges.size < MAX_DOUBTFUL) {
      this.#lateChanges.set(key, Math.max((late ?? 0) + change, 0));
    }
  }
}

const keysByAdapter = new WeakMap<CacheAdapter, DoubtfulKeys>();

/**
 * Returns the doubtful keys of an adapter, which all its plans share: an entry that one plan could not remove must not come back
 * in another one.
 */
export function doubtfulKeysOf(adapter: CacheAdapter): DoubtfulKeys {
  let keys = keysByAdapter.get(adapter);
  if (keys === undefined) keysByAdapter.set(adapter, keys = new DoubtfulKeys());
  return keys;
}
