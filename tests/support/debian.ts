/**
 * Programs that come from Debian where they are missing.
 *
 * @module
 */

import { runCommand } from "./command.ts";

/**
 * Finds a program, and installs it where it is missing and this may be done.
 *
 * @param programs The program by each name that it may have, with an argument that makes it say its version.
 * @param packages The packages that bring it.
 * @returns The name of the program; `undefined` if there is none, which has been said on stderr.
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
  // The service of a package must not start: the tests have servers of their own.
  const options = { keepProxies: true, env: { RUNLEVEL: "1", DEBIAN_FRONTEND: "noninteractive" } };
  try {
    await runCommand("apt-get", ["update", "--quiet=2"], options);
    await runCommand(
      "apt-get",
      ["install", "--yes", "--quiet=2", "--no-install-recommends", ...packages],
      options,
    );
  } catch (error) { // no Debian
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function runs(program: string, argument: string): Promise<boolean> {
  try {
    return (await runCommand(program, [argument], { quiet: true })).success;
  } catch (error) { // not on the PATH
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
