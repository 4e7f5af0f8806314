/**
 * Serves a stale response in time if the network takes long to fail.
 *
 * @module
 */

import type { CacheContext } from "../policies/cache_plan.ts";
import type { Call } from "../policies/call.ts";
import type { Environment } from "../policies/policy.ts";
import type { Reply } from "../policies/reply.ts";
import { SHORTEST_WAIT_MS } from "../primitives/clock.ts";
import type { DeadlineTarget } from "../primitives/deadline_queue.ts";

/**
 * When a request first checks a network that is known to be out, in milliseconds: a server that refuses the connection has done
 * so by then.
 */
const FIRST_LOOK_MS = 50;
/** How often a request checks whether the network has failed, once `staleAfterMs` has passed, in milliseconds. */
const LOOK_MS = 250;
/**
 * How long before its deadline a request takes the stale response, in milliseconds, or as a share of its time if that is less.
 */
const LAST_MS = 50;
const LAST_SHARE = 0.05;

/** Options of {@linkcode orStaleInTime}: they decide when the stale response is due. */
export interface StaleInTimeOptions {
  readonly environment: Pick<Environment, "clock" | "deadlines" | "inBackground">;
  readonly context: Pick<CacheContext, "mirrors">;
  /** How long a request waits for a failing network, in milliseconds. */
  readonly staleAfterMs: number;
  /** Whether another request has waited that long in vain, and the origin has not answered since. */
  readonly isOut: boolean;
}

/**
 * Waits for the network, unless the stale response is due before. It is due when two of three conditions hold: `staleAfterMs` has
 * passed; an attempt has failed or the origin is in trouble; the network is known to be out. It is also due shortly before the
 * call's total deadline or that of its batch.
 *
 * The work then goes on in the background, for the next request. A call that is not in flight at its deadline is cancelled
 * instead: it would wait for its turn in front of requests that have a caller.
 *
 * @param work The reply of the network.
 * @param call The call that waits for it.
 * @param serveStale Gives the stale response, if the rules allow it.
 * @param options When the stale response is due.
 * @returns The reply of the network, or the stale response.
 */
export function orStaleInTime(
  work: Promise<Reply>,
  call: Call,
  serveStale: () => Promise<Reply | undefined>,
  { environment, context, staleAfterMs, isOut }: StaleInTimeOptions,
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
    const hasTrouble = (): boolean => isInTrouble(call, context, clock.now());
    const target: DeadlineTarget = {
      onDeadline() {
        const waitedMs = clock.now() - startedAtMs;
        const leftMs = lastMs() - waitedMs;
        const patienceMs = staleAfterMs - waitedMs;
        const hasWaited = patienceMs < SHORTEST_WAIT_MS;
        const isDue = holdTwo(hasWaited, isOut, hasTrouble);
        const isLast = leftMs < SHORTEST_WAIT_MS;
        if (isLast || isDue) {
          serve(isLast).catch(reject);
        } else {
          const lookMs = hasWaited || isOut ? LOOK_MS : patienceMs;
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
      // The caller already has the stale response.
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

/** Whether two of three conditions hold. The last one is only looked at if it decides. */
function holdTwo(one: boolean, other: boolean, last: () => boolean): boolean {
  return one === other ? one : last();
}

/**
 * Returns when the batch that waits for a call ends, or the last one of several. `Infinity` if a request without a batch waits
 * for it, too.
 */
function batchEndsAtMs(call: Call): number {
  const { allowance, flight } = call;
  if (flight === undefined) return allowance?.endsAtMs ?? Infinity;
  const waiting = [call, ...flight.followers].filter(({ settled }) => !settled);
  return waiting.reduce((last, { allowance }) => Math.max(last, allowance?.endsAtMs ?? Infinity), -Infinity);
}

/**
 * Whether an attempt of the call, or of its leader, has failed, or a breaker or a pause keeps requests away from all of its
 * origins.
 */
function isInTrouble(call: Call, { mirrors }: Pick<CacheContext, "mirrors">, nowMs: number): boolean {
  const { journey: { round, hasSeenFailure }, lane: only } = call.pending?.leader ?? call;
  if (round > 1 || hasSeenFailure || call.journey.hasSeenFailure) return true;
  const lanes = only === undefined ? mirrors.map(({ lane }) => lane) : [only];
  return lanes.every((lane) => !lane.isHealthy(nowMs));
}
