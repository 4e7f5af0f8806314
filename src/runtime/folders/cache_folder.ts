/**
 * Where a user's programs keep what they can get again.
 *
 * @module
 */

import type { UserFolders } from "./contract.ts";
import { currentFolders } from "./current.ts";

/** What is set on Deno Deploy, whose disk is gone with the process. */
const DEPLOYMENT = "DENO_DEPLOYMENT_ID";

/**
 * The path of a folder for a program's cache: below `XDG_CACHE_HOME`, or else where the system has it, which is `~/.cache`,
 * `~/Library/Caches` on macOS, and `%LOCALAPPDATA%` on Windows (the XDG Base Directory Specification, and the systems' own
 * conventions). The folder need not exist.
 *
 * @param name The program's name, and what it calls the folder, with slashes between.
 * @param folders The machine and its user.
 * @returns The absolute path; `undefined` where there is none, or where it may not be found out, read and written already. No user is
 * asked for a permission.
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
  // Without the permission to see whether the user has chosen a folder, none may be taken in its place.
  if (chosen === null) return undefined;
  // A relative path is to be ignored.
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
