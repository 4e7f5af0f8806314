/**
 * Metadata in the form in which stores keep them.
 *
 * @module
 */

import type { CacheMeta } from "./cache.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses stored metadata.
 *
 * @param json The stored bytes.
 * @returns The metadata; `undefined` if they are invalid, or of another version.
 */
export function parseMeta(json: Uint8Array): CacheMeta | undefined {
  let meta: Partial<CacheMeta> | null;
  try {
    meta = JSON.parse(decoder.decode(json));
  } catch {
    // The bytes are no JSON, so they are damaged.
    return undefined;
  }
  if (meta?.v !== 1 || typeof meta.key !== "string") return undefined;
  const { removeAt } = meta;
  return removeAt === null || typeof removeAt === "number" ? meta as CacheMeta : undefined;
}

/** Returns whether an entry has expired: whether its `removeAt` is past. */
export function isExpired({ removeAt }: CacheMeta, nowMs: number): boolean {
  return removeAt !== null && removeAt <= nowMs;
}
