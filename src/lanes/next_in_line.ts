/**
 * The choice of the next request in a lane.
 *
 * @module
 */

import type { Errand } from "./errand.ts";
import type { Lane } from "./lane.ts";
import { MOST_FAVOURS } from "./turns.ts";
import { isOlder, type Place, type Waiter } from "./waiter.ts";

/** How often successive probes should have been sent before, in turn. */
const ATTEMPTS_OF_PROBES = [0, 1, 0, 2] as const;

/**
 * Returns the first request whose batch has room for it. As a probe, returns one that was sent as often as
 * {@linkcode attemptsOfNextProbe} says, or else one that was never sent.
 *
 * @param lane The lane.
 * @param mayBeCostly Whether it may be a request that has failed late.
 */
export function firstOf(lane: Lane, mayBeCostly = true): Waiter<Lane> | undefined {
  if (!lane.isClear && lane.breaker !== undefined && lane.breaker.state !== "closed") {
    const isSent = (attempts: number) => ({ errand }: Waiter<Lane>): boolean =>
      errand.attempts === attempts && mayGo(errand, lane);
    const probe = lane.chooseProbe(isSent(attemptsOfNextProbe(lane))) ?? lane.chooseProbe(isSent(0));
    if (probe !== undefined) return probe;
  }
  const isFit = ({ waiter: { errand } }: Place<Lane>): boolean =>
    (mayBeCostly || !errand.isCostly) && mayGo(errand, lane);
  for (let place = lane.urgent.head; place !== undefined; place = place.next) {
    if (place.line?.isBlocked !== true && isFit(place)) return place.waiter;
  }
  const { waiting } = lane;
  const first = waiting.find(isFit);
  if (first === undefined || lane.favours < MOST_FAVOURS || !waiting.isMixed) return first?.waiter;
  return (waiting.oldestBelow(first.priority, isOlder, isFit) ?? first).waiter;
}

/**
 * Returns how often the next probe should have been sent before. Most were never sent, because a request that was sent may be
 * asking for something that always fails. But an origin may refuse each request once or twice at first.
 */
function attemptsOfNextProbe({ probes }: Lane): number {
  return ATTEMPTS_OF_PROBES[probes % ATTEMPTS_OF_PROBES.length]!;
}

/**
 * Counts how often in a row the highest priority has gone first while others waited. After too many, one of the others is next.
 *
 * @param lane The lane.
 * @param waiter The waiter that is about to leave the line.
 */
export function noteFavour(lane: Lane, waiter: Waiter<Lane>): void {
  const { waiting } = lane;
  if (waiter.isUrgent || !waiting.isMixed) return;
  lane.favours = waiter.priority < (waiting.peek()?.priority ?? -Infinity) ? 0 : lane.favours + 1;
}

/** Whether a waiter is next in a lane, and the lane could admit it now. */
export function isFirstOf(lane: Lane, waiter: Waiter<Lane>, nowMs: number): boolean {
  return lane.head?.waiter === waiter && lane.blockedUntilMs(nowMs) <= nowMs;
}

/** Whether a waiting request is still wanted, and its batch has room for it. */
function mayGo({ allowance, isAborted }: Errand, lane: Lane): boolean {
  // The signal calls its listeners one by one, and has not reached this one yet.
  if (isAborted) return false;
  if (allowance === undefined || allowance.active < allowance.concurrency) return true;
  allowance.refuse(lane);
  return false;
}
