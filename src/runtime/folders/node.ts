/**
 * A user's folders on Node and Bun.
 *
 * @module
 */

import type { NodeProcess } from "../node.ts";
import type { UserFolders } from "./contract.ts";

/** Returns the folders of the process's user. The process has all permissions. */
export function nodeFolders(): UserFolders {
  const { process } = globalThis as unknown as { readonly process: NodeProcess };
  return {
    system: process.platform === "win32" ? "windows" : process.platform,
    env: (name) => process.env[name],
    mayUse: () => true,
  };
}
