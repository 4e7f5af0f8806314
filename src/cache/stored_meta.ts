/**
 * Metadata as the stores keep them.
 *
 * @module
 */

import type { CacheMeta } from "./cache.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads metadata.
 *
 * @param json The bytes that they were stored as.
 * @returns The metadata; `undefined` when they are none, or of another version.
 */
export function parseMeta(json: Uint8Array): CacheMeta | undefined {
  let meta: Partial<CacheMeta> | null;
  try {
    meta = JSON.parse(decoder.decode(json));
  } catch {
    // What is no JSON is not what was written.
    return undefined;
  }
  if (meta?.v !== 1 || typeof meta.key !== "string") return undefined;
  const { removeAt } = meta;
  return removeAt === null || typeof removeAt === "number" ? meta as CacheMeta : undefined;
}

/** Whether an entry is of no use any more. */
export function isExpired({ removeAt }: CacheMeta, nowMs: number): boolean {
  return removeAt !== null && removeAt <= nowMs;
}
