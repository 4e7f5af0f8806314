/**
 * Which file an entry is kept in.
 *
 * @module
 */

import { isSha256, sha256 } from "../sha256.ts";

/** Where a file is, below the cache's folder. */
export interface EntryName {
  /** The folder: two hexadecimal digits. */
  readonly shard: string;
  /** The name in it. */
  readonly name: string;
}

/** All folders that there may be. */
export const SHARDS: readonly string[] = Array.from(
  { length: 256 },
  (_, index) => index.toString(16).padStart(2, "0"),
);

/**
 * The file of a key. No two keys that can be found share one, and none leads out of the cache.
 *
 * @param key Any string; 64 lower-case hexadecimal digits are taken for a hash.
 */
export function nameOf(key: string): EntryName {
  if (isSha256(key)) return { shard: key.slice(0, 2), name: key.slice(2) };
  // As JSON, because UTF-8 makes all lone surrogates the same.
  const hash = sha256(JSON.stringify(key));
  // Marked, so that the hash as a key of its own is another entry.
  return { shard: hash.slice(0, 2), name: `${hash.slice(2)}k` };
}

/** Whether a name is one of an entry. */
export function isEntryName(name: string): boolean {
  return /^[0-9a-f]{62}k?$/.test(name);
}

/** Whether a name is one of an entry, and none that is a hash and nothing else. */
export function isMarkedName(name: string): boolean {
  return isEntryName(name) && name.endsWith("k");
}

/** The name of a file that is being written. */
export function tempName(writer: string, count: number): string {
  return `${writer}-${count}.tmp`;
}

/** Whether a name is one of {@linkcode tempName}, with a UUID for the writer. */
export function isTempName(name: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d+\.tmp$/.test(name);
}
