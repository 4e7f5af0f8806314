/**
 * A count over a sliding window of time.
 *
 * @module
 */

const SLOTS = 10;

/**
 * Counts events over a sliding window, in memory of constant size. The window is a ring of ten slots, and counts leave it slot by
 * slot. So each count is kept for the window's length, less up to a tenth of it.
 *
 * If the clock goes back, no count leaves, and the counts of a slot leave later by less than a slot's length.
 */
export class WindowedCount {
  readonly #slotMs: number;
  readonly #counts: Float64Array = new Float64Array(SLOTS);
  #total = 0;
  #index = 0;
  #startedAtMs: number;
  #endsAtMs: number;

  /** Creates an empty window of `windowMs` milliseconds that ends now. */
  constructor(windowMs: number, nowMs: number) {
    this.#slotMs = windowMs / SLOTS;
    this.#startedAtMs = nowMs;
    this.#endsAtMs = nowMs + this.#slotMs;
  }

  /** Counts one event. */
  add(nowMs: number): void {
    if (nowMs >= this.#endsAtMs || nowMs < this.#startedAtMs) this.#slide(nowMs);
    this.#counts[this.#index]!++;
    this.#total++;
  }

  /** Removes the latest `count` events, or as many as there are. */
  remove(count: number, nowMs: number): void {
    this.#slide(nowMs);
    for (let age = 0; age < SLOTS && count > 0; age++) {
      const index = (this.#index + SLOTS - age) % SLOTS;
      const taken = Math.min(count, this.#counts[index]!);
      this.#counts[index]! -= taken;
      this.#total -= taken;
      count -= taken;
    }
  }

  /** Returns how many events are in the window. */
  total(nowMs: number): number {
    this.#slide(nowMs);
    return this.#total;
  }

  /** Removes all events. */
  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  #slide(nowMs: number): void {
    const elapsedMs = nowMs - this.#startedAtMs;
    if (elapsedMs < 0) this.#startedAtMs = nowMs;
    const steps = elapsedMs < this.#slotMs ? 0 : Math.floor(elapsedMs / this.#slotMs);
    this.#startedAtMs += steps * this.#slotMs;
    this.#endsAtMs = this.#startedAtMs + this.#slotMs;
    for (let step = Math.min(steps, SLOTS); step > 0; step--) {
      this.#index = (this.#index + 1) % SLOTS;
      this.#total -= this.#counts[this.#index]!;
      this.#counts[this.#index] = 0;
    }
  }
}
