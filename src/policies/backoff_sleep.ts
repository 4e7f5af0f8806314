/**
 * The sleep of a call between two rounds.
 *
 * @module
 */

import { fallAsleep } from "../lanes/errand.ts";
import type { Lane, Sleeper } from "../lanes/lane.ts";
import type { Deadline, DeadlineTarget } from "../primitives/deadline_queue.ts";
import { deferredAcrossRequests } from "../primitives/deferred.ts";
import type { Call, Pending } from "./call.ts";
import type { Environment } from "./policy.ts";

/**
 * The shortest sleep before the first retry in a batch that has nothing else to send, in milliseconds; it doubles with each later
 * retry.
 */
const EAGER_MS = 250;

/** The objects that a sleep needs. */
export type SleepEnvironment = Pick<Environment, "clock" | "deadlines" | "scheduler">;

/** The length of a sleep. */
export interface Sleep {
  /** The full length, in milliseconds. */
  readonly delayMs: number;
  /** The lane that the call goes to if it wakes early; absent if it must not wake early. */
  readonly hurriesTo: Lane | undefined;
}

/**
 * Puts a call to sleep. It holds no permit meanwhile, and its batch goes on without it.
 *
 * If the call may hurry, its batch may wake it early. The batch must have a free permit and nothing else to send, and the origin
 * must have served another request since the sleep began. The same holds for a single call that is as patient as those of
 * batches. If no other request is in flight to an origin that worked well not long ago, one sleeping call at a time wakes early
 * to test it, each once a round. If the origin is down and nobody is in line for it, a sleeping call wakes early and gets in
 * line, so that somebody probes it.
 *
 * @param environment The objects that a sleep needs.
 * @param call The call.
 * @param lane The lane in which the call failed; absent if it has several lanes.
 * @param sleep The length of the sleep, and the lane of an early retry. Only a call whose pause neither the origin nor the caller
 * has set may hurry.
 * @returns Whether the call goes on afterwards; otherwise there is nothing to wait for any more.
 * @throws {unknown} Rejects, with the reason of a cancellation, at once.
 */
export function sleepBetweenRounds(
  environment: SleepEnvironment,
  call: Call,
  lane: Lane | undefined,
  sleep: Sleep,
): Promise<boolean> {
  if (call.cancelled) return Promise.reject(call.reason);
  const { promise, resolve, reject } = deferredAcrossRequests<boolean>();
  call.pending = new BackoffSleep(environment, call, lane, sleep, { resolve, reject });
  fallAsleep(call);
  return promise;
}

class BackoffSleep implements Sleeper, DeadlineTarget, Pending {
  previous: Sleeper | undefined = undefined;
  next: Sleeper | undefined = undefined;
  readonly errand: Call;
  readonly #environment: SleepEnvironment;
  readonly #lane: Lane | undefined;
  readonly #hurriesTo: Lane | undefined;
  readonly #end: { resolve(isRested: boolean): void; reject(reason: unknown): void };
  readonly #sinceMs: number;
  readonly #untilMs: number;
  #deadline: Deadline;

  constructor(
    environment: SleepEnvironment,
    call: Call,
    lane: Lane | undefined,
    { delayMs, hurriesTo }: Sleep,
    end: { resolve(isRested: boolean): void; reject(reason: unknown): void },
  ) {
    this.errand = call;
    this.#environment = environment;
    this.#lane = lane;
    this.#end = end;
    this.#sinceMs = environment.clock.now();
    this.#untilMs = this.#sinceMs + delayMs;
    lane?.sleeping.push(this);
    this.#hurriesTo = hurriesTo;
    const isPatient = call.allowance !== undefined || call.patienceMs > 0;
    const mayBeEager = hurriesTo !== undefined && isPatient;
    const eagerMs = EAGER_MS * 2 ** Math.max(0, call.journey.round - 2);
    const firstMs = mayBeEager ? Math.min(delayMs, eagerMs) : delayMs;
    this.#deadline = environment.deadlines.add(this, firstMs, this.#sinceMs);
  }

  onDeadline(): void {
    const nowMs = this.#environment.clock.now();
    if (nowMs >= this.#untilMs || this.#isWantedNow(nowMs)) {
      this.#leave();
      return this.#end.resolve(true);
    }
    this.#deadline = this.#environment.deadlines.add(this, Math.min(this.#untilMs - nowMs, EAGER_MS), nowMs);
  }

  #isWantedNow(nowMs: number): boolean {
    const { allowance, patienceMs } = this.errand;
    // The batch may have been aborted while other calls wait for this one.
    if (allowance === undefined && patienceMs === 0) return false;
    if (allowance?.hasMore || (allowance !== undefined && allowance.active >= allowance.concurrency)) {
      return false;
    }
    const lane = this.#hurriesTo!;
    if (lane.isDown && this.#lane !== undefined) return lane.queued === 0;
    if (!isFree(lane, nowMs) || !this.#environment.scheduler.round.isIdle) return false;
    if (lane.succeededAtMs >= this.#sinceMs) return true;
    const { journey } = this.errand;
    const mayTest = this.#lane !== undefined && patienceMs > 0 && journey.testedInRound < journey.round;
    if (!mayTest || !lane.tryTest(nowMs)) return false;
    journey.testedInRound = journey.round;
    journey.restsUntilMs = this.#untilMs;
    return true;
  }

  giveUp(): void {
    this.#leave();
    this.#end.resolve(false);
  }

  purpose(): string {
    return "a retry";
  }

  cancel(reason: unknown): void {
    this.#leave();
    this.#end.reject(reason);
  }

  #leave(): void {
    this.errand.pending = undefined;
    this.#environment.deadlines.remove(this.#deadline);
    this.#lane?.sleeping.remove(this);
  }
}

/** Whether a request could go to the lane now. */
function isFree(lane: Lane, nowMs: number): boolean {
  return lane.queued === 0 && !lane.isDown && lane.blockedUntilMs(nowMs) <= nowMs;
}
