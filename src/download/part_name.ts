/**
 * The names of a file's part and of its record.
 *
 * @module
 */

import { sha256 } from "../cache/sha256.ts";
import { utf8Length } from "../http/body.ts";

const PART = ".part";
const RECORD = ".part.json";
/** The longest file name on the usual file systems, in bytes. */
const MAX_NAME_BYTES = 255;
const HASH_LENGTH = 16;

/**
 * Returns the path of a file's part: the name of the file with `.part`, shortened if that would be too long.
 *
 * @param path The path of the file.
 * @returns The path, in the same folder.
 */
export function partPath(path: string): string {
  return `${stemOf(path)}${PART}`;
}

/**
 * Returns the path of the record that describes the part: beside the part, with `.part.json`.
 *
 * @param path The path of the file.
 * @returns The path, in the same folder.
 */
export function recordPath(path: string): string {
  return `${stemOf(path)}${RECORD}`;
}

/** Returns the path, shortened if its name leaves no room for a suffix. A hash then keeps the name unique. */
function stemOf(path: string): string {
  const start = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
  const name = path.slice(start);
  if (utf8Length(name) + RECORD.length <= MAX_NAME_BYTES) return path;
  const bytes = new TextEncoder().encode(name).subarray(0, MAX_NAME_BYTES - RECORD.length - HASH_LENGTH - 1);
  // A character that is cut in half at the end becomes U+FFFD: remove it.
  const stem = new TextDecoder().decode(bytes).replace(/\uFFFD$/, "");
  return `${path.slice(0, start)}${stem}~${sha256(name).slice(0, HASH_LENGTH)}`;
}
