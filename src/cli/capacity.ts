/**
 * The concurrency that the system and the runtime allow.
 *
 * @module
 */

import { formatCount } from "./format.ts";

/** The limits of the system and the runtime. */
export interface Capacity {
  /** How many files and sockets may be open; `undefined` when that is unknown. */
  readonly descriptors: number | undefined;
  /** How many requests the runtime sends at once. */
  readonly requests: number;
  /** Whether bodies go into files. */
  readonly writesFiles: boolean;
}

/** How many descriptors the program itself may have open, with some to spare. */
const OWN_DESCRIPTORS = 40;

/** The concurrency within the limits. */
export interface Fit {
  /** How many requests may be in flight at once. */
  readonly concurrency: number;
  /** The warning to print; absent if the limits allow the given concurrency. */
  readonly warning?: string | undefined;
}

/**
 * Lowers a concurrency to the limits, and warns of it. A request without a descriptor waits until another request ends. But
 * connections stay open for the next request: if they had all descriptors, a file would never get one.
 *
 * @param concurrency How many requests are to be in flight at once.
 * @param capacity The limits.
 * @returns The concurrency that the limits allow, and the warning.
 */
export function fitCapacity(concurrency: number, { descriptors, requests, writesFiles }: Capacity): Fit {
  const sent = Math.min(concurrency, requests);
  const needed = sent * (writesFiles ? 2 : 1) + OWN_DESCRIPTORS;
  if (descriptors !== undefined && needed > descriptors) {
    const fitting = writesFiles ? Math.max(1, Math.floor((descriptors - OWN_DESCRIPTORS) / 2)) : sent;
    const warning = `--concurrency ${concurrency} may need ${formatCount(needed)} open files and sockets, ` +
      `and the limit is ${formatCount(descriptors)} (ulimit -n)`;
    return { concurrency: fitting, warning: fitting < sent ? `${warning}: ${fitting} at once` : warning };
  }
  if (sent === concurrency) return { concurrency };
  const most = formatCount(requests);
  return {
    concurrency: sent,
    warning: `--concurrency ${concurrency} is more than this runtime sends at once: ${most}`,
  };
}
