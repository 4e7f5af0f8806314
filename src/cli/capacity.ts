/**
 * How much of what is asked for the system and the runtime allow.
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

/** What can be done. */
export interface Fit {
  /** How many requests may be in flight at once. */
  readonly concurrency: number;
  /** What is too much; absent if all is well. */
  readonly warning?: string | undefined;
}

/**
 * Says what is too much, and how much is not. A request that finds no descriptor waits until another one ends, but connections stay open
 * for the next request: where they had all descriptors, there would never be one for a file.
 *
 * @param concurrency How many requests are to be in flight at once.
 * @param capacity What there is.
 * @returns How many can be.
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
