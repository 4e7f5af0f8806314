/**
 * Requests that sleep for nothing.
 *
 * @module
 */

import type { Errand } from "./errand.ts";
import type { Lane } from "./lane.ts";
import { isAbandoned, isGivenUp, refusalOf } from "./refusal.ts";

/** So long attempts have failed before an origin that does not answer is taken for down, in milliseconds. */
const UNANSWERED_MS = 4_000;

/** Requests of a batch that would still be refused when they wake need not sleep. */
export function wakeHopeless(lane: Lane, nowMs: number): void {
  giveUp(
    lane,
    (errand) => errand.patienceMs > 0 && refusalOf(errand, [lane], nowMs, Infinity) !== undefined,
  );
}

/** An origin has asked for a pause: those that sleep need not, if it is waited for no longer. */
export function wakeGivenUp(lane: Lane, nowMs: number, maxRetryAfterMs: number): void {
  giveUp(lane, (errand) => isGivenUp(lane, lane.alone, errand, nowMs, maxRetryAfterMs));
}

/**
 * An attempt has failed where nothing comes from. If nothing ever has, all that sleep for the lane fail after some time of that.
 *
 * @returns Whether that has gone on for some time.
 */
export function noteUnanswered(lane: Lane, nowMs: number): boolean {
  if (lane.failingSinceMs <= lane.answeredAtMs) lane.failingSinceMs = nowMs;
  // What was sent before the first has failed says nothing more than that one.
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
