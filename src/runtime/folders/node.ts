/**
 * A user's folders on Node and Bun.
 *
 * @module
 */

import type { UserFolders } from "./contract.ts";

interface ProcessGlobal {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Returns the folders of the process's user. The process has all permissions. */
export function nodeFolders(): UserFolders {
  const { process } = globalThis as unknown as { readonly process: ProcessGlobal };
  return {
    system: process.platform === "win32" ? "windows" : process.platform,
    env: (name) => process.env[name],
    mayUse: () => true,
  };
}
