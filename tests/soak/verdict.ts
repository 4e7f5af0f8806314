/**
 * Whether a soak has gone well.
 *
 * @module
 */

import type { Sample } from "./resources.ts";
import type { SoakResult } from "./soak.ts";

/** From how many requests on everything must be flat: before, code is compiled, and pools are filled. */
const SETTLED = 20_000;
/** How much a heap may seem to grow by chance: as a part, and in bytes. */
const HEAP_PART = 0.1;
const HEAP_BYTES = 2e6;
/** How many connections there may be for each permit: some are about to be closed. */
const MOST_SOCKETS = 60;
/** The client's queue of deadlines has one timer. */
const MOST_TIMERS = 2;

/** What is wrong with a soak; nothing if all is well. */
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
