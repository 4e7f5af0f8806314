/**
 * One after the other, by number.
 *
 * @module
 */

/** Lets numbers through in their order, from 0. Every number must leave once, whether it has entered or not. */
export class Turnstile {
  #next = 0;
  /** Whether the number whose turn it is has entered. */
  #isInside = false;
  readonly #waiting = new Map<number, () => void>();
  readonly #left = new Set<number>();

  /** Waits until all smaller numbers have left. */
  async enter(number: number): Promise<void> {
    if (number <= this.#next) {
      this.#isInside = true;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.set(number, resolve));
  }

  /** The number does not come, or has gone; doing that twice changes nothing. */
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

  /** How many wait for a number that has not come. */
  get stranded(): number {
    return this.#isInside ? 0 : this.#waiting.size;
  }
}
