/**
 * Judges the result of a soak test.
 *
 * @module
 */

import type { Sample } from "./resources.ts";
import type { SoakResult } from "./soak.ts";

/** The number of requests after which the heap must not grow; before that, code is compiled and pools are filled. */
const SETTLED = 20_000;
/** The growth of the heap that counts as chance, as a share. */
const HEAP_PART = 0.1;
/** The growth of the heap that counts as chance in addition, in bytes. */
const HEAP_BYTES = 2e6;
/** The most open connections. There may be more than permits, because some are about to be closed. */
const MOST_SOCKETS = 60;
/** The most armed timers; the client's queue of deadlines has one. */
const MOST_TIMERS = 2;

/** Returns the faults that a soak test has found; an empty list if there are none. */
export function faultsOf({ ok, failed, wrong, samples }: SoakResult, total: number): string[] {
  const ended = ok + Object.values(failed).reduce((sum, count) => sum + count, 0);
  const faults = wrong.slice(0, 10);
  if (ended !== total) faults.push(`${ended} of ${total} requests have ended`);
  const settled = samples.filter(({ requests }) => requests >= SETTLED);
  const [first] = settled;
  for (const sample of samples) {
    const { requests, sockets, timers, listeners } = sample;
    if (sockets > MOST_SOCKETS) faults.push(`${sockets} sockets are open after ${requests} requests`);
    if (timers > MOST_TIMERS) faults.push(`${timers} timers are armed after ${requests} requests`);
    if (listeners > 0) faults.push(`${listeners} listeners are left after ${requests} requests`);
  }
  if (first !== undefined) faults.push(...growthOf(first, settled.at(-1)!));
  return faults;
}

function growthOf(first: Sample, last: Sample): string[] {
  const most = first.heap * (1 + HEAP_PART) + HEAP_BYTES;
  return last.heap <= most ? [] : [`the heap has grown from ${first.heap} to ${last.heap} bytes`];
}
