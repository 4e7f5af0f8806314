/**
 * Finds programs, and installs missing ones from Debian.
 *
 * @module
 */

import { runCommand } from "./command.ts";

/**
 * Finds a program. If it is missing, tries to install it, which needs Debian, root and the internet.
 *
 * @param programs The names that the program may have.
 * @param argument The argument that makes the program print its version.
 * @param packages The Debian packages that contain the program.
 * @returns The name of the program. If it can't be installed either, prints that to stderr and returns `undefined`.
 */
export async function findProgram(
  programs: readonly string[],
  argument: string,
  packages: readonly string[],
): Promise<string | undefined> {
  for (const install of [() => Promise.resolve(), () => installPackages(packages)]) {
    await install();
    for (const program of programs) if (await runs(program, argument)) return program;
  }
  console.error(
    `Cannot find ${programs.join(" or ")}: it is not on the PATH, and 'apt-get install ${
      packages.join(" ")
    }' ` +
      "does not work here, which needs Debian or Ubuntu, root, and the internet",
  );
  return undefined;
}

async function installPackages(packages: readonly string[]): Promise<void> {
  // `RUNLEVEL` keeps the service of a package from starting: the tests start servers of their own.
  const options = { keepProxies: true, env: { RUNLEVEL: "1", DEBIAN_FRONTEND: "noninteractive" } };
  try {
    await runCommand("apt-get", ["update", "--quiet=2"], options);
    await runCommand(
      "apt-get",
      ["install", "--yes", "--quiet=2", "--no-install-recommends", ...packages],
      options,
    );
  } catch (error) { // there is no `apt-get`: this is not Debian, and the caller reports the missing program
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function runs(program: string, argument: string): Promise<boolean> {
  try {
    return (await runCommand(program, [argument], { quiet: true })).success;
  } catch (error) { // the program is not on the PATH
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
