/**
 * Sums up many measurements.
 *
 * @module
 */

/** Returns the middle of the values; for an even number of values, the mean of the middle two; `NaN` without any. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The median of several rounds, and the range of their values. */
export interface Spread {
  /** The median. */
  readonly value: number;
  /** The lowest. */
  readonly low: number;
  /** The highest. */
  readonly high: number;
}

/** Returns the median and the range of the values of several rounds. */
export function spreadOf(rounds: readonly number[]): Spread {
  return { value: median(rounds), low: Math.min(...rounds), high: Math.max(...rounds) };
}
