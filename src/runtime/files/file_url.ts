/**
 * Conversion of file URLs to paths.
 *
 * @module
 */

/**
 * Returns the path that a file URL means.
 *
 * @param url The URL.
 * @param isWindows Whether paths begin with a drive's letter.
 * @returns The absolute path.
 * @throws {TypeError} If it is no file URL, names another machine, or holds an encoded slash or NUL.
 */
export function pathOfFileUrl(url: URL, isWindows: boolean): string {
  // Refuse a URL that would name another file than it seems to.
  if (url.protocol !== "file:" || url.host !== "" || /%2f|%5c|%00/i.test(url.pathname)) {
    throw new TypeError(`Cannot find the path of ${url} as it is no URL of a file on this machine`);
  }
  const path = decodeURIComponent(url.pathname);
  return isWindows ? path.replace(/^\/(?=[a-z]:)/i, "") : path;
}
