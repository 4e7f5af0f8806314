/**
 * Whether more is asked for than the system and the runtime allow.
 *
 * @module
 */

import { formatCount } from "./format.ts";

/** What there is. */
export interface Capacity {
  /** How many files and sockets may be open; `undefined` when that is unknown. */
  readonly descriptors: number | undefined;
  /** How many requests the runtime sends at once. */
  readonly requests: number;
  /** Whether bodies go into files. */
  readonly writesFiles: boolean;
}

/** What the program itself has open, with some to spare. */
const OWN_DESCRIPTORS = 40;

/**
 * Says what is too much.
 *
 * @param concurrency How many requests are to be in flight at once.
 * @param capacity What there is.
 * @returns The warning; nothing if all is well.
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
