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

/** Why there is no retry where the budget has none. */
export const WITHOUT_BUDGET = "the retry budget is used up";

/** How often a request looks whether the budget has a retry for it, in milliseconds. */
const BUDGET_POLL = { delayMs: 250, hurriesTo: undefined };

/**
 * How long a request of a batch waits for the budget, in milliseconds, since a retry has succeeded for the last time. While the
 * batch has others to send, it waits on unless it is in their way.
 */
const BUDGET_PATIENCE_MS = 3_000;
/** And how long where retries have been of use: a budget that was used up at once has some again after so long. */
const REFILL_MS = 11_000;

/** How long ago an origin may have served something that a retry probably goes to, in milliseconds. */
const LATELY_MS = 10_000;

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
  // That an origin which is down refuses its probes says nothing of retries after that.
  if (isFailure && lane.isDown) return;
  const nowMs = workingTimeMs(environment);
  (lane.retries ??= new RetryRecord(nowMs)).noteEnd(!isFailure, nowMs);
  if (isFailure) return;
  lane.rescuedAtMs = environment.clock.now();
  const { budget, drought } = environment;
  // It may owe more than it gets back: what requests have paid in is forgotten before the retries that came later.
  if (budget?.balance === 0) drought.grantTwo();
  else budget?.restore(lane.rescuedAtMs);
}

/**
 * Waits until the budget has a retry for a call. While its origin is down, a few of those that wait are let through: they are
 * the ones that find out when it is back. So are scouts, one by one, while the budget is used up. Where nobody has been served since then,
 * it waits as for an outage.
 */
export async function waitForBudget(
  environment: Environment,
  call: Call,
  lanes: readonly Lane[],
): Promise<boolean> {
  const { clock, drought } = environment;
  if (tryRetry(environment, lanes)) return true;
  const { failingSinceMs } = call.journey;
  drought.enter(lanes.some(({ succeededAtMs }) => succeededAtMs > failingSinceMs), clock.now());
  try {
    return await waitInDrought(environment, call, lanes);
  } finally {
    drought.leave(clock.now());
  }
}

async function waitInDrought(environment: Environment, call: Call, lanes: readonly Lane[]): Promise<boolean> {
  const { clock, drought, budget } = environment;
  const { allowance } = call;
  const lane = lanes.length === 1 ? lanes[0] : undefined;
  // The budget's time stands still in an outage; patience does not.
  let sinceMs = clock.now();
  let workingSinceMs = workingTimeMs(environment);
  let freeSinceMs = workingSinceMs;
  let served = servedBy(lanes);
  do {
    // A line that stands still is not waited for.
    const isServing = served < (served = servedBy(lanes));
    // Who was told to come later waits until then in any case.
    if (
      lanes.some((lane) =>
        lane.rescuedAtMs > sinceMs || lane.pauseLeftMs(clock.now()) > 0 ||
        (isServing && lane.queued > 0 && !lane.isDown)
      )
    ) {
      sinceMs = clock.now();
      workingSinceMs = freeSinceMs = workingTimeMs(environment);
    }
    // The pace of one lane may be all that it waits for.
    const isDry = budget!.balance < 1;
    const isOutage = isDry && areUnanswered(lanes) && drought.isOutage(clock.now());
    const nowMs = workingTimeMs(environment);
    // Others may work, for which time goes on.
    if (isOutage || lanes.every(({ isDown }) => isDown)) workingSinceMs = freeSinceMs = nowMs;
    // As long as others are sent meanwhile, its wait costs the batch nothing.
    if (allowance?.hasMore) freeSinceMs = nowMs;
    const fromMs = allowance?.isCrowded ? workingSinceMs : freeSinceMs;
    const alive = likelyLane(lanes, clock.now());
    const areOfUse = lanes.some(({ retries }) => retries?.areOfUse(nowMs));
    const patienceMs = areOfUse ? REFILL_MS : BUDGET_PATIENCE_MS;
    const waitedMs = isOutage ? drought.ageMs(clock.now()) : clock.now() - sinceMs;
    if (nowMs - fromMs >= patienceMs || waitedMs >= call.patienceMs) {
      call.journey.notRetried = WITHOUT_BUDGET;
      return false;
    }
    if (alive?.isDown && alive.queued < ENOUGH_PROBERS) return true;
    const mayScout = isDry &&
      lanes.some((lane) => isOpen(lane) && (isOutage || isWorthScout(lane, call, nowMs)));
    if (mayScout && drought.trySendScout(clock.now())) {
      call.journey.isScouting = isOutage;
      return true;
    }
    if (!await sleepBetweenRounds(environment, call, lane, BUDGET_POLL)) return false;
  } while (!tryRetry(environment, lanes));
  return true;
}

/**
 * Takes a retry, if the budget has one and those of the lane follow each other no faster than is of use. An origin that is down and
 * has never served anything is not full: they wait in line for it, where the end of that finds them.
 */
function tryRetry(environment: Environment, lanes: readonly Lane[]): boolean {
  const lane = likelyLane(lanes, environment.clock.now());
  const nowMs = workingTimeMs(environment);
  const retries = lane === undefined || (lane.isDown && lane.succeeded === 0)
    ? undefined
    : lane.retries ??= new RetryRecord(nowMs);
  if (retries?.mayRetry(nowMs) === false || !tryPay(environment)) return false;
  retries?.noteSent(nowMs);
  return true;
}

/** Takes a retry from the budget, or one that another has paid for. */
function tryPay({ budget, drought, clock }: Environment): boolean {
  if (!budget!.tryWithdraw(clock.now())) return drought.tryTakeGranted();
  drought.notePaid();
  return true;
}

/** Whether nothing has come from there since the latest attempt that has failed was sent. */
function areUnanswered(lanes: readonly Lane[]): boolean {
  return lanes.every(({ answeredAtMs, failedAtMs }) => answeredAtMs < failedAtMs);
}

/** Whether a request would not have to wait there for anything but its turn. */
function isOpen({ isDown, pause }: Lane): boolean {
  return !isDown && pause === undefined;
}

/** Whether a request that has failed only once may find out whether retries are of use again. */
function isWorthScout({ retries }: Lane, { journey: { round } }: Call, nowMs: number): boolean {
  return round === 2 && retries?.areInVain(nowMs) !== true;
}

/**
 * Where a retry probably goes that could go to several origins: to the one that is left when all others are down and have never served
 * anything, or else to the first that has served something lately and asks for no pause; `undefined` if that can't be said.
 */
export function likelyLane(lanes: readonly Lane[], nowMs: number): Lane | undefined {
  if (lanes.length === 1) return lanes[0];
  const alive = lanes.filter(({ isDown, succeeded }) => !isDown || succeeded > 0);
  if (alive.length === 1) return alive[0];
  return alive.find((lane) => nowMs - lane.succeededAtMs <= LATELY_MS && lane.isHealthy(nowMs));
}

/** How many attempts have succeeded there. */
function servedBy(lanes: readonly Lane[]): number {
  return lanes.reduce((sum, { succeeded }) => sum + succeeded, 0);
}
