/**
 * How many tests passed and failed, and the line that says so.
 *
 * @module
 */

/** What a run has counted. */
export interface Counts {
  /** Tests that passed. */
  readonly passed: number;
  /** Tests that failed, and whatever else made the run fail. */
  readonly failed: number;
  /** Tests that were left out. */
  readonly skipped: number;
}

/** The sum of several runs. */
export function sum(runs: readonly Counts[]): Counts {
  const add = (key: keyof Counts): number => runs.reduce((total, run) => total + run[key], 0);
  return { passed: add("passed"), failed: add("failed"), skipped: add("skipped") };
}

/** Prints `… N passed, N failed`, and what was skipped on the line before. */
export function printCounts(prefix: string, { passed, failed, skipped }: Counts): void {
  if (skipped > 0) console.log(`${prefix}${skipped} skipped`);
  console.log(`${prefix}${passed} passed, ${failed} failed`);
}

/** Where a runner's output says what it has counted: the first group of each pattern is a number. */
export type CountPatterns = Readonly<Record<keyof Counts, readonly RegExp[]>>;

/**
 * Reads what a runner has counted, from the last place that each pattern matches. A run that failed without having counted
 * a failure gets one.
 */
export function readCounts(output: string, success: boolean, patterns: CountPatterns): Counts {
  const read = (key: keyof Counts): number =>
    patterns[key].reduce(
      (total, pattern) => total + Number([...output.matchAll(pattern)].at(-1)?.[1] ?? 0),
      0,
    );
  const failed = read("failed");
  return { passed: read("passed"), failed: success ? failed : Math.max(failed, 1), skipped: read("skipped") };
}
