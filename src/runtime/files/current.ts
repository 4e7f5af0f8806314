/**
 * The files of the current runtime.
 *
 * @module
 */

import { nodeProcess } from "../node.ts";
import { bunFiles } from "./bun.ts";
import type { Files } from "./contract.ts";
import { denoFiles } from "./deno.ts";
import { nodeFiles } from "./node.ts";

/**
 * Returns the files of the process. Nothing is read or loaded before the first operation.
 *
 * @throws {TypeError} If the runtime has no files.
 */
export function currentFiles(): Files {
  if ("Bun" in globalThis) return bunFiles();
  if ("Deno" in globalThis) return denoFiles;
  if (nodeProcess() !== undefined) return nodeFiles();
  throw new TypeError("Cannot keep files as this runtime has none");
}
