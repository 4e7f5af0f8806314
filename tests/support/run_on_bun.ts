/**
 * Runs test files on Bun. It has no import map, so Deno bundles each file first. Where Bun is not installed, Deno brings
 * it from npm.
 *
 * @module
 */

import { runCommand } from "./command.ts";
import { type CountPatterns, type Counts, readCounts, sum } from "./counts.ts";
import { configArgs, type TestProject } from "./test_project.ts";

/** The version that is brought where none is installed; an installed one has the same major version. */
const BUN_VERSION = "1.4.5";
const PATTERNS: CountPatterns = {
  passed: [/^ *(\d+) pass$/gm],
  failed: [/^ *(\d+) fail$/gm, /^ *(\d+) errors?$/gm],
  skipped: [/^ *(\d+) skip$/gm, /^ *(\d+) todo$/gm],
};
const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };

/** Bundles test files, runs the bundles, and shows the failures. */
export async function runOnBun(
  files: readonly string[],
  filter: string | undefined,
  project: TestProject | undefined,
): Promise<Counts> {
  const bun = await findBun();
  if (bun === undefined) {
    console.error(
      `Cannot find Bun: it is not on the PATH, and 'deno x npm:bun@${BUN_VERSION}' does not work here`,
    );
    return { ...NONE, failed: 1 };
  }
  const folder = await Deno.makeTempDir({ prefix: "slipstream-tests-" });
  const removeFolder = (): void => Deno.removeSync(folder, { recursive: true });
  const interrupt = (): never => {
    removeFolder();
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", interrupt);
  try {
    const unbundled = await bundle(files, folder, project);
    // Bun looks for what is not bundled beside the bundles.
    if (project !== undefined) {
      Deno.symlinkSync(Deno.realPathSync(`${project.folder}/node_modules`), `${folder}/node_modules`);
    }
    const pattern = filter === undefined ? [] : ["--test-name-pattern", RegExp.escape(filter)];
    const { success, output } = await runCommand(bun, ["test", "--only-failures", ...pattern, folder]);
    return sum([readCounts(output, success, PATTERNS), { ...NONE, failed: unbundled }]);
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
    removeFolder();
  }
}

/** The path of a Bun that runs here; nothing if there is none. */
export async function findBun(): Promise<string | undefined> {
  try {
    const { success, output } = await runCommand("bun", ["--version"], { quiet: true });
    if (success && output.startsWith(`${BUN_VERSION.split(".")[0]}.`)) return "bun";
  } catch (error) { // not on the PATH
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const args = ["x", "--yes", "--allow-all", `npm:bun@${BUN_VERSION}`, "--print", "process.execPath"];
  const { success, output } = await runCommand(Deno.execPath(), args, { quiet: true });
  if (success) return output.split("\n")[0];
  console.error(output);
  return undefined;
}

/** Bundles each file into a folder of its own tree, without the packages of its project, and says how many could not be. */
async function bundle(
  files: readonly string[],
  folder: string,
  project: TestProject | undefined,
): Promise<number> {
  const projectArgs = [
    ...configArgs(project),
    ...(project?.packages ?? []).flatMap((name) => ["--external", name]),
  ];
  const bundleInto = (
    target: string,
    entries: readonly string[],
    quiet: boolean,
  ): Promise<{ success: boolean }> =>
    runCommand(Deno.execPath(), ["bundle", "--quiet", ...projectArgs, "--outdir", target, ...entries], {
      quiet,
    });
  const all = await bundleInto(folder, files, true);
  if (all.success) return 0;
  // One file that can't be bundled fails them all: the others run nevertheless.
  let failed = 0;
  for (const [index, file] of files.entries()) {
    const { success } = await bundleInto(`${folder}/${index}`, [file], false);
    if (!success) failed += 1;
  }
  return failed;
}
