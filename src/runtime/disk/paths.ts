/**
 * Paths as texts, without a look at the disk.
 *
 * @module
 */

import { pathOfFileUrl } from "../files/file_url.ts";
import { folderOf } from "../files/open_file_names.ts";
import { nodeModule } from "../node_module.ts";
import type { DiskPath } from "./contract.ts";

/** The part of `node:path` that disks use. */
export interface Paths {
  /** Returns the absolute path of a path, without `.` and `..`. */
  resolve(path: string): string;
  /** Returns the folder of an absolute path. */
  dirname(path: string): string;
  /** Returns the name of the file at an absolute path. */
  basename(path: string): string;
  /** Returns the path of a name in a folder. */
  join(folder: string, name: string): string;
}

/** Matches a part of a path that is empty, `.` or `..`, also at the end. */
const REDUNDANT = /\/\.{0,2}(?:\/|$)/;

/**
 * Returns the functions for the paths of a system: those of `node:path` on Windows, and own ones for POSIX paths, because Deno
 * takes long to load that module, and its functions are slow on Bun.
 *
 * @param isWindows Whether the system is Windows.
 * @param workingFolder Returns the absolute path of the working folder.
 */
export function pathsOf(isWindows: boolean, workingFolder: () => string): Paths {
  return isWindows ? nodeModule<Paths>("node:path")! : {
    resolve(path) {
      const absolute = path.startsWith("/") ? path : `${workingFolder()}/${path}`;
      return REDUNDANT.test(absolute) ? withoutRedundant(absolute) : absolute;
    },
    dirname: folderOf,
    basename: (path) => path.slice(path.lastIndexOf("/") + 1),
    join: (folder, name) => folder === "/" ? `/${name}` : `${folder}/${name}`,
  };
}

/** Returns the absolute path that a path or a file URL means; see {@linkcode Disk.resolve}. */
export function resolvePath(path: string | URL, paths: Paths, isWindows: boolean): DiskPath {
  const absolute = paths.resolve(typeof path === "string" ? path : pathOfFileUrl(path, isWindows));
  return { folder: paths.dirname(absolute), name: paths.basename(absolute) };
}

function withoutRedundant(path: string): string {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}
