/**
 * Finds Bun: the installed one, or else the one that Deno downloads from npm.
 *
 * @module
 */

import { runCommand } from "./command.ts";

/** The version to download if Bun is not installed; an installed Bun must have the same major version. */
const BUN_VERSION = "1.4.5";

/** Returns the path of a Bun that runs here. If there is none, prints the reason to stderr and returns `undefined`. */
export async function findBun(): Promise<string | undefined> {
  try {
    const { success, output } = await runCommand("bun", ["--version"], { quiet: true });
    if (success && output.startsWith(`${BUN_VERSION.split(".")[0]}.`)) return "bun";
  } catch (error) { // `bun` is not on the PATH: download it below
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
