/**
 * Judges the results of the tests, and counts the verdicts.
 *
 * @module
 */

import type { DriveReport, SuiteTest } from "./drive.ts";

/**
 * The verdict on a test. It can pass, fail, or not run ("untested"). Its result means nothing if its own preparation failed
 * ("setup"), or if a test has not passed on which it depends ("dependency").
 */
export type Verdict = "pass" | "fail" | "dependency" | "setup" | "untested";

/** A test and its verdict. */
export interface ScoredTest {
  readonly id: string;
  readonly kind: "required" | "optimal" | "check";
  readonly verdict: Verdict;
  /** The name and the message of the error; empty if there is none. */
  readonly message: string;
}

/** Judges every test of a run. */
export function scoreTests({ tests, results }: DriveReport): ScoredTest[] {
  const byId = new Map(tests.map((test) => [test.id, test]));
  const verdictOf = (test: SuiteTest): Verdict => {
    const result = results[test.id];
    if (result === undefined) return "untested";
    const lacking = (test.depends_on ?? []).some((id) => {
      const other = byId.get(id);
      return other !== undefined && verdictOf(other) !== "pass";
    });
    if (lacking) return "dependency";
    if (result === true) return "pass";
    return result[0] === "Setup" ? "setup" : "fail";
  };
  return tests.map((test) => {
    const result = results[test.id];
    const message = result === undefined || result === true ? "" : `${result[0]}: ${result[1]}`;
    return { id: test.id, kind: test.kind ?? "required", verdict: verdictOf(test), message };
  });
}

/** Counts the verdicts on the tests of one kind. */
export function countVerdicts(
  scored: readonly ScoredTest[],
  kind: ScoredTest["kind"],
): Readonly<Record<Verdict, number>> {
  const counts = { pass: 0, fail: 0, dependency: 0, setup: 0, untested: 0 };
  for (const test of scored) if (test.kind === kind) counts[test.verdict]++;
  return counts;
}

/**
 * Reads the table of accepted failures: its rows begin with the id of a test in backticks, and a runtime or `both`.
 *
 * @param markdown The text that contains the table.
 * @param runtime The runtime of the run.
 * @returns The ids of the tests that may fail on this runtime.
 */
export function readAllowlist(markdown: string, runtime: string): ReadonlySet<string> {
  const rows = [...markdown.matchAll(/^\| *`([^`]+)` *\| *(\w+) *\|/gm)];
  return new Set(
    rows.filter(([, , where]) => where === "both" || where?.toLowerCase() === runtime).map((row) => row[1]!),
  );
}
