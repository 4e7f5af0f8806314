/**
 * Runs test files on Deno, with the sanitizers that `deno.json` turns on.
 *
 * @module
 */

import { runCommand } from "./command.ts";
import { type CountPatterns, type Counts, readCounts } from "./counts.ts";
import { configArgs } from "./test_project.ts";
import type { RuntimeRunOptions } from "./runtime_run.ts";

const PATTERNS: CountPatterns = {
  passed: [/^(?:ok|FAILED) \| (\d+) passed/gm],
  failed: [/^(?:ok|FAILED) \| .*\b(\d+) failed/gm],
  skipped: [/^(?:ok|FAILED) \| .*\b(\d+) ignored/gm],
};

/** Runs test files without a check of their types, which `deno check` does for all of them at once. */
export async function runOnDeno(
  files: readonly string[],
  { filter, project, output: to }: RuntimeRunOptions,
): Promise<Counts> {
  const filterArgs = filter === undefined ? [] : ["--filter", filter];
  const flags = ["--quiet", "--allow-all", "--no-prompt", "--no-check"];
  const args = ["test", ...flags, ...configArgs(project), ...filterArgs, ...files];
  const { success, output } = await runCommand(Deno.execPath(), args, { to });
  return readCounts(output, success, PATTERNS);
}
