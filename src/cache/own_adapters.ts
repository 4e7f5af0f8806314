/**
 * The adapters that come from this package.
 *
 * @module
 */

import type { CacheAdapter } from "./cache.ts";

const OWN = new WeakSet<CacheAdapter>();

/** Marks an adapter as one that neither changes the entries that it gets nor keeps a reference to their bytes. */
export function markOwn<Adapter extends CacheAdapter>(adapter: Adapter): Adapter {
  OWN.add(adapter);
  return adapter;
}

/** Returns whether an adapter is marked, so that callers need not copy entries for it. */
export function isOwnAdapter(adapter: CacheAdapter): boolean {
  return OWN.has(adapter);
}
