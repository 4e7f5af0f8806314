/**
 * Runs the tests of `tests/worker` in workers at the edge, and counts them. First it installs the simulator of workers there.
 * Takes `--filter` like `run.ts`.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type Counts, printCounts } from "./counts.ts";
import { runTests, type TestRunOptions } from "./run.ts";
import { checkProject, installProject } from "./test_project.ts";

const FOLDER = "tests/worker";

/** Installs the simulator, checks the types, and runs the tests. A failed installation counts as one failure. */
export async function runWorkerTests({ filter }: Pick<TestRunOptions, "filter"> = {}): Promise<Counts> {
  const project = await installProject(FOLDER);
  if (project === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const failed = await checkProject(project) ? 0 : 1;
  // The simulator runs on Deno; the workers themselves run on workerd.
  const counts = await runTests({ only: "deno", filter, paths: [FOLDER], project });
  return { ...counts, failed: counts.failed + failed };
}

if (import.meta.main) {
  const { filter } = parseArgs(Deno.args, { string: ["filter"] });
  const total = await runWorkerTests({ filter });
  printCounts("", total);
  Deno.exit(total.failed === 0 ? 0 : 1);
}
