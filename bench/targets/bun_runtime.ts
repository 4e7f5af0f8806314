/**
 * Bun, which runs bundles.
 *
 * @module
 */

import { findBun } from "../../tests/support/bun.ts";
import { runCommand } from "../../tests/support/command.ts";
import { BENCH, type BenchRuntime } from "./bench_runtime.ts";

/** Bun, with the folder of its bundles; disposing of it removes the folder. */
export interface BunRuntime extends BenchRuntime, Disposable {}

/**
 * Finds Bun and bundles programs for it, each program separately. It bundles the named programs, or by default all programs
 * and all rivals. Returns `undefined` if there is no Bun.
 */
export async function bunRuntime(programs?: readonly string[]): Promise<BunRuntime | undefined> {
  const executable = await findBun();
  if (executable === undefined) return undefined;
  const folder = await Deno.makeTempDir({ prefix: "slipstream-bench-" });
  const paths = programs?.map((name) => `measure/${name}.ts`) ?? ["measure", "rivals"].flatMap(filesOf);
  for (const path of paths) await bundle(folder, path);
  const { output } = await runCommand(executable, ["--version"], { quiet: true });
  return {
    name: "bun",
    version: output.trim(),
    command: [executable],
    fileOf: (name) => `${folder}/${name}.js`,
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

function filesOf(part: string): string[] {
  return Array.from(Deno.readDirSync(`${BENCH}${part}`), ({ name }) => `${part}/${name}`);
}

/**
 * Bundles one file. A module behind an `import()` stays a separate file, as it does for users. If a rival can't be bundled,
 * its file is missing; then the program that loads the rival reports it as unavailable.
 */
async function bundle(folder: string, path: string): Promise<void> {
  const outdir = `${folder}/${path.slice(0, path.lastIndexOf("/"))}`;
  const args = [
    "bundle",
    "--quiet",
    "--config",
    `${BENCH}deno.json`,
    "--code-splitting",
    "--outdir",
    outdir,
    `${BENCH}${path}`,
  ];
  const { success } = await new Deno.Command(Deno.execPath(), { args, stderr: "null" }).output();
  if (!success) console.error(`not bundled for Bun: bench/${path}`);
}
