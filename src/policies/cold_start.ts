/**
 * The cold start: on an origin that may multiplex, one request goes ahead of the first burst.
 *
 * @module
 */

import { readmit } from "./circuit_breaker.ts";
import type { Call } from "./call.ts";
import type { Environment, Policy, Station } from "./policy.ts";
import type { Reply } from "./reply.ts";

/** The longest that a burst waits for the request ahead of it, in milliseconds; a server may be slow to answer. */
const MAX_WAIT_MS = 500;
/** After so long without an attempt, connections count as closed, in milliseconds. */
const IDLE_MS = 60_000;

/** What the station needs of what the stations share. */
export type ColdStartEnvironment = Pick<Environment, "clock" | "deadlines" | "negotiatesHttp2">;

/**
 * Sends one request ahead when an https origin was never asked, or not for a minute; the others wait for the head of its
 * response, for its end, or for half a second. A runtime that negotiates HTTP/2 then sends all of them over one connection,
 * where it would open one for each if all came at once. Nobody holds a permit or a token meanwhile.
 *
 * @param environment What the stations share.
 * @returns The policy.
 */
export function coldStart(environment: ColdStartEnvironment): Policy {
  return (next) => (call) => {
    const { origin } = call.target!;
    if (!origin.isSecure || !environment.negotiatesHttp2()) return next(call);
    const nowMs = environment.clock.now();
    if (nowMs - origin.contactAtMs < IDLE_MS) return next(call);
    return origin.scouting === undefined
      ? goAhead(environment, next, call)
      : waitForScout(call, origin.scouting.promise).then(() => next(call));
  };
}

function goAhead({ clock, deadlines }: ColdStartEnvironment, next: Station, call: Call): Promise<Reply> {
  const { origin } = call.target!;
  const scouting = Promise.withResolvers<void>();
  origin.scouting = scouting;
  const deadline = deadlines.add({ onDeadline: () => origin.answered(clock.now()) }, MAX_WAIT_MS);
  const reply = next(call);
  const resolve = () => scouting.resolve();
  reply.then(resolve, resolve);
  scouting.promise.then(() => {
    deadlines.remove(deadline);
    if (origin.scouting === scouting) origin.scouting = undefined;
  });
  return reply;
}

async function waitForScout(call: Call, arrival: Promise<void>): Promise<void> {
  try {
    await arrival;
    call.throwIfCancelled();
    readmit(call);
  } catch (error) {
    // Who was let through as a probe, and is not sent, lets another one be it.
    call.target!.origin.settle(call.ticket, "ignored");
    throw error;
  }
}
