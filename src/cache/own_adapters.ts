/**
 * Which adapters are this package's own.
 *
 * @module
 */

import type { CacheAdapter } from "./cache.ts";

const OWN = new WeakSet<CacheAdapter>();

/** Marks an adapter as one that leaves the entries that it is given as they are, and keeps no bytes of them. */
export function markOwn<Adapter extends CacheAdapter>(adapter: Adapter): Adapter {
  OWN.add(adapter);
  return adapter;
}

/** Whether an adapter is such a one, so that it needs no copies. */
export function isOwnAdapter(adapter: CacheAdapter): boolean {
  return OWN.has(adapter);
}
