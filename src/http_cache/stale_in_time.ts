/**
 * A stale response in time, where the network takes long to fail.
 *
 * @module
 */

import type { CacheSurroundings } from "../policies/cache_plan.ts";
import type { Call } from "../policies/call.ts";
import type { Environment } from "../policies/policy.ts";
import type { Reply } from "../policies/reply.ts";
import { SHORTEST_WAIT_MS } from "../primitives/clock.ts";
import type { DeadlineTarget } from "../primitives/deadline_queue.ts";

/** When a request looks first where the network is out, in milliseconds: a refused connection is refused by then. */
const FIRST_LOOK_MS = 50;
/** How often a request looks whether the network has failed, once it has waited for long enough, in milliseconds. */
const LOOK_MS = 250;
/** So long before the end of its total time a request takes what there is, in milliseconds, or this share of the time, if that is less. */
const LAST_MS = 50;
const LAST_SHARE = 0.05;

/** What decides when a stale response is due. */
export interface StaleInTimeOptions {
  readonly environment: Pick<Environment, "clock" | "deadlines" | "inBackground">;
  readonly surroundings: Pick<CacheSurroundings, "mirrors">;
  /** How long a request waits for the network that has failed already, in milliseconds. */
  readonly staleAfterMs: number;
  /** Whether another request has waited so long in vain, and nothing has come since. */
  readonly isOut: boolean;
}

/**
 * Waits for the network, unless a stale response is due before: when two of three hold, that `staleAfterMs` have passed, that an attempt has
 * failed or the origin is in trouble, and that the network is known to be out; and shortly before the call's total deadline or that of its
 * batch. The work then goes on in the background, for the next request; at a deadline only if it is in flight. What has not been sent in all
 * of that time would wait for its turn in front of requests that somebody waits for.
 *
 * @param work What the network brings.
 * @param call Whose it is.
 * @param serveStale Gives the stale response, if there is one that may be used.
 * @param options When it is due.
 * @returns What the network has brought, or the stale response.
 */
export function orStaleInTime(
  work: Promise<Reply>,
  call: Call,
  serveStale: () => Promise<Reply | undefined>,
  { environment, surroundings, staleAfterMs, isOut }: StaleInTimeOptions,
): Promise<Reply> {
  const { clock, deadlines, inBackground } = environment;
  return new Promise((resolve, reject) => {
    const startedAtMs = clock.now();
    const totalMs = call.deadlineAtMs - startedAtMs;
    let isOver = false;
    const lastMs = (): number => {
      const leftMs = Math.min(totalMs, batchEndsAtMs(call) - startedAtMs);
      return leftMs - Math.min(LAST_MS, LAST_SHARE * leftMs);
    };
    const hasTrouble = (): boolean => isInTrouble(call, surroundings, clock.now());
    const target: DeadlineTarget = {
      onDeadline() {
        const waitedMs = clock.now() - startedAtMs;
        const leftMs = lastMs() - waitedMs;
        const patienceMs = staleAfterMs - waitedMs;
        const isPatient = patienceMs >= SHORTEST_WAIT_MS;
        const isDue = isPatient ? isOut && hasTrouble() : isOut || hasTrouble();
        const isLast = leftMs < SHORTEST_WAIT_MS;
        if (isLast || isDue) {
          serve(isLast).catch(reject);
        } else {
          const lookMs = isPatient && !isOut ? patienceMs : LOOK_MS;
          deadline = deadlines.add(target, Math.min(lookMs, leftMs));
        }
      },
    };
    const serve = async (isLast: boolean): Promise<void> => {
      const reply = await serveStale();
      if (isOver || reply === undefined) return;
      isOver = true;
      inBackground(work, call);
      resolve(reply);
      if (isLast && !call.isInFlight) {
        call.cancel(new Error("The time of the request was over before it was sent"));
      }
    };
    let deadline = deadlines.add(target, Math.min(isOut ? FIRST_LOOK_MS : staleAfterMs, lastMs()));
    work.then((reply) => {
      deadlines.remove(deadline);
      // Its caller has a response already.
      if (isOver) reply.openBody?.discard();
      isOver = true;
      resolve(reply);
    }, (error) => {
      deadlines.remove(deadline);
      isOver = true;
      reject(error);
    });
  });
}

/** When the batch ends that waits for a call, the last one of several; never, if a caller waits for it that has no batch. */
function batchEndsAtMs(call: Call): number {
  const { allowance, flight } = call;
  if (flight === undefined) return allowance?.endsAtMs ?? Infinity;
  const waiting = [call, ...flight.followers].filter(({ settled }) => !settled);
  return Math.max(...waiting.map(({ allowance }) => allowance?.endsAtMs ?? Infinity));
}

/**
 * Whether an attempt has failed, be it of another call that this one waits for, or no request is let through to where the call
 * would go.
 */
function isInTrouble(call: Call, { mirrors }: Pick<CacheSurroundings, "mirrors">, nowMs: number): boolean {
  const { journey: { round, hasSeenFailure }, lane: only } = call.pending?.leader ?? call;
  if (round > 1 || hasSeenFailure || call.journey.hasSeenFailure) return true;
  const lanes = only === undefined ? mirrors.map(({ lane }) => lane) : [only];
  return lanes.every((lane) => !lane.isHealthy(nowMs));
}
