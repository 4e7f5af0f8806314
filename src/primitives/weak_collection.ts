/**
 * A collection that keeps nothing alive.
 *
 * @module
 */

/** From how many on those that are gone are swept out, as often as their number has doubled. */
const MANY = 64;

/** Holds values as long as something else does. */
export class WeakCollection<T extends object> {
  readonly #refs: Set<WeakRef<T>> = new Set();
  #sweepAt = MANY;

  /** How many there are at the most: some may be gone. */
  get size(): number {
    return this.#refs.size;
  }

  /**
   * Adds a value, which is not looked for.
   *
   * @returns What takes it out again.
   */
  add(value: T): WeakRef<T> {
    if (this.#refs.size >= this.#sweepAt) this.#sweep();
    const ref = new WeakRef(value);
    this.#refs.add(ref);
    return ref;
  }

  /** Takes a value out. */
  delete(ref: WeakRef<T>): void {
    this.#refs.delete(ref);
  }

  /** Those that are still there, in the order in which they came; what is taken out meanwhile does not come any more. */
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
