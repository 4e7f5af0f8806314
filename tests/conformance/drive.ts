/**
 * Runs the tests of the suite against a subject, on Deno and on Bun.
 *
 * @module
 */

import type { Subject, SubjectOptions } from "./subject.ts";

/** What a test came to: `true`, or the name and the message of what was thrown. */
export type TestResult = true | readonly [name: string, message: string];

/** A test of the suite, as far as it matters here. */
export interface SuiteTest {
  readonly id: string;
  /** Absent for a required one. */
  readonly kind?: "required" | "optimal" | "check" | undefined;
  /** Tests without whose success this one says nothing. */
  readonly depends_on?: readonly string[] | undefined;
  /** Whether it is not for private caches. */
  readonly browser_skip?: boolean | undefined;
}

/** What a run has brought. */
export interface DriveReport {
  readonly tests: readonly SuiteTest[];
  readonly results: Readonly<Record<string, TestResult>>;
}

/** What to run. */
export interface DriveOptions extends SubjectOptions {
  /** The URL of the suite's folder. */
  readonly suite: string;
  /** Where its server listens. */
  readonly base: string;
  /** One test; all by default. */
  readonly only?: string | undefined;
}

/** What stands before the report in the output. */
export const REPORT_MARK = "conformance report: ";
/** Most tests wait for three seconds: all wait at once. */
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
