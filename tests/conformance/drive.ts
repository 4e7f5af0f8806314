/**
 * Runs the tests of the suite against a subject, on Deno and on Bun.
 *
 * @module
 */

import type { Subject, SubjectOptions } from "./subject.ts";

/** The result of a test: `true`, or the name and the message of the error that it threw. */
export type TestResult = true | readonly [name: string, message: string];

/** A test of the suite, with the fields that the score needs. */
export interface SuiteTest {
  readonly id: string;
  /** The kind of the test; absent for a required one. */
  readonly kind?: "required" | "optimal" | "check" | undefined;
  /** The ids of the tests that must pass before the result of this one means anything. */
  readonly depends_on?: readonly string[] | undefined;
  /** Whether the test does not apply to private caches. */
  readonly browser_skip?: boolean | undefined;
}

/** The tests and the results of a run. */
export interface DriveReport {
  readonly tests: readonly SuiteTest[];
  readonly results: Readonly<Record<string, TestResult>>;
}

/** The tests to run, and their server. */
export interface DriveOptions extends SubjectOptions {
  /** The URL of the suite's folder. */
  readonly suite: string;
  /** The URL of the suite's server. */
  readonly base: string;
  /** The id of a single test to run; by default all tests run. */
  readonly only?: string | undefined;
}

/** The text before the report in the output. */
export const REPORT_MARK = "conformance report: ";
/** The number of tests that run at once: enough for all of them, because most tests wait for three seconds. */
const TESTS_AT_ONCE = 400;

interface Suite {
  readonly tests: SuiteTest[];
}

/** Runs the tests and prints the report on one line. */
export async function drive(
  createSubject: (options: SubjectOptions) => Promise<Subject>,
  { suite, base, only, ...options }: DriveOptions,
): Promise<void> {
  const runner = await import(new URL("client/runner.mjs", suite).href);
  const suites: Suite[] = (await import(new URL("tests/index.mjs", suite).href)).default;
  const chosen = suites.map((each) => ({
    ...each,
    tests: each.tests.filter(({ id }) => only === undefined || id === only)
      .map((test) => only === undefined ? test : { ...test, dump: true }),
  }));
  const subject = await createSubject(options);
  await runner.runTests(chosen, subject.fetch, true, base, TESTS_AT_ONCE);
  await subject.close();
  const tests = chosen.flatMap((each) => each.tests).map(({ id, kind, depends_on, browser_skip }) => ({
    id,
    kind,
    depends_on,
    browser_skip,
  }));
  console.log(`${REPORT_MARK}${JSON.stringify({ tests, results: runner.getResults() })}`);
}
