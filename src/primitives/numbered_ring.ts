/**
 * A buffer for values that arrive in any order and leave in the order of their numbers.
 *
 * @module
 */

/**
 * Holds numbered values until their turn comes: 0 leaves first, then 1, and so on. Its size follows the largest distance between
 * the next number and a number present. A value that has left is released at once; a `Map` would keep it for a while.
 */
export class NumberedRing<T> {
  #slots: (T | undefined)[] = [undefined, undefined, undefined, undefined];
  #next = 0;
  #size = 0;

  /** How many values the ring holds. */
  get size(): number {
    return this.#size;
  }

  /** Puts a value under a number that has not left, and has no value yet. */
  put(number: number, value: T): void {
    while (number - this.#next >= this.#slots.length) this.#grow();
    this.#slots[number & (this.#slots.length - 1)] = value;
    this.#size++;
  }

  /** Takes the value of the next number; `undefined` while it is missing. */
  take(): T | undefined {
    const slot = this.#next & (this.#slots.length - 1);
    const value = this.#slots[slot];
    if (value === undefined) return undefined;
    this.#slots[slot] = undefined;
    this.#next++;
    this.#size--;
    return value;
  }

  /** Drops all values. */
  clear(): void {
    this.#slots.fill(undefined);
    this.#size = 0;
  }

  #grow(): void {
    const slots = new Array<T | undefined>(2 * this.#slots.length).fill(undefined);
    for (let number = this.#next; number < this.#next + this.#slots.length; number++) {
      slots[number & (slots.length - 1)] = this.#slots[number & (this.#slots.length - 1)];
    }
    this.#slots = slots;
  }
}
