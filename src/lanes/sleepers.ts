/**
 * The waking of requests that sleep in vain.
 *
 * @module
 */

import type { Errand } from "./errand.ts";
import type { Lane } from "./lane.ts";
import { isAbandoned, isGivenUp, refusalOf } from "./refusal.ts";

/** How long attempts must have failed before an origin that does not answer counts as down, in milliseconds. */
const UNANSWERED_MS = 4_000;

/** Wakes patient requests that would still be refused when their sleep ends. */
export function wakeHopeless(lane: Lane, nowMs: number): void {
  // Most failures change nothing for those who sleep, and to look at each of them would take quadratic time.
  if (!lane.isDown && lane.pauseLeftMs(nowMs) === 0) return;
  giveUp(
    lane,
    (errand) => errand.patienceMs > 0 && refusalOf(errand, [lane], nowMs, Infinity) !== undefined,
  );
}

/** Wakes requests that do not wait for an origin any longer, because it has asked for another pause. */
export function wakeGivenUp(lane: Lane, nowMs: number, maxRetryAfterMs: number): void {
  giveUp(lane, (errand) => isGivenUp(lane, lane.alone, errand, nowMs, maxRetryAfterMs));
}

/**
 * Notes a failure at an origin from which nothing comes. If nothing ever has, all requests that sleep for the lane fail after a
 * while of failures.
 *
 * @returns Whether failures have gone on for that while.
 */
export function noteUnanswered(lane: Lane, nowMs: number): boolean {
  if (lane.failingSinceMs <= lane.answeredAtMs) lane.failingSinceMs = nowMs;
  // An attempt that was sent before the first failure says no more than that failure.
  if (nowMs - lane.failingSinceMs < UNANSWERED_MS || lane.failedAtMs < lane.failingSinceMs) return false;
  if (!lane.hasAnswered) {
    lane.isAbandoned = true;
    giveUp(lane, (errand) => isAbandoned(lane, errand));
  }
  return true;
}

function giveUp(lane: Lane, isHopeless: (errand: Errand) => boolean): void {
  for (let sleeper = lane.sleeping.head; sleeper !== undefined;) {
    const { next, errand } = sleeper;
    if (isHopeless(errand)) sleeper.giveUp();
    sleeper = next;
  }
}
