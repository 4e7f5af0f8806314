/**
 * Runs the tests of `tests/browser` in Chromium, and counts them. If Chromium is missing, it is installed from Debian. The
 * library that controls it, and a bundler, come from npm. Takes `--filter` like `run.ts`.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { buildPackage } from "./build_package.ts";
import { type Counts, printCounts } from "./counts.ts";
import { findProgram } from "./debian.ts";
import { runTests, type TestRunOptions } from "./run.ts";
import { checkProject, installProject } from "./test_project.ts";

const FOLDER = "tests/browser";
const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Installs missing tools, checks the types, and runs the tests. A failed installation counts as one failure. */
export async function runBrowserTests({ filter }: Pick<TestRunOptions, "filter"> = {}): Promise<Counts> {
  const project = await installProject(FOLDER);
  const chromium = await findProgram(NAMES, "--version", ["chromium"]);
  if (project === undefined || chromium === undefined) return { passed: 0, failed: 1, skipped: 0 };
  const tarball = await Deno.makeTempFile({ suffix: ".tgz" });
  try {
    await buildPackage(tarball);
    Deno.env.set("SLIPSTREAM_BROWSER", JSON.stringify({ chromium, tarball }));
    const failed = await checkProject(project) ? 0 : 1;
    // The tests control the browser from Deno.
    const counts = await runTests({ only: "deno", filter, paths: [FOLDER], project });
    return { ...counts, failed: counts.failed + failed };
  } finally {
    await Deno.remove(tarball);
  }
}

if (import.meta.main) {
  const { filter } = parseArgs(Deno.args, { string: ["filter"] });
  const total = await runBrowserTests({ filter });
  printCounts("", total);
  Deno.exit(total.failed === 0 ? 0 : 1);
}
