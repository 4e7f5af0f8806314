/**
 * The warning for a concurrency beyond what the system or the runtime allows.
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

/**
 * Returns a warning if the system or the runtime can't serve the concurrency.
 *
 * @param concurrency How many requests are to be in flight at once.
 * @param capacity The limits.
 * @returns The warning; `undefined` if the concurrency is within the limits.
 */
export function capacityWarning(
  concurrency: number,
  { descriptors, requests, writesFiles }: Capacity,
): string | undefined {
  if (concurrency > requests) {
    return `--concurrency ${concurrency} is more than this runtime sends at once: ${formatCount(requests)}`;
  }
  const needed = concurrency * (writesFiles ? 2 : 1) + OWN_DESCRIPTORS;
  if (descriptors === undefined || needed <= descriptors) return undefined;
  return `--concurrency ${concurrency} may need ${
    formatCount(needed)
  } open files and sockets, and the limit is ` +
    `${formatCount(descriptors)} (ulimit -n)`;
}
