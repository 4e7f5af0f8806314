/**
 * The folder for caches of a user's programs.
 *
 * @module
 */

import type { UserFolders } from "./contract.ts";
import { currentFolders } from "./current.ts";

/** The environment variable of Deno Deploy, where the disk is gone with the process. */
const DEPLOYMENT = "DENO_DEPLOYMENT_ID";

/**
 * Returns the path of a folder for a program's cache: below `XDG_CACHE_HOME`, or else in the system's own folder, which is
 * `~/.cache`, `~/Library/Caches` on macOS, and `%LOCALAPPDATA%` on Windows (the XDG Base Directory Specification, and the
 * systems' own conventions). The folder need not exist.
 *
 * @param name The name of the program and that of its folder, separated by slashes.
 * @param folders The machine and its user.
 * @returns The absolute path; `undefined` where there is none, or where the program has no permission yet to find it, read it and
 * write it. It never asks the user for a permission.
 */
export function cacheFolder(
  name: string,
  folders: UserFolders | undefined = currentFolders(),
): string | undefined {
  if (folders === undefined || folders.env(DEPLOYMENT)) return undefined;
  const base = baseFolder(folders);
  if (base === undefined) return undefined;
  const path = `${base}/${name}`;
  return folders.mayUse(path) ? path : undefined;
}

function baseFolder({ system, env }: UserFolders): string | undefined {
  const chosen = env("XDG_CACHE_HOME");
  // Without the permission to read the variable, the user may have chosen a folder: no other one may be used.
  if (chosen === null) return undefined;
  // The specification says to ignore a relative path.
  if (chosen !== undefined && isAbsolute(chosen)) return trimmed(chosen);
  const home = env(system === "windows" ? "LOCALAPPDATA" : "HOME");
  if (typeof home !== "string" || !isAbsolute(home)) return undefined;
  if (system === "windows") return trimmed(home);
  return trimmed(home) + (system === "darwin" ? "/Library/Caches" : "/.cache");
}

function isAbsolute(path: string): boolean {
  return /^(?:\/|\\\\|[a-z]:[\\/])/i.test(path);
}

function trimmed(path: string): string {
  return path.replace(/[\\/]+$/, "");
}
