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

/** Why an entry left the cache: it was the oldest of too many, or `delete()` or `clear()` was called. */
export type LruCacheEjectionReason = "evicted" | "deleted" | "cleared";

/** Options for {@linkcode LruCache}. */
export interface LruCacheOptions<K, V> {
  /** Called after an entry has left; not when `set()` replaces a value. It must not change the cache. */
  onEject?: (ejectedKey: K, ejectedValue: V, reason: LruCacheEjectionReason) => void;
}

/** A map of at most `maxSize` entries, which forgets the one that `get()` and `set()` have not touched for longest. */
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

  /** How many entries the cache holds at most. */
  get maxSize(): number {
    return this.#maxSize;
  }

  /** Whether the key is there; its age does not change. */
  override has(key: K): boolean {
    return super.has(key);
  }

  /** The value of a key, which becomes the youngest. */
  override get(key: K): V | undefined {
    if (!super.has(key)) return undefined;
    const value = super.get(key) as V;
    super.delete(key);
    super.set(key, value);
    return value;
  }

  /** The value of a key; its age does not change. */
  peek(key: K): V | undefined {
    return super.get(key);
  }

  /** Stores a value as the youngest, and ejects the oldest when there is no room for both. */
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

  /** Removes a key, and says whether it was there. */
  override delete(key: K): boolean {
    this.#refuseWhileEjecting("delete entry in");
    const value = super.get(key);
    if (!super.delete(key)) return false;
    this.#eject(key, value as V, "deleted");
    return true;
  }

  /** Removes everything. Each entry is ejected, whatever a callback throws; the first error is thrown at the end. */
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
