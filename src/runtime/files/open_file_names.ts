/**
 * Folders whose names stand for what is open already.
 *
 * @module
 */

const FOLDERS = /^\/(?:dev(?:\/fd)?|proc\/.+)$/;

/**
 * Whether what is in a folder are devices and names of open files: `/dev/stdout` leads to a file where the output goes to one, and yet must
 * not be renamed over.
 *
 * @param folder The folder's path, without links.
 */
export function namesOpenFiles(folder: string): boolean {
  return FOLDERS.test(folder);
}

/** The folder of a path, by its letters alone. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "." : path.slice(0, slash) || "/";
}
