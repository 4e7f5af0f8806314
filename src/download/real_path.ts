/**
 * The one path of a file that may have several names.
 *
 * @module
 */

import type { Disk } from "../runtime/disk/contract.ts";

/**
 * How long the real path of a folder is remembered, in milliseconds. A link that changes within that time counts as changed after
 * the download began.
 */
const FOLDER_MS = 100;
const MAX_FOLDERS = 100;

interface RealFolder {
  readonly path: Promise<string>;
  readonly untilMs: number;
}

/** The real paths of folders, because many downloads often go to one folder at once. */
const realFolders = new WeakMap<Disk, Map<string, RealFolder>>();

/**
 * Resolves the links in the folder of a path, so that each file has only one name.
 *
 * @param disk The disk.
 * @param to The path, or a `file:` URL.
 * @param nowMs The time, in milliseconds since 1970.
 * @returns The absolute path. Rejects if the folder can't be reached.
 * @throws {TypeError} Rejects, if a URL means no path.
 */
export async function realPath(disk: Disk, to: string | URL, nowMs: number): Promise<string> {
  const { folder, name } = disk.resolve(to);
  let known = realFolders.get(disk);
  if (known === undefined) realFolders.set(disk, known = new Map());
  let found = known.get(folder);
  if (found === undefined || nowMs >= found.untilMs || nowMs < found.untilMs - FOLDER_MS) {
    if (known.size >= MAX_FOLDERS) known.clear();
    found = { path: disk.realFolder(folder), untilMs: nowMs + FOLDER_MS };
    known.set(folder, found);
    // The program may create a missing folder at any time, so forget the failure.
    found.path.catch(() => known.delete(folder));
  }
  return disk.join(await found.path, name);
}
