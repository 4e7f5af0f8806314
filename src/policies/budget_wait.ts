/**
 * The part of a retry that the budget has: what waits for it, and when that is over.
 *
 * @module
 */

import type { Lane } from "../lanes/lane.ts";
import { RetryRecord } from "../lanes/retry_record.ts";
import { sleepBetweenRounds } from "./backoff_sleep.ts";
import type { Call } from "./call.ts";
import type { Environment } from "./policy.ts";
import { mayPass, type Round } from "./retry_reason.ts";

/** How often a request looks whether the budget has a retry for it, in milliseconds. */
const BUDGET_POLL = { delayMs: 250, hurriesTo: undefined };

/**
 * How long a request of a batch waits for the budget, in milliseconds, since a retry has succeeded for the last time. While the
 * batch has others to send, it waits on unless it is in their way.
 */
const BUDGET_PATIENCE_MS = 3_000;

/** An origin that is down has probers enough when so many wait for it. */
const ENOUGH_PROBERS = 8;

/** Time that stands still in an outage, as the budget's does. */
export function workingTimeMs({ scheduler, clock }: Environment): number {
  return scheduler.workingTime.at(clock.now());
}

/**
 * A retry of a patient call has ended: one that succeeds shows that it is worth waiting for the budget, and going on.
 *
 * @param environment What the policies share.
 * @param call The call.
 * @param round What the retry has brought.
 * @param isWorthMore Whether the caller, or else what it has brought, says that one more may do better.
 */
export function noteRetry(
  environment: Environment,
  call: Call,
  { reply, error }: Round,
  isWorthMore: boolean,
): void {
  const { lane } = reply?.target ?? call.target ?? {};
  // A 429 says when to come again.
  if (lane === undefined || reply?.status === 429 || call.patienceMs === 0) return;
  const isFailure = isWorthMore || mayPass(call, reply, error);
  if (reply === undefined && !isFailure) return;
  const nowMs = workingTimeMs(environment);
  (lane.retries ??= new RetryRecord(nowMs)).noteEnd(!isFailure, nowMs);
  if (isFailure) return;
  lane.rescuedAtMs = environment.clock.now();
  environment.budget?.restore(lane.rescuedAtMs);
}

/**
 * Waits until the budget has a retry for a call. While its origin is down, a few of those that wait are let through: they are
 * the ones that find out when it is back.
 */
export async function waitForBudget(
  environment: Environment,
  call: Call,
  lanes: readonly Lane[],
): Promise<boolean> {
  const { clock } = environment;
  const { allowance } = call;
  const lane = lanes.length === 1 ? lanes[0] : undefined;
  // The budget's time stands still in an outage; patience does not.
  let sinceMs = clock.now();
  let workingSinceMs = workingTimeMs(environment);
  let freeSinceMs = workingSinceMs;
  let served = servedBy(lanes);
  while (!tryRetry(environment, lane ?? onlyOneAlive(lanes))) {
    // A line that stands still is not waited for.
    const isServing = served < (served = servedBy(lanes));
    // Who was told to come later waits until then in any case.
    if (
      lanes.some((lane) =>
        lane.rescuedAtMs > sinceMs || lane.pauseLeftMs(clock.now()) > 0 ||
        (isServing && isBusy(environment, lane))
      )
    ) {
      sinceMs = clock.now();
      workingSinceMs = freeSinceMs = workingTimeMs(environment);
    }
    const nowMs = workingTimeMs(environment);
    // Others may work, for which time goes on.
    if (lanes.every(({ isDown }) => isDown)) workingSinceMs = freeSinceMs = nowMs;
    // As long as others are sent meanwhile, its wait costs the batch nothing.
    if (allowance?.hasMore || lanes.some(({ queued }) => queued > 0)) freeSinceMs = nowMs;
    const fromMs = allowance?.isCrowded ? workingSinceMs : freeSinceMs;
    if (nowMs - fromMs >= BUDGET_PATIENCE_MS) return false;
    if (clock.now() - sinceMs >= call.patienceMs) return false;
    const alive = lane ?? onlyOneAlive(lanes);
    if (alive?.isDown && alive.queued < ENOUGH_PROBERS) return true;
    if (!await sleepBetweenRounds(environment, call, lane, BUDGET_POLL)) return false;
  }
  return true;
}

/**
 * Takes a retry, if the budget has one and those of the lane follow each other no faster than is of use. An origin that is down and
 * has never served anything is not full: they wait in line for it, where the end of that finds them.
 */
function tryRetry(environment: Environment, lane: Lane | undefined): boolean {
  const nowMs = workingTimeMs(environment);
  const retries = lane === undefined || (lane.isDown && lane.succeeded === 0)
    ? undefined
    : lane.retries ??= new RetryRecord(nowMs);
  if (retries?.mayRetry(nowMs) === false || !environment.budget!.tryWithdraw(environment.clock.now())) {
    return false;
  }
  retries?.noteSent(nowMs);
  return true;
}

/** Where it goes that could go to several, if all others are down and have never served anything. */
export function onlyOneAlive(lanes: readonly Lane[]): Lane | undefined {
  const alive = lanes.filter(({ isDown, succeeded }) => !isDown || succeeded > 0);
  return alive.length === 1 ? alive[0] : undefined;
}

/** How many attempts have succeeded there. */
function servedBy(lanes: readonly Lane[]): number {
  return lanes.reduce((sum, { succeeded }) => sum + succeeded, 0);
}

/** Whether there is a line in which there may be retries that succeed. */
function isBusy(environment: Environment, lane: Lane): boolean {
  return lane.queued > 0 && !lane.isDown && lane.retries?.areInVain(workingTimeMs(environment)) !== true;
}
