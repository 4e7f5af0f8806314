/**
 * Runs the tests on Deno and on Bun and counts them:
 *
 *     deno run -A tests/support/run.ts [--only deno|bun] [--filter TEXT] [FILE OR FOLDER …]
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { HeldOutput } from "./held_output.ts";
import { runOnBun } from "./run_on_bun.ts";
import { runOnDeno } from "./run_on_deno.ts";
import { type Counts, printCounts, sum } from "./counts.ts";
import type { TestProject } from "./test_project.ts";

/** The tests to run, and where. */
export interface TestRunOptions {
  /** The runtime to run them on, instead of both. */
  readonly only?: string | undefined;
  /** A text that the names of the tests to run contain. */
  readonly filter?: string | undefined;
  /** Test files, or folders of test files; by default `tests`. Folders with a task of their own are left out below them. */
  readonly paths?: readonly string[] | undefined;
  /** The test project that provides the tests' packages, if they don't come from the main project. */
  readonly project?: TestProject | undefined;
  /** Whether to run the runtimes one after the other, because their tests share a server that counts. */
  readonly inTurn?: boolean | undefined;
}

/** The folders of tests that need programs which not every machine has; each has a task of its own. */
const APART: ReadonlySet<string> = new Set(["tests/net", "tests/package"]);

const RUNNERS: Readonly<Record<string, typeof runOnDeno>> = { deno: runOnDeno, bun: runOnBun };

/**
 * Runs tests on all runtimes, at once unless told otherwise, and prints the output and the counts of each. The output of a
 * runtime is held back until those before it have ended.
 */
export async function runTests(
  { only, filter, paths = ["tests"], project, inTurn = false }: TestRunOptions,
): Promise<Counts> {
  const runtimes = Object.entries(RUNNERS).filter(([name]) => only === undefined || name === only);
  const files = paths.flatMap((path) => findTests(path.replace(/\/+$/, ""))).sort();
  if (runtimes.length === 0) throw new Error(`Cannot run tests on ${only}: 'deno' and 'bun' are known`);
  if (files.length === 0) throw new Error(`Cannot run tests: there are none in ${paths.join(", ")}`);
  let before: Promise<unknown> = Promise.resolve();
  const runs = runtimes.map(([name, run]) => {
    const output = new HeldOutput();
    const ended = (inTurn ? before : Promise.resolve()).then(() => run(files, { filter, project, output }));
    before = ended.catch(() => {});
    return { name, output, ended };
  });
  // A run may fail while an earlier one is waited for.
  for (const { ended } of runs) ended.catch(() => {});
  const totals: Counts[] = [];
  for (const { name, output, ended } of runs) {
    console.log(`\n${name}: ${files.length} test files`);
    output.release();
    const counts = await ended;
    // A run without any test proves nothing, so it counts as a failure.
    totals.push(counts.passed + counts.failed === 0 ? { ...counts, failed: 1 } : counts);
    printCounts(`${name}: `, totals.at(-1) as Counts);
  }
  return sum(totals);
}

function findTests(path: string): string[] {
  if (!Deno.statSync(path).isDirectory) return [path];
  return [...Deno.readDirSync(path)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return isApart(`${path}/${name}`) ? [] : findTests(`${path}/${name}`);
    return name.endsWith("_test.ts") ? [`${path}/${name}`] : [];
  });
}

/** Whether a folder has a task of its own: it is listed in `APART`, or it has packages of its own. */
function isApart(path: string): boolean {
  return APART.has(path) || [...Deno.readDirSync(path)].some(({ name }) => name === "package.json");
}

if (import.meta.main) {
  const { only, filter, _: paths } = parseArgs(Deno.args, { string: ["only", "filter", "_"] });
  const total = await runTests({ only, filter, paths: paths.length === 0 ? undefined : paths.map(String) });
  printCounts("", total);
  Deno.exit(total.failed === 0 ? 0 : 1);
}
