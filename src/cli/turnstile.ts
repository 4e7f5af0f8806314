/**
 * One after the other, by number.
 *
 * @module
 */

/** Lets numbers through in their order, from 0. Every number must leave once, whether it has entered or not. */
export class Turnstile {
  #next = 0;
  readonly #waiting = new Map<number, () => void>();
  readonly #left = new Set<number>();

  /** Waits until all smaller numbers have left. */
  async enter(number: number): Promise<void> {
    if (number <= this.#next) return;
    await new Promise<void>((resolve) => this.#waiting.set(number, resolve));
  }

  /** The number does not come, or has gone; doing that twice changes nothing. */
  leave(number: number): void {
    if (number < this.#next) return;
    this.#left.add(number);
    while (this.#left.delete(this.#next)) this.#next++;
    this.#waiting.get(this.#next)?.();
    this.#waiting.delete(this.#next);
  }
}
