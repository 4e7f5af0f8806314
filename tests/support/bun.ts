/**
 * Bun, wherever it is: installed, or brought from npm by Deno.
 *
 * @module
 */

import { runCommand } from "./command.ts";

/** The version that is brought where none is installed; an installed one has the same major version. */
const BUN_VERSION = "1.4.5";

/** The path of a Bun that runs here; says on stderr why there is none. */
export async function findBun(): Promise<string | undefined> {
  try {
    const { success, output } = await runCommand("bun", ["--version"], { quiet: true });
    if (success && output.startsWith(`${BUN_VERSION.split(".")[0]}.`)) return "bun";
  } catch (error) { // not on the PATH
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const args = ["x", "--yes", "--allow-all", `npm:bun@${BUN_VERSION}`, "--print", "process.execPath"];
  const { success, output } = await runCommand(Deno.execPath(), args, { quiet: true, keepProxies: true });
  if (success) return output.split("\n")[0];
  console.error(output);
  console.error(
    `Cannot find Bun: it is not on the PATH, and 'deno x npm:bun@${BUN_VERSION}' does not work here`,
  );
  return undefined;
}
