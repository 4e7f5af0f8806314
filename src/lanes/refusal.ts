/**
 * The requests that must not wait, or not any longer, and their errors.
 *
 * @module
 */

import { CircuitOpenError, HttpError } from "../errors.ts";
import type { Errand } from "./errand.ts";
import type { Lane } from "./lane.ts";
import type { Place, Waiter } from "./waiter.ts";

/** Whether a request does not wait for an origin because nothing has ever come from there. */
export function isAbandoned(lane: Lane, errand: Errand): boolean {
  return lane.isAbandoned && !errand.waitsForUnanswered;
}

/** How many pauses of the longest accepted length a request waits out: twice as many as come between its four attempts. */
const MOST_PAUSES = 6;

/**
 * Whether a request gives up on a pausing origin because the origin has served nothing for long.
 *
 * After 429s, that is as long as one pause may be, or as the request is patient. After 503s that name a wait, as a restart sends
 * them too, it is as long as six such pauses; and all other lanes that the request may go to must be unavailable or down as well.
 *
 * @param lane The lane of the origin.
 * @param lanes All lanes that the request may go to.
 * @param errand The request.
 * @param nowMs The time on the client's clock.
 * @param maxRetryAfterMs The longest pause that requests wait out, in milliseconds.
 */
export function isGivenUp(
  lane: Lane,
  lanes: readonly Lane[],
  errand: Errand,
  nowMs: number,
  maxRetryAfterMs: number,
): boolean {
  const { quota, unavailability } = lane;
  if ((quota === undefined && unavailability === undefined) || lane.pauseLeftMs(nowMs) === 0) return false;
  const { patienceMs } = errand;
  if (quota?.refusesAll(Math.max(maxRetryAfterMs, patienceMs), nowMs)) return true;
  const forMs = Math.max(MOST_PAUSES * maxRetryAfterMs, patienceMs);
  return lanes.every((each) =>
    each.unavailability?.refusesAll(each, forMs, nowMs) || (each !== lane && each.isDown)
  );
}

/**
 * Returns the error of a request that must not wait for any of its lanes. Each lane has an open breaker that the request does not
 * wait for, or its origin asks for too long a pause, or for one pause after the other.
 *
 * @param errand The request.
 * @param lanes The lanes that it may go to, the preferred one first.
 * @param nowMs The time on the client's clock.
 * @param maxRetryAfterMs The longest pause that requests wait out, in milliseconds.
 * @returns The error of the lane that would be free first, which also names the reasons of the others; `undefined` if the request
 * may wait.
 */
export function refusalOf(
  errand: Errand,
  lanes: readonly Lane[],
  nowMs: number,
  maxRetryAfterMs: number,
): CircuitOpenError | HttpError | undefined {
  let refusals: Refusal[] | undefined;
  for (const lane of lanes) {
    const pauseMs = lane.pauseLeftMs(nowMs);
    const isPaused = pauseMs > 0 &&
      (pauseMs > maxRetryAfterMs || nowMs + pauseMs > errand.deadlineAtMs ||
        isGivenUp(lane, lanes, errand, nowMs, maxRetryAfterMs));
    const waitMs = isPaused ? pauseMs : refusedForMs(lane, errand, nowMs);
    if (waitMs === 0) return undefined;
    // Ask the breaker only once: it reads the clock by itself, and may admit a probe a moment later.
    (refusals ??= []).push({ lane, isPaused, waitMs });
  }
  if (refusals === undefined) return undefined;
  const context = refusals.length < 2 ? undefined : { mirrors: refusals.map(tell) };
  const { lane, isPaused, waitMs } = refusals.reduce((a, b) => b.waitMs < a.waitMs ? b : a);
  return isPaused
    ? pausedError(errand, lane, waitMs, context)
    : circuitOpenError(errand, lane, waitMs, context);
}

/** The reason why a lane refuses a request. */
interface Refusal {
  readonly lane: Lane;
  /** Whether the lane's origin asks for too long a pause; otherwise its breaker is open. */
  readonly isPaused: boolean;
  /** How long the reason holds, in milliseconds. */
  readonly waitMs: number;
}

/** The context of an error: the failure of each mirror, as after a round. */
type Context =
  | Readonly<Record<"mirrors", readonly { readonly url: string; readonly failure: string }[]>>
  | undefined;

function tell({ lane, isPaused, waitMs }: Refusal): { readonly url: string; readonly failure: string } {
  const failure = isPaused
    ? describePause(lane, waitMs)
    : `its circuit breaker is open for another ${Math.ceil(waitMs)} ms${describeFailure(lane)}`;
  return { url: lane.key, failure };
}

/**
 * Refuses the requests in line for a lane that must not wait any longer, and sets how patient the others are.
 *
 * @param lane The lane.
 * @param nowMs The time on the client's clock.
 * @param maxRetryAfterMs The longest pause that requests wait out.
 * @param remove Takes a waiter out of line.
 */
export function refuseSome(
  lane: Lane,
  nowMs: number,
  maxRetryAfterMs: number,
  remove: (waiter: Waiter<Lane>) => void,
): void {
  const refused: [Waiter<Lane>, Error][] = [];
  let patienceEndMs = Infinity;
  const look = ({ waiter }: Place<Lane>): void => {
    const refusal = refusalOf(waiter.errand, waiter.lanes, nowMs, maxRetryAfterMs);
    if (refusal !== undefined) refused.push([waiter, refusal]);
    else if (waiter.errand.patienceMs > 0) {
      const endMs = lane.outage.patienceEnd(waiter.errand, nowMs);
      // If the last probe of this request's patience was made, it waits for another lane.
      if (lane.probedAtMs < endMs) patienceEndMs = Math.min(patienceEndMs, endMs);
    }
  };
  for (let place = lane.urgent.head; place !== undefined; place = place.next) look(place);
  lane.waiting.forEach(look);
  lane.outage.limitCooldown(patienceEndMs);
  for (const [waiter, refusal] of refused) {
    // The refusal of another waiter may have taken this one out of line.
    if (!waiter.isWaiting) continue;
    remove(waiter);
    waiter.onRefused(refusal);
  }
}

/** Returns how long a breaker refuses a request that does not wait for it; 0 if it admits the request, or the request waits. */
function refusedForMs(lane: Lane, errand: Errand, nowMs: number): number {
  const { breaker } = lane;
  if (breaker === undefined || breaker.state === "closed") return 0;
  const { patienceMs } = errand;
  const patienceEndMs = lane.outage.patienceEnd(errand, nowMs);
  // A request whose last probe has been made does not shorten cooldowns any more.
  const isOver = lane.probedAtMs >= patienceEndMs;
  const openMs = breaker.refusesForMs(patienceMs > 0 && !isOver ? lane.outage.cooldownCapMs : Infinity);
  if (openMs === 0) return 0;
  if (patienceMs === 0 || isAbandoned(lane, errand)) return openMs;
  if (nowMs >= patienceEndMs) {
    // The request waits for its last probe, in flight or still to come, and is refused after it.
    return breaker.state === "half-open" || lane.probedAtMs < patienceEndMs ? 0 : openMs;
  }
  return breaker.state === "open" && nowMs + openMs > errand.deadlineAtMs ? openMs : 0;
}

function circuitOpenError(
  errand: Errand,
  lane: Lane,
  retryAfterMs: number,
  context: Context,
): CircuitOpenError {
  const about = errand.describe();
  return new CircuitOpenError(
    `${about.method} ${about.url} was not sent: the circuit breaker of ${lane.key} is open${
      describeFailure(lane)
    }`,
    { ...about, context, retryAfterMs },
  );
}

function pausedError(errand: Errand, lane: Lane, leftMs: number, context: Context): HttpError {
  const about = errand.describe();
  const { status, headers } = lane.pause!;
  return new HttpError(
    `${about.method} ${about.url} was not sent: ${lane.key} ${describePause(lane, leftMs)}`,
    { ...about, context, status, headers, retryAfterMs: leftMs },
  );
}

/** Returns the end of a sentence about an origin that is down: the reason of its latest failure. */
function describeFailure({ failureReason }: Lane): string {
  return failureReason === "" ? "" : ` after a failure: ${failureReason}`;
}

function describePause({ pause }: Lane, leftMs: number): string {
  const wait = pause!.isNamed ? "asked to wait another" : "is not asked for another";
  return `answered ${pause!.status} and ${wait} ${Math.ceil(leftMs)} ms`;
}
