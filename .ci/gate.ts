/**
 * Runs every check, the tests on both runtimes, and the suites for properties, SDKs, the package, workers, transports
 * and browsers. A failure does not stop the checks and suites after it. The suites install their tools from npm and
 * Debian; a tool that can't be installed counts as a failure. The last line is `N passed, N failed`, where a check that
 * fails counts as one failure. The exit code is 1 if there is any failure.
 *
 * @module
 */

import { runCommand } from "../tests/support/command.ts";
import { type Counts, printCounts, sum } from "../tests/support/counts.ts";
import { runTests } from "../tests/support/run.ts";
import { runBrowserTests } from "../tests/support/run_browser.ts";
import { runNetTests } from "../tests/support/run_net.ts";
import { runPackageTests } from "../tests/support/run_package.ts";
import { runPropertyTests } from "../tests/support/run_properties.ts";
import { runSdkTests } from "../tests/support/run_sdk.ts";
import { runWorkerTests } from "../tests/support/run_worker.ts";

const { exports }: { readonly exports: Readonly<Record<string, string>> } = JSON.parse(
  Deno.readTextFileSync("deno.json"),
);

/** The arguments of `deno` for each check, by the check's name. */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  "format": ["fmt", "--check"],
  "lint": ["lint"],
  "layers": ["task", "layers"],
  "types": ["check", "--quiet", "."],
  "types of the benchmarks": ["check", "--quiet", "--config", "bench/deno.json", "bench"],
  "the examples of README.md": ["check", "--quiet", "--doc-only", "README.md"],
  "the examples of the documentation": ["test", "--quiet", "--doc", "--allow-all", "mod.ts", "src"],
  "documentation": ["doc", "--lint", ...Object.values(exports)],
  "publishing": ["publish", "--dry-run", "--allow-dirty"],
  "speed": ["run", "--allow-all", "bench/gates.ts"],
};

const failures: string[] = [];
for (const [name, args] of Object.entries(CHECKS)) {
  console.log(`\n${name}: deno ${args.join(" ")}`);
  const { success } = await runCommand(Deno.execPath(), args);
  if (!success) failures.push(name);
}
/** The test suites by name: the project's own tests first, then the suites that install their tools. */
const SUITES: Readonly<Record<string, () => Promise<Counts>>> = {
  tests: () => runTests({}),
  "test:properties": () => runPropertyTests(),
  "test:sdk": () => runSdkTests(),
  "test:package": () => runPackageTests(),
  "test:worker": () => runWorkerTests(),
  "test:net": () => runNetTests(),
  "test:browser": () => runBrowserTests(),
};
const totals: Counts[] = [];
for (const [name, run] of Object.entries(SUITES)) {
  const startedAt = performance.now();
  console.log(`\n${name}`);
  try {
    totals.push(await run());
  } catch (error) { // a suite that can't run counts as one failure, and the other suites still run
    console.error(error);
    totals.push({ passed: 0, failed: 1, skipped: 0 });
  }
  console.log(`${name}: ${Math.round((performance.now() - startedAt) / 1_000)} s`);
}
const counts = sum(totals);
console.log();
for (const name of failures) console.log(`failed: ${name}`);
const failed = counts.failed + failures.length;
printCounts("", { ...counts, failed });
Deno.exit(failed === 0 ? 0 : 1);
