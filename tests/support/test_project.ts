/**
 * Test projects: folders of tests that have a configuration and packages of their own.
 *
 * @module
 */

import { runCommand } from "./command.ts";

/** A folder of tests, and the packages that it needs. */
export interface TestProject {
  /** The folder; it contains `deno.json` and, once the packages are installed, `node_modules`. */
  readonly folder: string;
  /** The packages that its tests import. They are not bundled: each runtime finds them itself. */
  readonly packages: readonly string[];
}

/**
 * Installs the packages of a folder of tests, in the versions of its lock file.
 *
 * @param folder The folder, which contains a `package.json`.
 * @returns The project. If the installation fails, prints that to stderr and returns `undefined`.
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

/** Checks the types of a project against those of Deno, and returns whether they are right. */
export async function checkProject(project: TestProject): Promise<boolean> {
  const { success } = await runCommand(Deno.execPath(), [
    "check",
    "--quiet",
    ...configArgs(project),
    project.folder,
  ]);
  return success;
}

/** Returns the arguments that make Deno use the configuration of a project. */
export function configArgs(project: TestProject | undefined): readonly string[] {
  return project === undefined ? [] : ["--config", `${project.folder}/deno.json`];
}
