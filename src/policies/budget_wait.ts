/**
 * A retry's wait for the retry budget, and the end of that wait.
 *
 * @module
 */

import type { Lane } from "../lanes/lane.ts";
import { RetryRecord } from "../lanes/retry_record.ts";
import { sleepBetweenRounds } from "./backoff_sleep.ts";
import type { Call } from "./call.ts";
import type { Environment } from "./policy.ts";
import { mayPass, type Round } from "./retry_reason.ts";

/** The reason in an error that there was no retry because the budget was empty. */
export const WITHOUT_BUDGET = "the retry budget is used up";

/** How often a waiting request checks whether the budget has a retry for it, in milliseconds. */
const BUDGET_POLL = { delayMs: 250, hurriesTo: undefined };

/**
 * How long a request of a batch waits for the budget without the success of any retry, in milliseconds. While the batch has other
 * requests to send, it waits longer.
 */
const BUDGET_PATIENCE_MS = 3_000;

/** A retry probably goes to an origin that has served something within this time, in milliseconds. */
const LATELY_MS = 10_000;

/** With so many requests in line, an origin that is down has enough probers. */
const ENOUGH_PROBERS = 8;

/** Returns the time without outages, in which the budget's time stands still. */
export function workingTimeMs({ scheduler, clock }: Environment): number {
  return scheduler.workingTime.at(clock.now());
}

/**
 * Records the end of a retry of a patient call. A success shows that it is worthwhile to wait for the budget, and to go on.
 *
 * @param environment The objects that the policies share.
 * @param call The call.
 * @param round The result of the retry.
 * @param isWorthMore Whether the caller, or else the result, says that one more retry may do better.
 */
export function noteRetry(
  environment: Environment,
  call: Call,
  { reply, error }: Round,
  isWorthMore: boolean,
): void {
  const { lane } = reply?.target ?? call.target ?? {};
  // A 429 says when to come again, so it says nothing about other retries.
  if (lane === undefined || reply?.status === 429 || call.patienceMs === 0) return;
  const isFailure = isWorthMore || mayPass(call, reply, error);
  if (reply === undefined && !isFailure) return;
  // An origin that is down refuses its probes; that says nothing about retries afterwards.
  if (isFailure && lane.isDown) return;
  const nowMs = workingTimeMs(environment);
  (lane.retries ??= new RetryRecord(nowMs)).noteEnd(!isFailure, nowMs);
  if (isFailure) return;
  lane.rescuedAtMs = environment.clock.now();
  const { budget, drought } = environment;
  // The budget may owe more than it gets back: it forgets the deposits of requests before their later retries.
  if (budget?.balance === 0) drought.grantTwo();
  else budget?.restore(lane.rescuedAtMs);
}

/**
 * Waits until the budget has a retry for a call. While the call's origin is down, a few of the waiting calls go on to line up for
 * it as probers, and find out when it is back. While the budget is empty, scouts go on one by one. If no origin has served
 * anything since the budget ran out, the call waits as for an outage.
 */
export async function waitForBudget(
  environment: Environment,
  call: Call,
  lanes: readonly Lane[],
): Promise<boolean> {
  const { clock, drought } = environment;
  if (tryRetry(environment, lanes)) return true;
  drought.enter(call.journey.failingSinceMs, clock.now());
  try {
    return await waitInDrought(environment, call, lanes);
  } finally {
    drought.leave(clock.now());
  }
}

async function waitInDrought(environment: Environment, call: Call, lanes: readonly Lane[]): Promise<boolean> {
  const { clock, drought, budget } = environment;
  const lane = lanes.length === 1 ? lanes[0] : undefined;
  // In an outage, the budget's time stands still; the call's patience does not.
  let sinceMs = clock.now();
  let workingSinceMs = workingTimeMs(environment);
  let served = servedBy(lanes);
  do {
    // Wait for a line only if the origin serves it.
    const isServing = served < (served = servedBy(lanes));
    // A pause that the origin asked for is waited out in any case.
    if (
      lanes.some((lane) =>
        lane.rescuedAtMs > sinceMs || lane.pauseLeftMs(clock.now()) > 0 ||
        (isServing && lane.queued > 0 && !lane.isDown)
      )
    ) {
      sinceMs = clock.now();
      workingSinceMs = workingTimeMs(environment);
    }
    // Unless the budget is dry, the call waits only for the pace of its lane.
    const isDry = budget!.balance < 1;
    const isOutage = isDry && drought.isOutage(clock.now());
    const nowMs = workingTimeMs(environment);
    // While another origin works, working time goes on; so do not count an outage of this call's own lanes, nor the short time
    // between two of them. As long as others are sent meanwhile, this wait costs the batch nothing.
    const isAway = isOutage ||
      lanes.every(({ isDown, strain }) => isDown || strain?.hasRelapsed(clock.now()));
    if (isAway || call.allowance?.hasMore) workingSinceMs = nowMs;
    const alive = likelyLane(lanes, clock.now());
    const waitedMs = isOutage ? drought.ageMs(clock.now()) : clock.now() - sinceMs;
    if (nowMs - workingSinceMs >= BUDGET_PATIENCE_MS || waitedMs >= call.patienceMs) {
      call.journey.notRetried = WITHOUT_BUDGET;
      return false;
    }
    if (alive?.isDown && alive.queued < ENOUGH_PROBERS) return true;
    if (isDry && lanes.some(isOpen) && drought.trySendScout(clock.now())) return true;
    if (!await sleepBetweenRounds(environment, call, lane, BUDGET_POLL)) return false;
  } while (!tryRetry(environment, lanes));
  return true;
}

/**
 * Takes a retry from the budget, if there is one and the lane's retries do not follow each other too fast. That pace does not
 * hold for an origin that is down and has never served anything: its calls get in line, and go when the outage ends.
 */
function tryRetry(environment: Environment, lanes: readonly Lane[]): boolean {
  const lane = likelyLane(lanes, environment.clock.now());
  // A pace limits retries by itself.
  if (lane?.strain?.isPacing === true) return true;
  const nowMs = workingTimeMs(environment);
  const retries = lane === undefined || (lane.isDown && lane.succeeded === 0)
    ? undefined
    : lane.retries ??= new RetryRecord(nowMs);
  if (retries?.mayRetry(nowMs) === false || !tryPay(environment)) return false;
  retries?.noteSent(nowMs);
  return true;
}

/** Takes a retry from the budget, or a granted one. */
function tryPay({ budget, drought, clock }: Environment): boolean {
  if (!budget!.tryWithdraw(clock.now())) return drought.tryTakeGranted();
  drought.notePaid();
  return true;
}

/** Whether a request to the lane would wait only for its turn. */
function isOpen({ isDown, pause }: Lane): boolean {
  return !isDown && pause === undefined;
}

/**
 * Returns the lane that a retry with several origins probably goes to: the only one left when all others are down and have never
 * served anything, or else the first that has served something lately and asks for no pause; `undefined` if that is unknown.
 */
export function likelyLane(lanes: readonly Lane[], nowMs: number): Lane | undefined {
  if (lanes.length === 1) return lanes[0];
  const alive = lanes.filter(({ isDown, succeeded }) => !isDown || succeeded > 0);
  if (alive.length === 1) return alive[0];
  return alive.find((lane) => nowMs - lane.succeededAtMs <= LATELY_MS && lane.isHealthy(nowMs));
}

/** Returns how many attempts have succeeded in the lanes. */
function servedBy(lanes: readonly Lane[]): number {
  return lanes.reduce((sum, { succeeded }) => sum + succeeded, 0);
}
