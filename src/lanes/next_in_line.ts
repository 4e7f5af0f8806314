/**
 * Who goes next in a lane.
 *
 * @module
 */

import type { Errand } from "./errand.ts";
import type { Lane } from "./lane.ts";
import type { Waiter } from "./waiter.ts";

/** The first whose batch has room for it; as a probe, one of those that were never sent. */
export function firstOf(lane: Lane): Waiter<Lane> | undefined {
  if (!lane.isClear && lane.breaker !== undefined && lane.breaker.state !== "closed") {
    const probe = lane.chooseProbe((waiter) => waiter.errand.attempts === 0 && mayGo(waiter.errand, lane));
    if (probe !== undefined) return probe;
  }
  for (let place = lane.urgent.peek(); place !== undefined; place = place.next) {
    if (mayGo(place.waiter.errand, lane)) return place.waiter;
  }
  return lane.waiting.find((place) => mayGo(place.waiter.errand, lane))?.waiter;
}

/** Whether a lane would have admitted a waiter next. */
export function isFirstOf(lane: Lane, waiter: Waiter<Lane>, nowMs: number): boolean {
  return lane.head?.waiter === waiter && lane.blockedUntilMs(nowMs) <= nowMs;
}

/** Whether a request that waits is still wanted, and its batch has room for it. */
function mayGo({ allowance, isAborted }: Errand, lane: Lane): boolean {
  // Its signal is calling those who listen one by one, and has not come to it yet.
  if (isAborted) return false;
  if (allowance === undefined || allowance.active < allowance.concurrency) return true;
  allowance.refuse(lane);
  return false;
}
