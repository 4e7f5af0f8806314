/**
 * A folder of tests that has a configuration and packages of its own.
 *
 * @module
 */

/** Where it is, and what it needs. */
export interface TestProject {
  /** The folder, with `deno.json` and, once they are installed, `node_modules`. */
  readonly folder: string;
  /** The packages that its tests import, which are left to each runtime to find. */
  readonly packages: readonly string[];
}

/** The arguments that make Deno use the configuration of a project. */
export function configArgs(project: TestProject | undefined): readonly string[] {
  return project === undefined ? [] : ["--config", `${project.folder}/deno.json`];
}
