/**
 * The sleep of a request between two rounds.
 *
 * @module
 */

import { fallAsleep } from "../lanes/errand.ts";
import type { Lane, Sleeper } from "../lanes/lane.ts";
import type { Deadline, DeadlineTarget } from "../primitives/deadline_queue.ts";
import { deferredAcrossRequests } from "../primitives/deferred.ts";
import type { Call, Pending } from "./call.ts";
import type { Environment } from "./policy.ts";

/** How soon the first retry of a batch may be that has nothing else to send, in milliseconds; each later one twice that. */
const EAGER_MS = 250;

/** How many times as long that is while too much may be in flight: the limit of the lane is lower since, and half of it used. */
const STRAINED = 4;

/** What a sleep needs of what the policies share. */
export type SleepEnvironment = Pick<Environment, "clock" | "deadlines" | "scheduler">;

/** How long a call sleeps. */
export interface Sleep {
  /** In milliseconds. */
  readonly delayMs: number;
  /** Where it goes if it is woken early; absent if it must not be. */
  readonly hurriesTo: Lane | undefined;
}

/**
 * Lets a call sleep. It holds nothing meanwhile, and its batch goes on without it. If it may hurry, a batch that has a free permit and
 * nothing else to send wakes it early, if its origin has answered another request well since; so does the client, if a single call is
 * as patient as those of batches. If no request asks the origin, which was well not long ago, one call at a time goes early to find out, each
 * once a round.
 *
 * @param environment What the policies share.
 * @param call The call.
 * @param lane The lane in which it failed; absent when it has several.
 * @param sleep How long, in milliseconds; and where it goes if it may hurry, as neither the origin nor the caller has said how long.
 * @returns Whether it goes on afterwards; otherwise there is nothing to wait for any more.
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
  readonly #eagerMs: number;
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
    this.#eagerMs = EAGER_MS * 2 ** Math.max(0, call.journey.round - 2);
    const firstMs = mayBeEager ? Math.min(delayMs, this.#eagerMs) : delayMs;
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
    // Its batch may have been aborted, while others wait for it.
    if (allowance === undefined && patienceMs === 0) return false;
    if (allowance?.hasMore || (allowance !== undefined && allowance.active >= allowance.concurrency)) {
      return false;
    }
    const lane = this.#hurriesTo!;
    if (!isFree(lane, nowMs) || !this.#environment.scheduler.isIdle) return false;
    const { current, most } = lane.limit;
    const isStrained = current < most && lane.inFlight >= current / 2;
    if (nowMs < this.#sinceMs + this.#eagerMs * (isStrained ? STRAINED : 1)) return false;
    if (lane.succeededAtMs >= this.#sinceMs) return true;
    const { journey } = this.errand;
    journey.isTesting = this.#lane !== undefined && patienceMs > 0 && journey.testedInRound < journey.round &&
      lane.tryTest(nowMs);
    if (journey.isTesting) journey.testedInRound = journey.round;
    return journey.isTesting;
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

/** Whether a request could go there now. */
function isFree(lane: Lane, nowMs: number): boolean {
  return lane.queued === 0 && !lane.isDown && lane.blockedUntilMs(nowMs) <= nowMs;
}
