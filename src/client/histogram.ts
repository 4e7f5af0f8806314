/**
 * Percentiles of any number of values in constant memory.
 *
 * @module
 */

/** Each power of two is cut into this many buckets: a percentile is off by at most half of a 16th. */
const BUCKETS_PER_OCTAVE = 16;
/** The smallest value that is told apart, in the values' unit. */
const SMALLEST = 1 / 1_024;
const OCTAVES = 42;

/** Counts values in buckets of logarithmic width, as HdrHistogram does. */
export class Histogram {
  readonly #counts = new Float64Array(OCTAVES * BUCKETS_PER_OCTAVE);
  #total = 0;

  /** Counts a value. */
  record(value: number): void {
    const octaves = value > SMALLEST ? Math.log2(value / SMALLEST) : 0;
    const bucket = Math.min(Math.floor(octaves * BUCKETS_PER_OCTAVE), this.#counts.length - 1);
    this.#counts[bucket]!++;
    this.#total++;
  }

  /**
   * Returns the value below which a share of all values lies.
   *
   * @param share The share, from 0 to 1.
   * @returns The value, within 4 %; 0 when there is none.
   */
  percentile(share: number): number {
    if (this.#total === 0) return 0;
    let left = Math.max(1, Math.ceil(share * this.#total));
    // A plain loop: it runs over all buckets, and `entries()` would make an array for each.
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      left -= this.#counts[bucket]!;
      if (left <= 0) return SMALLEST * 2 ** ((bucket + 0.5) / BUCKETS_PER_OCTAVE);
    }
    return 0;
  }
}
