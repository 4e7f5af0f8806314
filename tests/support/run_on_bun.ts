/**
 * Runs test files on Bun. Bun has no import map, so Deno bundles each file first.
 *
 * @module
 */

import { findBun } from "./bun.ts";
import { runCommand } from "./command.ts";
import { type CountPatterns, type Counts, readCounts, sum } from "./counts.ts";
import type { RuntimeRunOptions } from "./runtime_run.ts";
import { configArgs } from "./test_project.ts";

const PATTERNS: CountPatterns = {
  passed: [/^ *(\d+) pass$/gm],
  failed: [/^ *(\d+) fail$/gm, /^ *(\d+) errors?$/gm],
  skipped: [/^ *(\d+) skip$/gm, /^ *(\d+) todo$/gm],
};
/** How long a test may take, in milliseconds. Bun's own limit of 5 s is too short for a machine that does other work beside the tests. */
const TIMEOUT_MS = "60000";
const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };

/** Bundles test files, runs the bundles, and shows the failures. */
export async function runOnBun(
  files: readonly string[],
  options: RuntimeRunOptions,
): Promise<Counts> {
  const { filter, project, output: to } = options;
  const bun = await findBun();
  if (bun === undefined) return { ...NONE, failed: 1 };
  const folder = await Deno.makeTempDir({ prefix: "slipstream-tests-" });
  const removeFolder = (): void => Deno.removeSync(folder, { recursive: true });
  const interrupt = (): never => {
    removeFolder();
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", interrupt);
  try {
    const unbundled = await bundle(files, folder, options);
    // Bun looks for packages that are not bundled beside the bundles.
    if (project !== undefined) {
      Deno.symlinkSync(Deno.realPathSync(`${project.folder}/node_modules`), `${folder}/node_modules`);
    }
    const pattern = filter === undefined ? [] : ["--test-name-pattern", RegExp.escape(filter)];
    const args = ["test", "--only-failures", "--timeout", TIMEOUT_MS, ...pattern, folder];
    const { success, output } = await runCommand(bun, args, { to });
    return sum([readCounts(output, success, PATTERNS), { ...NONE, failed: unbundled }]);
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
    removeFolder();
  }
}

/**
 * Bundles the files into `folder`, and leaves the packages of their project out of the bundles. Returns the number of files
 * that could not be bundled.
 */
async function bundle(
  files: readonly string[],
  folder: string,
  { project, output: to }: RuntimeRunOptions,
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
      to,
    });
  const all = await bundleInto(folder, files, true);
  if (all.success) return 0;
  // One file that can't be bundled makes the whole bundling fail. Bundle each file separately, so that the others run.
  let failed = 0;
  for (const [index, file] of files.entries()) {
    const { success } = await bundleInto(`${folder}/${index}`, [file], false);
    if (!success) failed += 1;
  }
  return failed;
}
