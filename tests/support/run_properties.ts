/**
 * Runs the tests of `tests/properties`, and counts them. First it installs fast-check there, which generates their inputs;
 * no other part of this project uses it. Takes `--only` and `--filter` like `run.ts`.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type Counts, printCounts } from "./counts.ts";
import { runTests, type TestRunOptions } from "./run.ts";
import { checkProject, installProject } from "./test_project.ts";

const FOLDER = "tests/properties";

/** Installs fast-check, checks the types, and runs the tests. A failed installation counts as one failure. */
export async function runPropertyTests(
  { only, filter }: Pick<TestRunOptions, "only" | "filter"> = {},
): Promise<Counts> {
  const project = await installProject(FOLDER);
  if (project === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const failed = await checkProject(project) ? 0 : 1;
  const counts = await runTests({ only, filter, paths: [FOLDER], project });
  return { ...counts, failed: counts.failed + failed };
}

if (import.meta.main) {
  const { only, filter } = parseArgs(Deno.args, { string: ["only", "filter"] });
  const total = await runPropertyTests({ only, filter });
  printCounts("", total);
  Deno.exit(total.failed === 0 ? 0 : 1);
}
