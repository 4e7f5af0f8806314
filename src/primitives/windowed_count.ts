/**
 * How often something happened lately.
 *
 * @module
 */

const SLOTS = 10;

/**
 * Counts over a sliding window, in memory that does not grow with the counts: the window is a ring of ten slots, and what it
 * has counted leaves it slot by slot. So each count is kept for the window's length, less up to a tenth of it.
 *
 * A clock that goes back makes nothing leave, and delays what would have left by less than a slot.
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

  /** Counts one. */
  add(nowMs: number): void {
    if (nowMs >= this.#endsAtMs || nowMs < this.#startedAtMs) this.#slide(nowMs);
    this.#counts[this.#index]!++;
    this.#total++;
  }

  /** Takes the latest ones back, as many as there are. */
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

  /** How many there are in the window. */
  total(nowMs: number): number {
    this.#slide(nowMs);
    return this.#total;
  }

  /** Forgets all. */
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
