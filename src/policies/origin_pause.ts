/**
 * What a response that asks for a pause does to its origin.
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
 * Notes for how long a response asks to be left alone. A 429 holds for all requests to its origin; so does a 503 that says for how long, as
 * long as others that are sent meanwhile are refused as well. "At once" is believed once a request: it may be a wait that the server has
 * rounded down.
 *
 * @param environment What the policies share.
 * @param call Whose answer it is.
 * @param reply The response; it is told how long the wait is that it names.
 * @param startedAtMs When the attempt began that it answers, on the client's clock.
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
  const wait = named === 0 && call.journey.hasComeAtOnce ? undefined : named;
  reply.retryAfterMs = wait;
  const isOverloaded = status === 429;
  // Some services refuse with a 403 what is too much: it comes here only if it may be worth a retry.
  const isRefusal = isOverloaded || status === 403;
  if (isRefusal ? pauseOn429 === "request" : status !== 503) return;
  if (!isOverloaded && wait === undefined) return;
  const { lane } = reply.target!;
  const nowMs = clock.now();
  const isPaused = lane.pauseLeftMs(nowMs) > 0;
  const pauseMs = Math.min(wait ?? unnamedPauseMs(fruitlessBefore(lane, isPaused)), MAX_PAUSE_MS);
  if (pauseMs === 0) return;
  let isOverload = isOverloaded;
  // What the caller takes for a success shows nothing.
  if (status === 503 && isFailure === undefined) {
    lane.unavailability ??= new Unavailability();
    const extent = lane.unavailability.extentOf(lane, isPaused, startedAtMs, nowMs);
    if (extent === "part") return;
    if (call.attempts === 1) lane.unavailability.newRefused++;
    isOverload = extent === "overload";
  } else {
    lane.unavailability?.settle();
  }
  const pause = { untilMs: nowMs + pauseMs, isNamed: wait !== undefined, status, headers };
  lane.pauseFor(pause, nowMs, isOverload);
  // A wait that the response names counts more than the reset of a quota.
  if (wait !== undefined) lane.book?.resetBy(nowMs + pauseMs);
  reportPause(environment, call, lane, pauseMs);
  scheduler.notePause(lane);
}

/** How many pauses in a row have brought nothing before this one, which may have begun with another answer. */
function fruitlessBefore({ quota }: Lane, isPaused: boolean): number {
  return Math.max(0, (quota?.fruitlessPauses ?? 0) - Number(isPaused));
}
