/**
 * Folders whose names stand for open files and devices.
 *
 * @module
 */

const FOLDERS = /^\/(?:dev(?:\/fd)?|proc\/.+)$/;

/**
 * Returns whether the names in a folder are devices and open files. `/dev/stdout`, for example, leads to a file if the output
 * goes to one, but that file must not be replaced by a rename.
 *
 * @param folder The folder's path, without links.
 */
export function namesOpenFiles(folder: string): boolean {
  return FOLDERS.test(folder);
}

/** Returns the folder of a path. It looks at the text alone, and not at the disk. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "." : path.slice(0, slash) || "/";
}
