/**
 * A separate home folder for the caches of programs that tests start, so that no test writes into the user's caches.
 *
 * @module
 */

import { tempFolder } from "./temp_folder.ts";
import { runtime } from "./test.ts";

interface ProcessGlobal {
  readonly execPath: string;
}

/** A home folder for caches; disposing of it removes the folder. */
export interface OwnCaches extends AsyncDisposable {
  /** The environment variables that make a program use this home. */
  readonly env: Readonly<Record<string, string>>;
  /** The folder of this package's Formula 1 cache. */
  readonly f1: string;
  /** Puts a file in the place of this package's folder, so that programs can't store any entry. */
  block(): Promise<void>;
  /** Returns the files of this package's caches, without those of the runtime itself. */
  kept(): Promise<string[]>;
}

/** Creates a home folder. */
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

/** Keeps Deno's folder of packages, which is below the user's home too; else Deno would download them again. */
async function denoDir(): Promise<Record<string, string>> {
  if (runtime !== "deno") return {};
  const { execFile } = await import("node:child_process");
  const { promisify } = await import("node:util");
  const { execPath } = (globalThis as unknown as { process: ProcessGlobal }).process;
  const { stdout } = await promisify(execFile)(execPath, ["info", "--json"]);
  return { DENO_DIR: JSON.parse(stdout).denoDir };
}
