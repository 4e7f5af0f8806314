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

/** The folders of the user of the process, which has all permissions. */
export function nodeFolders(): UserFolders {
  const { process } = globalThis as unknown as { readonly process: ProcessGlobal };
  return {
    system: process.platform === "win32" ? "windows" : process.platform,
    env: (name) => process.env[name],
    mayUse: () => true,
  };
}
