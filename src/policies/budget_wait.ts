/**
 * The part of a retry that the budget has: what waits for it, and when that is over.
 *
 * @module
 */

import type { Lane } from "../lanes/lane.ts";
import { sleepBetweenRounds } from "./backoff_sleep.ts";
import type { Call } from "./call.ts";
import type { Environment } from "./policy.ts";
import type { Reply } from "./reply.ts";
import { isWorthRetry } from "./retry_reason.ts";

/** How often a request looks whether the budget has a retry for it, in milliseconds. */
const BUDGET_POLL_MS = 250;

/**
 * How long a request of a batch waits for the budget, in milliseconds, since a retry has succeeded for the last time. While the
 * batch has others to send, it waits on unless it is in their way.
 */
const BUDGET_PATIENCE_MS = 3_000;

/** An origin that is down has probers enough when so many wait for it. */
const ENOUGH_PROBERS = 8;

/** The budget's time stands still in an outage: what happens then says nothing of how much may be retried after it. */
export function workingTimeMs({ scheduler, clock }: Environment): number {
  return scheduler.workingTime.at(clock.now());
}

/** A retry of a batch that succeeds shows that it is worth waiting for the budget. */
export function noteRescue(environment: Environment, call: Call, reply: Reply | undefined): void {
  if (reply?.target === undefined || isWorthRetry(call, reply.status) || call.patienceMs === 0) return;
  reply.target.lane.rescuedAtMs = environment.clock.now();
  environment.budget?.restore(workingTimeMs(environment));
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
  const budget = environment.budget!;
  const { allowance } = call;
  const lane = lanes.length === 1 ? lanes[0] : undefined;
  // The budget's time stands still in an outage; patience does not.
  let sinceMs = clock.now();
  let workingSinceMs = workingTimeMs(environment);
  let freeSinceMs = workingSinceMs;
  while (!budget.tryWithdraw(workingTimeMs(environment))) {
    if (lanes.some(({ rescuedAtMs }) => rescuedAtMs > sinceMs)) {
      sinceMs = clock.now();
      workingSinceMs = freeSinceMs = workingTimeMs(environment);
    }
    const nowMs = workingTimeMs(environment);
    // As long as others are sent meanwhile, its wait costs the batch nothing.
    if (allowance?.hasMore || lanes.some(({ queued }) => queued > 0)) freeSinceMs = nowMs;
    const fromMs = allowance?.isCrowded ? workingSinceMs : freeSinceMs;
    if (nowMs - fromMs >= BUDGET_PATIENCE_MS) return false;
    if (clock.now() - sinceMs >= call.patienceMs) return false;
    if (lane !== undefined && isDown(lane) && lane.queued < ENOUGH_PROBERS) return true;
    if (!await sleepBetweenRounds(environment, call, lane, BUDGET_POLL_MS)) return false;
  }
  return true;
}

function isDown({ breaker }: Lane): boolean {
  return breaker !== undefined && breaker.state !== "closed";
}
