/**
 * A user's folders on whichever runtime this is.
 *
 * @module
 */

import { bunFolders } from "./bun.ts";
import type { UserFolders } from "./contract.ts";
import { denoFolders } from "./deno.ts";

/** The folders of the process's user; `undefined` where the runtime has none. */
export function currentFolders(): UserFolders | undefined {
  if ("Bun" in globalThis) return bunFolders();
  return "Deno" in globalThis ? denoFolders : undefined;
}
