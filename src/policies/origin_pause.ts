/**
 * The pause of an origin after a response that asks for one.
 *
 * @module
 */

import { retryAfterMs } from "../http/retry_after.ts";
import type { Lane } from "../lanes/lane.ts";
import { MAX_PAUSE_MS } from "../lanes/pause.ts";
import { Unavailability } from "../lanes/unavailability.ts";
import { reportPause } from "./call_events.ts";
import type { Call } from "./call.ts";
import type { Environment } from "./policy.ts";
import type { Reply } from "./reply.ts";

/**
 * Notes the pause that a response asks for. A 429 pauses all requests to its origin; so does a 503 that names a wait, as long as
 * the origin refuses other requests that are sent meanwhile. A wait of 0 is believed only once for each request, and not where
 * one request after the other is refused, because the server may have rounded it down.
 *
 * @param environment The objects that the policies share.
 * @param call The call that got the response.
 * @param reply The response; its `retryAfterMs` becomes the wait that it names.
 * @param startedAtMs When the attempt with this response began, on the client's clock.
 * @throws {unknown} What the caller's own `random` throws.
 */
export function pauseOrigin(
  environment: Environment,
  call: Call,
  reply: Reply,
  startedAtMs: number,
): void {
  const { clock, isFailure, pauseOn429, unnamedPauseMs, scheduler } = environment;
  const { status, headers } = reply;
  const named = retryAfterMs(status, headers, clock.wallNow());
  const isDoubtful = call.journey.hasComeAtOnce || reply.target!.lane.quota?.servesNothing;
  const wait = named === 0 && isDoubtful ? undefined : named;
  reply.retryAfterMs = wait;
  const isOverloaded = status === 429;
  // Some services answer too many requests with 403. A 403 comes here only if it may be worth a retry.
  const isRefusal = isOverloaded || status === 403;
  if (isRefusal ? pauseOn429 === "request" : status !== 503) return;
  if (!isOverloaded && wait === undefined) return;
  const { lane } = reply.target!;
  const nowMs = clock.now();
  const isPaused = lane.pauseLeftMs(nowMs) > 0;
  const pauseMs = Math.min(wait ?? unnamedPauseMs(fruitlessBefore(lane, isPaused)), MAX_PAUSE_MS);
  if (pauseMs === 0) return;
  let isOverload = isOverloaded;
  // If the caller defines failures by `isFailure`, successes prove nothing.
  if (status === 503 && isFailure === undefined) {
    lane.unavailability ??= new Unavailability();
    const extent = lane.unavailability.extentOf(lane, isPaused, startedAtMs, nowMs);
    if (extent === "part") return;
    isOverload = extent === "overload";
  } else {
    lane.unavailability?.settle();
  }
  const pause = { untilMs: nowMs + pauseMs, isNamed: wait !== undefined, status, headers };
  lane.pauseFor(pause, nowMs, isOverload);
  // A wait that the response names overrides the reset of a quota.
  if (wait !== undefined) lane.book?.resetBy(nowMs + pauseMs);
  reportPause(environment, call, lane, pauseMs);
  scheduler.notePause(lane);
}

/** Returns how many consecutive pauses have brought nothing before this one, which another response may have begun. */
function fruitlessBefore({ quota }: Lane, isPaused: boolean): number {
  return Math.max(0, (quota?.fruitlessPauses ?? 0) - Number(isPaused));
}
