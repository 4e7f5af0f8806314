/**
 * Runs every check and the tests on both runtimes, whatever fails on the way. Ends with `N passed, N failed`, where a check
 * that fails counts as one failure, and with the exit code 1 if there is any.
 *
 * @module
 */

import { runCommand } from "../tests/support/command.ts";
import { printCounts, sum } from "../tests/support/counts.ts";
import { runTests } from "../tests/support/run.ts";
import { runSdkTests } from "../tests/support/run_sdk.ts";

const { exports }: { readonly exports: Readonly<Record<string, string>> } = JSON.parse(
  Deno.readTextFileSync("deno.json"),
);

/** The checks, by what they look at. */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  "format": ["fmt", "--check"],
  "lint": ["lint"],
  "layers": ["task", "layers"],
  "types": ["check", "--quiet", "."],
  "the examples of README.md": ["check", "--quiet", "--doc-only", "README.md"],
  "the examples of the documentation": ["test", "--quiet", "--doc", "--allow-all", "mod.ts", "src"],
  "documentation": ["doc", "--lint", ...Object.values(exports)],
  "publishing": ["run", "--allow-all", ".ci/publish.ts", "--dry-run"],
  "speed": ["run", "--allow-all", "bench/gates.ts"],
};

const failures: string[] = [];
for (const [name, args] of Object.entries(CHECKS)) {
  console.log(`\n${name}: deno ${args.join(" ")}`);
  const { success } = await runCommand(Deno.execPath(), args);
  if (!success) failures.push(name);
}
const counts = sum([await runTests({}), await runSdkTests()]);
console.log();
for (const name of failures) console.log(`failed: ${name}`);
const failed = counts.failed + failures.length;
printCounts("", { ...counts, failed });
Deno.exit(failed === 0 ? 0 : 1);
