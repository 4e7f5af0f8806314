/**
 * What a file is called while it comes.
 *
 * @module
 */

import { sha256 } from "../cache/sha256.ts";
import { utf8Length } from "../http/body.ts";

const PART = ".part";
const RECORD = ".part.json";
/** What the name of a file may have on the usual file systems. */
const MAX_NAME_BYTES = 255;
const HASH_LENGTH = 16;

/**
 * Where the part of a file is that is there already: the name of the file with `.part`, shortened if that would be too long.
 *
 * @param path The path of the file.
 * @returns The path, in the same folder.
 */
export function partPath(path: string): string {
  return `${stemOf(path)}${PART}`;
}

/**
 * Where it is noted what the part is: beside it, with `.part.json`.
 *
 * @param path The path of the file.
 * @returns The path, in the same folder.
 */
export function recordPath(path: string): string {
  return `${stemOf(path)}${RECORD}`;
}

/** The path, with room for what is put behind it. */
function stemOf(path: string): string {
  const start = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
  const name = path.slice(start);
  if (utf8Length(name) + RECORD.length <= MAX_NAME_BYTES) return path;
  const bytes = new TextEncoder().encode(name).subarray(0, MAX_NAME_BYTES - RECORD.length - HASH_LENGTH - 1);
  // A character that is cut in half at the end becomes U+FFFD, which is taken away.
  const stem = new TextDecoder().decode(bytes).replace(/\uFFFD$/, "");
  return `${path.slice(0, start)}${stem}~${sha256(name).slice(0, HASH_LENGTH)}`;
}
