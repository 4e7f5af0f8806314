/**
 * A user's folders on Bun.
 *
 * @module
 */

import { bunRuntime } from "../bun.ts";
import type { UserFolders } from "./contract.ts";

/** The folders of the user of the Bun process, which has all permissions. */
export function bunFolders(): UserFolders {
  const { process } = globalThis as unknown as { readonly process: { readonly platform: string } };
  return {
    system: process.platform === "win32" ? "windows" : process.platform,
    env: bunRuntime.env,
    mayUse: () => true,
  };
}
