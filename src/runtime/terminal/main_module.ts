/**
 * The module that a runtime was started with.
 *
 * @module
 */

import { nodeModule } from "../node_module.ts";

/** The part of `import.meta` that tells which module it is. */
export interface ModuleMeta {
  /** The URL of the module. */
  readonly url: string;
  /** Whether the runtime was started with the module; `undefined` on Node before 22.18 and 24.2, and in browsers. */
  readonly main?: boolean | undefined;
}

/** The part of `node:fs` that is used here. */
interface FileSystem {
  realpathSync(path: string): string;
}

/** The part of `node:url` that is used here. */
interface Urls {
  pathToFileURL(path: string): URL;
}

/** Returns whether the runtime was started with a module, and no other module imports it. */
export function isMainModule({ url, main }: ModuleMeta): boolean {
  if (main !== undefined) return main;
  const { process } = globalThis as { readonly process?: { readonly argv?: readonly string[] } };
  const path = process?.argv?.[1];
  if (path === undefined) return false;
  try {
    // The URL of a module is that of its file, also where a link in `node_modules/.bin` leads to it.
    const file = nodeModule<FileSystem>("node:fs")!.realpathSync(path);
    return nodeModule<Urls>("node:url")!.pathToFileURL(file).href === url;
  } catch {
    // The runtime was started with something else than a file.
    return false;
  }
}
