/**
 * Runs test files on Deno, with the sanitizers that `deno.json` turns on.
 *
 * @module
 */

import { runCommand } from "./command.ts";
import { type CountPatterns, type Counts, readCounts } from "./counts.ts";
import { configArgs, type TestProject } from "./test_project.ts";

const PATTERNS: CountPatterns = {
  passed: [/^(?:ok|FAILED) \| (\d+) passed/gm],
  failed: [/^(?:ok|FAILED) \| .*\b(\d+) failed/gm],
  skipped: [/^(?:ok|FAILED) \| .*\b(\d+) ignored/gm],
};

/** Runs test files, and shows the failures. */
export async function runOnDeno(
  files: readonly string[],
  filter: string | undefined,
  project: TestProject | undefined,
): Promise<Counts> {
  const filterArgs = filter === undefined ? [] : ["--filter", filter];
  const flags = ["--quiet", "--allow-all", "--no-prompt"];
  const args = ["test", ...flags, ...configArgs(project), ...filterArgs, ...files];
  const { success, output } = await runCommand(Deno.execPath(), args);
  return readCounts(output, success, PATTERNS);
}
