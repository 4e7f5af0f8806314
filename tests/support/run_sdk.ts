/**
 * Runs the tests of `tests/sdk`, which pass the client's `fetch` to SDKs, and counts them. First it installs the SDKs there;
 * no other part of this project uses them. Takes `--only` and `--filter` like `run.ts`.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { runCommand } from "./command.ts";
import { type Counts, printCounts } from "./counts.ts";
import { runTests, type TestRunOptions } from "./run.ts";
import { checkProject, configArgs, installProject, type TestProject } from "./test_project.ts";

const FOLDER = "tests/sdk";

/** Installs the SDKs, checks the types, and runs the tests. A failed installation or check counts as one failure. */
export async function runSdkTests(
  { only, filter }: Pick<TestRunOptions, "only" | "filter"> = {},
): Promise<Counts> {
  const project = await installProject(FOLDER);
  if (project === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const checks = { deno: () => checkProject(project), bun: () => checkOnBun(project) };
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    if (only !== undefined && name !== only) continue;
    console.log(`\n${name}: the types of the SDKs`);
    if (!await check()) failed++;
  }
  const counts = await runTests({ only, filter, paths: [FOLDER], project });
  return { ...counts, failed: counts.failed + failed };
}

/**
 * Checks that the SDKs accept a client's `fetch` with the types of Bun. It ignores type errors in the sources of this
 * project, which are written for the types of Deno.
 */
async function checkOnBun(project: TestProject): Promise<boolean> {
  const tsc = `${FOLDER}/node_modules/typescript/bin/tsc`;
  const compiler = ["run", "--quiet", "--allow-all", ...configArgs(project), tsc];
  const args = [...compiler, "--pretty", "false", "--project", FOLDER];
  const { success, output } = await runCommand(Deno.execPath(), args, { quiet: true });
  const errors = output.split("\n").filter((line) => line.startsWith(`${FOLDER}/`));
  for (const error of errors) console.error(error);
  // If no error names a file and a line, the compiler itself has failed.
  const ran = success || /^\S+\(\d+,\d+\): error TS/m.test(output);
  if (!ran) console.error(output);
  return ran && errors.length === 0;
}

if (import.meta.main) {
  const { only, filter } = parseArgs(Deno.args, { string: ["only", "filter"] });
  const total = await runSdkTests({ only, filter });
  printCounts("", total);
  Deno.exit(total.failed === 0 ? 0 : 1);
}
