/**
 * Where an entry is kept, for keys of any length and content.
 *
 * @module
 */

import { isSha256, sha256 } from "./sha256.ts";

/**
 * A short name for a key, of plain characters.
 *
 * @param key The key of an entry; any text.
 * @returns The key itself if it is a SHA-256 in hexadecimal, otherwise its hash behind a `~`. Different keys have different
 * names, also those that differ in half a surrogate pair only.
 */
export function slotName(key: string): string {
  if (isSha256(key)) return key;
  // UTF-8 has one form for all lone surrogates; JSON escapes them.
  return `~${sha256(JSON.stringify(key))}`;
}
