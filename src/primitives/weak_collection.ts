/**
 * A collection that does not keep its values alive.
 *
 * @module
 */

/** The size at which references to collected values are removed for the first time; then each time that the size has doubled. */
const MANY = 64;

/** Holds values by weak references, so that they stay only as long as other code holds them. */
export class WeakCollection<T extends object> {
  readonly #refs: Set<WeakRef<T>> = new Set();
  #sweepAt = MANY;

  /** How many references there are; some of their values may have been collected. */
  get size(): number {
    return this.#refs.size;
  }

  /**
   * Adds a value, without a check whether it was added before.
   *
   * @returns The reference, to pass to `delete`.
   */
  add(value: T): WeakRef<T> {
    if (this.#refs.size >= this.#sweepAt) this.#sweep();
    const ref = new WeakRef(value);
    this.#refs.add(ref);
    return ref;
  }

  /** Removes a value by the reference that `add` returned. */
  delete(ref: WeakRef<T>): void {
    this.#refs.delete(ref);
  }

  /** Iterates over the values that are still alive, in the order of addition. Skips values that are removed during the iteration. */
  *[Symbol.iterator](): Generator<T, void> {
    for (const ref of this.#refs) {
      const value = ref.deref();
      if (value !== undefined) yield value;
    }
  }

  #sweep(): void {
    for (const ref of this.#refs) {
      if (ref.deref() === undefined) this.#refs.delete(ref);
    }
    this.#sweepAt = Math.max(MANY, 2 * this.#refs.size);
  }
}
