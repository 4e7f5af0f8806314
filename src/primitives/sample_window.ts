/**
 * What was measured between two decisions about a limit.
 *
 * @module
 */

/** A latency below this, in milliseconds, is taken for it: a clock may not show any time at all. */
const SHORTEST_MS = 0.01;

/** What a window has shown. */
export interface WindowStats {
  /** Samples, dropped ones included. */
  readonly count: number;
  /** Samples of work that was refused, or took too long. */
  readonly drops: number;
  /** The most that was in flight. */
  readonly peak: number;
  /** How much of the work in flight has succeeded, on average over the window: Little's law. */
  readonly served: number;
  /** The mean of the logarithms of the latencies in milliseconds: one outlier of ten times the rest hardly moves it. */
  readonly mean: number;
  /** The standard error of `mean`. */
  readonly error: number;
}

/** Collects samples, in memory that does not grow with them. */
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

  /** The most that was in flight. */
  get peak(): number {
    return this.#peak;
  }

  /** How long the window is open, in milliseconds. */
  ageMs(nowMs: number): number {
    return nowMs - this.#startedAtMs;
  }

  /** Adds a sample; the first of all opens the window when its work began. */
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

  /** What it has shown. */
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

  /** Opens an empty window. */
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
