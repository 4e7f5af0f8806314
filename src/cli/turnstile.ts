/**
 * A gate that lets tasks through one after the other, by number.
 *
 * @module
 */

/** Lets tasks through in the order of their numbers, from 0. Every number must leave once, whether it has entered or not. */
export class Turnstile {
  #next = 0;
  /** Whether the number whose turn it is has entered. */
  #isInside = false;
  readonly #waiting = new Map<number, () => void>();
  readonly #left = new Set<number>();

  /** Resolves when all smaller numbers have left. */
  async enter(number: number): Promise<void> {
    if (number <= this.#next) {
      this.#isInside = true;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.set(number, resolve));
  }

  /** Notes that a number has gone through, or will not come, and lets the next one in; idempotent. */
  leave(number: number): void {
    if (number < this.#next) return;
    this.#left.add(number);
    if (!this.#left.has(this.#next)) return;
    while (this.#left.delete(this.#next)) this.#next++;
    const enter = this.#waiting.get(this.#next);
    this.#isInside = enter !== undefined;
    this.#waiting.delete(this.#next);
    enter?.();
  }

  /** How many tasks wait for a number that has not entered; 0 while one is inside. */
  get stranded(): number {
    return this.#isInside ? 0 : this.#waiting.size;
  }
}
