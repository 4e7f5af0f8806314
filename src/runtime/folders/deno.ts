/**
 * A user's folders on Deno.
 *
 * @module
 */

import type { UserFolders } from "./contract.ts";

/** The folders of the Deno process's user, as far as the process may use them without a question to the user. */
export const denoFolders: UserFolders = {
  get system() {
    return Deno.build.os;
  },
  env: (name) => isGranted({ name: "env", variable: name }) ? Deno.env.get(name) : null,
  mayUse: (path) => isGranted({ name: "read", path }) && isGranted({ name: "write", path }),
};

/** Returns whether a permission is granted. Using it without a grant would stop the program with a question to the user. */
function isGranted(permission: Deno.PermissionDescriptor): boolean {
  try {
    const { state, partial } = Deno.permissions.querySync(permission);
    return state === "granted" && !partial;
  } catch {
    // At the edge there are no permissions to query.
    return false;
  }
}
