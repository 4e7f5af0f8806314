/**
 * The counts of passed and failed tests, and the line that reports them.
 *
 * @module
 */

/** The counts of a test run. */
export interface Counts {
  /** The number of tests that passed. */
  readonly passed: number;
  /** The number of tests that failed, plus the other failures of the run, such as a check or an installation. */
  readonly failed: number;
  /** The number of tests that were skipped. */
  readonly skipped: number;
}

/** Adds up the counts of several runs. */
export function sum(runs: readonly Counts[]): Counts {
  const add = (key: keyof Counts): number => runs.reduce((total, run) => total + run[key], 0);
  return { passed: add("passed"), failed: add("failed"), skipped: add("skipped") };
}

/** Prints `… N passed, N failed`, and before it a line with the number of skipped tests, if there are any. */
export function printCounts(prefix: string, { passed, failed, skipped }: Counts): void {
  if (skipped > 0) console.log(`${prefix}${skipped} skipped`);
  console.log(`${prefix}${passed} passed, ${failed} failed`);
}

/** The patterns that find the counts in a test runner's output: the first group of each pattern is a number. */
export type CountPatterns = Readonly<Record<keyof Counts, readonly RegExp[]>>;

/**
 * Reads the counts from a test runner's output, from the last match of each pattern. If the run failed but its output shows
 * no failure, counts one failure.
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
