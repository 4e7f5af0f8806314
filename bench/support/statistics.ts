/**
 * What many measurements say together.
 *
 * @module
 */

/** The middle of the values; of an even number of them, the mean of the middle two. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The median of several rounds, and how far they lie apart. */
export interface Spread {
  /** The median. */
  readonly value: number;
  /** The lowest. */
  readonly low: number;
  /** The highest. */
  readonly high: number;
}

/** Sums up rounds. */
export function spreadOf(rounds: readonly number[]): Spread {
  return { value: median(rounds), low: Math.min(...rounds), high: Math.max(...rounds) };
}
