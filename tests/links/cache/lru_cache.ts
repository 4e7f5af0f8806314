/**
 * A stand-in for `@std/cache/lru-cache`, which has no npm release: the same interface and the same behaviour, for machines
 * that can't reach JSR.
 *
 * @module
 */

/** A cache that `memoize` accepts. */
export interface MemoizationCache<K, V> {
  has: (key: K) => boolean;
  get: (key: K) => V | undefined;
  set: (key: K, val: V) => unknown;
  delete: (key: K) => unknown;
}

/** The reason why an entry left the cache: the cache was full and it was the oldest, or `delete()` or `clear()` removed it. */
export type LruCacheEjectionReason = "evicted" | "deleted" | "cleared";

/** Options for {@linkcode LruCache}. */
export interface LruCacheOptions<K, V> {
  /** Called after an entry has left; not when `set()` replaces a value. It must not change the cache. */
  onEject?: (ejectedKey: K, ejectedValue: V, reason: LruCacheEjectionReason) => void;
}

/** A map with at most `maxSize` entries. When it is full, it evicts the entry least recently used by `get()` or `set()`. */
export class LruCache<K, V> extends Map<K, V> implements MemoizationCache<K, V> {
  readonly #maxSize: number;
  readonly #onEject: LruCacheOptions<K, V>["onEject"];
  #ejecting = false;

  /** Creates an empty cache. */
  constructor(maxSize: number, options?: LruCacheOptions<K, V>) {
    super();
    if (!Number.isInteger(maxSize) || maxSize < 1) {
      throw new RangeError(
        `Cannot create LruCache: maxSize must be a positive integer: received ${maxSize}`,
      );
    }
    this.#maxSize = maxSize;
    this.#onEject = options?.onEject;
  }

  /** The most entries that the cache can hold. */
  get maxSize(): number {
    return this.#maxSize;
  }

  /** Returns whether the cache has a key, without changing the key's age. */
  override has(key: K): boolean {
    return super.has(key);
  }

  /** Returns the value of a key, and makes the key the most recently used one. */
  override get(key: K): V | undefined {
    if (!super.has(key)) return undefined;
    const value = super.get(key) as V;
    super.delete(key);
    super.set(key, value);
    return value;
  }

  /** Returns the value of a key, without changing the key's age. */
  peek(key: K): V | undefined {
    return super.get(key);
  }

  /** Stores a value as the most recently used one, and evicts the oldest entry if the cache is over its size. */
  override set(key: K, value: V): this {
    this.#refuseWhileEjecting("set entry in");
    super.delete(key);
    super.set(key, value);
    if (this.size > this.#maxSize) {
      const [oldest, oldestValue] = this.entries().next().value as [K, V];
      super.delete(oldest);
      this.#eject(oldest, oldestValue, "evicted");
    }
    return this;
  }

  /** Removes a key, and returns whether the cache had it. */
  override delete(key: K): boolean {
    this.#refuseWhileEjecting("delete entry in");
    const value = super.get(key);
    if (!super.delete(key)) return false;
    this.#eject(key, value as V, "deleted");
    return true;
  }

  /** Removes all entries. Calls `onEject` for each entry even if a call throws, and rethrows the first error at the end. */
  override clear(): void {
    this.#refuseWhileEjecting("clear");
    const entries = [...this.entries()];
    super.clear();
    const errors: unknown[] = [];
    for (const [key, value] of entries) {
      try {
        this.#eject(key, value, "cleared");
      } catch (error) { // kept, so that the other entries are ejected too
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  #eject(key: K, value: V, reason: LruCacheEjectionReason): void {
    if (this.#onEject === undefined) return;
    this.#ejecting = true;
    try {
      this.#onEject(key, value, reason);
    } finally {
      this.#ejecting = false;
    }
  }

  #refuseWhileEjecting(action: string): void {
    if (!this.#ejecting) return;
    throw new Error(`Cannot ${action} LruCache: cache is not re-entrant during onEject callbacks`);
  }
}
