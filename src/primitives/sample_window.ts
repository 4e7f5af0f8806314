/**
 * The measurements between two decisions about a limit.
 *
 * @module
 */

/** Shorter latencies count as this, in milliseconds: a coarse clock may measure 0, which has no logarithm. */
const SHORTEST_MS = 0.01;

/** The measurements of a window. */
export interface WindowStats {
  /** How many samples there are, drops included. */
  readonly count: number;
  /** How many samples are drops: work that was refused, or took too long. */
  readonly drops: number;
  /** The most work in flight at once. */
  readonly peak: number;
  /** How much work that succeeded was in flight on average, by Little's law: the sum of its latencies over the window's length. */
  readonly served: number;
  /** The mean of the logarithms of the latencies in milliseconds: one outlier of ten times the rest hardly moves it. */
  readonly mean: number;
  /** The standard error of `mean`. */
  readonly error: number;
}

/** Collects samples, in memory of constant size. */
export class SampleWindow {
  #startedAtMs = -Infinity;
  #count = 0;
  #drops = 0;
  #peak = 0;
  #totalMs = 0;
  #sum = 0;
  #squares = 0;

  /** How many samples there are. */
  get count(): number {
    return this.#count;
  }

  /** The standard error of the mean; `Infinity` for less than two latencies. */
  get error(): number {
    const successes = this.#count - this.#drops;
    if (successes < 2) return Infinity;
    const mean = this.#sum / successes;
    return Math.sqrt(Math.max(0, this.#squares / successes - mean * mean) / (successes - 1));
  }

  /** The most work in flight at once. */
  get peak(): number {
    return this.#peak;
  }

  /** Returns how long the window has been open, in milliseconds. */
  ageMs(nowMs: number): number {
    return nowMs - this.#startedAtMs;
  }

  /** Adds a sample. The very first sample dates the opening of the window back to the time when its work began. */
  add(latencyMs: number, inFlight: number, isDropped: boolean, nowMs: number): void {
    if (this.#startedAtMs === -Infinity) this.#startedAtMs = nowMs - latencyMs;
    this.#count++;
    if (inFlight > this.#peak) this.#peak = inFlight;
    if (isDropped) {
      this.#drops++;
      return;
    }
    const logarithm = Math.log(Math.max(SHORTEST_MS, latencyMs));
    this.#totalMs += latencyMs;
    this.#sum += logarithm;
    this.#squares += logarithm * logarithm;
  }

  /** Returns the measurements so far. */
  stats(nowMs: number): WindowStats {
    const successes = this.#count - this.#drops;
    return {
      count: this.#count,
      drops: this.#drops,
      peak: this.#peak,
      served: this.#totalMs / Math.max(SHORTEST_MS, this.ageMs(nowMs)),
      mean: this.#sum / successes,
      error: this.error,
    };
  }

  /** Empties the window and opens it anew. */
  restart(startsAtMs: number): void {
    this.#startedAtMs = startsAtMs;
    this.#count =
      this.#drops =
      this.#peak =
      this.#totalMs =
      this.#sum =
      this.#squares =
        0;
  }
}
