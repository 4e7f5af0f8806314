/**
 * Which request goes next in a lane.
 *
 * @module
 */

import type { Errand } from "./errand.ts";
import type { Lane } from "./lane.ts";
import { MOST_FAVOURS } from "./turns.ts";
import { isOlder, type Place, type Waiter } from "./waiter.ts";

/** How often probes that follow each other should have been sent before. */
const ATTEMPTS_OF_PROBES = [0, 1, 0, 2] as const;

/**
 * The first whose batch has room for it; as a probe, one that was sent as often as {@linkcode attemptsOfNextProbe} says, or one of those that
 * were never sent.
 *
 * @param lane The lane.
 * @param mayBeCostly Whether it may be one that has failed late.
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
 * How often a probe should have been sent before. Most were not, for what was sent may be asking for something that always fails; but an origin
 * may refuse each request once or twice at first.
 */
function attemptsOfNextProbe({ probes }: Lane): number {
  return ATTEMPTS_OF_PROBES[probes % ATTEMPTS_OF_PROBES.length]!;
}

/**
 * Counts how often in a row the highest priority has gone first while others waited, which decides what is next.
 *
 * @param lane The lane.
 * @param waiter The one that is about to leave its line.
 */
export function noteFavour(lane: Lane, waiter: Waiter<Lane>): void {
  const { waiting } = lane;
  if (waiter.isUrgent || !waiting.isMixed) return;
  lane.favours = waiter.priority < (waiting.peek()?.priority ?? -Infinity) ? 0 : lane.favours + 1;
}

/** Whether a lane would have admitted a waiter next. */
export function isFirstOf(lane: Lane, waiter: Waiter<Lane>, nowMs: number): boolean {
  return lane.head?.waiter === waiter && lane.blockedUntilMs(nowMs) <= nowMs;
}

/** Whether a request that waits is still wanted, and its batch has room for it. */
function mayGo({ allowance, isAborted }: Errand, lane: Lane): boolean {
  // Its signal is calling its listeners one by one, and has not come to it yet.
  if (isAborted) return false;
  if (allowance === undefined || allowance.active < allowance.concurrency) return true;
  allowance.refuse(lane);
  return false;
}
