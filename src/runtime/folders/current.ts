/**
 * The user's folders on the current runtime.
 *
 * @module
 */

import { nodeProcess } from "../node.ts";
import type { UserFolders } from "./contract.ts";
import { denoFolders } from "./deno.ts";
import { nodeFolders } from "./node.ts";

/** Returns the folders of the process's user; `undefined` where the runtime has none. */
export function currentFolders(): UserFolders | undefined {
  if ("Deno" in globalThis) return denoFolders;
  return "Bun" in globalThis || nodeProcess() !== undefined ? nodeFolders() : undefined;
}
