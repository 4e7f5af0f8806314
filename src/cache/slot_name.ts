/**
 * Short names for the places of entries, whose keys may have any length and content.
 *
 * @module
 */

import { isSha256, sha256 } from "./sha256.ts";

/**
 * Returns a short name of plain characters for a key.
 *
 * @param key The key of an entry; any text.
 * @returns The key itself if it is a SHA-256 in hexadecimal, otherwise a `~` and its hash. Different keys have different names,
 * also keys that differ only in a lone surrogate.
 */
export function slotName(key: string): string {
  if (isSha256(key)) return key;
  // Hash the key as JSON, which escapes lone surrogates: UTF-8 encodes all of them alike.
  return `~${sha256(JSON.stringify(key))}`;
}
