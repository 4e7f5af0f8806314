/**
 * A folder of tests that has a configuration and packages of its own.
 *
 * @module
 */

import { runCommand } from "./command.ts";

/** Where it is, and what it needs. */
export interface TestProject {
  /** The folder, with `deno.json` and, once they are installed, `node_modules`. */
  readonly folder: string;
  /** The packages that its tests import, which are left to each runtime to find. */
  readonly packages: readonly string[];
}

/**
 * Installs the packages of a folder of tests, as its lock file says, and checks its types.
 *
 * @param folder The folder, which has a `package.json`.
 * @returns The project; `undefined` if something is wrong, which has been said on stderr.
 */
export async function installProject(folder: string): Promise<TestProject | undefined> {
  const { dependencies }: { readonly dependencies: Readonly<Record<string, string>> } = JSON.parse(
    Deno.readTextFileSync(`${folder}/package.json`),
  );
  const project: TestProject = { folder, packages: Object.keys(dependencies) };
  const install = ["install", "--quiet", "--frozen", ...configArgs(project)];
  const { success } = await runCommand(Deno.execPath(), install, { keepProxies: true });
  if (success) return project;
  console.error(
    `Cannot run the tests in ${folder}: ${project.packages.join(", ")} can't be installed from npm`,
  );
  return undefined;
}

/** Whether all types of a project are right with those of Deno. */
export async function checkProject(project: TestProject): Promise<boolean> {
  const { success } = await runCommand(Deno.execPath(), [
    "check",
    "--quiet",
    ...configArgs(project),
    project.folder,
  ]);
  return success;
}

/** The arguments that make Deno use the configuration of a project. */
export function configArgs(project: TestProject | undefined): readonly string[] {
  return project === undefined ? [] : ["--config", `${project.folder}/deno.json`];
}
