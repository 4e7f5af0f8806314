/**
 * A home of its own for the caches of programs that tests start, so that no test writes into the user's.
 *
 * @module
 */

import { tempFolder } from "./temp_folder.ts";
import { runtime } from "./test.ts";

interface ProcessGlobal {
  readonly execPath: string;
}

/** Where programs find their caches. */
export interface OwnCaches extends AsyncDisposable {
  /** The variables of a program's environment that say so. */
  readonly env: Readonly<Record<string, string>>;
  /** The folder of this package for Formula 1. */
  readonly f1: string;
  /** Puts a file in the place of this package's folder, so that nothing can be kept. */
  block(): Promise<void>;
  /** The files that are there for this package; the runtime itself has a folder beside it. */
  kept(): Promise<string[]>;
}

/** Makes a home. */
export async function ownCaches(): Promise<OwnCaches> {
  const home = await tempFolder();
  const env = { HOME: home.path, XDG_CACHE_HOME: `${home.path}/cache`, ...await denoDir() };
  return {
    env,
    f1: `${home.path}/cache/slipstream/f1`,
    async block() {
      await home.folder("cache");
      await home.write("cache/slipstream", "a file where a folder has to be");
    },
    kept: async () =>
      (await home.list()).filter((path) => path.startsWith("cache/slipstream/") && !path.endsWith("/")),
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  };
}

/** Where Deno keeps the packages of this process, which is below the user's caches as well. */
async function denoDir(): Promise<Record<string, string>> {
  if (runtime !== "deno") return {};
  const { execFile } = await import("node:child_process");
  const { promisify } = await import("node:util");
  const { execPath } = (globalThis as unknown as { process: ProcessGlobal }).process;
  const { stdout } = await promisify(execFile)(execPath, ["info", "--json"]);
  return { DENO_DIR: JSON.parse(stdout).denoDir };
}
