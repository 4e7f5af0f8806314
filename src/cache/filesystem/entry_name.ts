/**
 * The names of the cache's files.
 *
 * @module
 */

import { isSha256, sha256 } from "../sha256.ts";

/** The place of a file, below the cache's folder. */
export interface EntryName {
  /** The folder: two hexadecimal digits. */
  readonly shard: string;
  /** The name of the file in that folder. */
  readonly name: string;
}

/** The names of all folders that may exist. */
export const SHARDS: readonly string[] = Array.from(
  { length: 256 },
  (_, index) => index.toString(16).padStart(2, "0"),
);

/**
 * Returns the file of a key. Different keys have different files, as far as SHA-256 has no known collisions, and no key leads out
 * of the cache's folder.
 *
 * @param key Any string; 64 lower-case hexadecimal digits count as a hash.
 */
export function nameOf(key: string): EntryName {
  if (isSha256(key)) return { shard: key.slice(0, 2), name: key.slice(2) };
  // Hash the key as JSON, because UTF-8 encodes all lone surrogates alike.
  const hash = sha256(JSON.stringify(key));
  // Mark the name, because the same hash may also be a key itself, which is another entry.
  return { shard: hash.slice(0, 2), name: `${hash.slice(2)}k` };
}

/** Returns whether a name is that of an entry. */
export function isEntryName(name: string): boolean {
  return /^[0-9a-f]{62}k?$/.test(name);
}

/** Returns whether a name is that of an entry whose key was hashed, so that it has the mark and is no plain hash. */
export function isMarkedName(name: string): boolean {
  return isEntryName(name) && name.endsWith("k");
}

/** Returns the name of a temporary file. */
export function tempName(writer: string, count: number): string {
  return `${writer}-${count}.tmp`;
}

/** Returns whether a name is one that {@linkcode tempName} returns for a writer with a UUID. */
export function isTempName(name: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d+\.tmp$/.test(name);
}
