/**
 * The retry: rounds of attempts with a pause between them, in which nothing is held.
 *
 * @module
 */

import { isSlipstreamError, isTimeoutError } from "../errors.ts";
import { fallAsleep } from "../lanes/errand.ts";
import type { Lane } from "../lanes/lane.ts";
import { isAbandoned, isGivenUp } from "../lanes/refusal.ts";
import { isExhaustion, isGivenWay } from "./attempt_errors.ts";
import { sleepBetweenRounds } from "./backoff_sleep.ts";
import { likelyLane, noteRetry, waitForBudget, WITHOUT_BUDGET, workingTimeMs } from "./budget_wait.ts";
import type { Call } from "./call.ts";
import type { Environment, Handler, Policy } from "./policy.ts";
import type { Reply } from "./reply.ts";
import { noteFailure } from "./reply_error.ts";
import { isRefusal, reasonOf, type Round } from "./retry_reason.ts";

/** How many rounds may follow the first where nothing else is said. */
export const DEFAULT_RETRIES = 3;

/** So recently an origin must have answered others for a 429 not to count as a round, in milliseconds. */
const RECENT_MS = 10_000;
/** So often a request may be told to come again while others are served: they may be what its own middleware asks for each time. */
const MOST_REFUSALS = 100;

/** When to try again. */
export interface RetryOptions {
  /** The longest wait that a server may ask for, in milliseconds. */
  readonly maxRetryAfterMs: number;
  /** The lanes that a call may go to, the preferred one first. */
  readonly lanesOf: (call: Call) => readonly Lane[];
}

/** A round that was repeated, after so many milliseconds as far as that was known. */
interface RepeatedRound extends Round {
  readonly delayMs: number;
}

/** How a call goes on. */
interface Plan {
  readonly reason: string;
  /** How long it is until it may be sent again, as far as that is known now, in milliseconds. */
  readonly delayMs: number;
  /** Whether it sleeps for so long by itself; otherwise it gets in line, where the pause of its origin holds it. */
  readonly sleeps: boolean;
  /** Whether its batch may wake it early. */
  readonly mayHurry: boolean;
  /** Whether it has to wait until the budget has a retry for it. */
  readonly needsBudget: boolean;
  /** Whether it was told to come again, and goes before those that were never sent. */
  readonly isUrgent: boolean;
  /** Whether the round counts. */
  readonly counts: boolean;
}

/** A call that gets in line again, for nothing. */
const AT_ONCE = {
  delayMs: 0,
  sleeps: false,
  mayHurry: false,
  needsBudget: false,
  isUrgent: false,
  counts: false,
} as const;

/**
 * Repeats a round that failed for a reason that may pass: a network error, an attempt's timeout, a body that broke off, JSON
 * that ends early, and the statuses that say so. Waits as long as the server asks, or else backs off. Gives up, with what the
 * last round brought, when the request must not be sent twice, when `maxRetries` or the budget is used up, when the wait would
 * last longer than `maxRetryAfterMs` or the call may, and when there is nothing to wait for. Requests of batches wait for
 * the budget, as long as they would for an outage.
 *
 * @param environment What the policies share.
 * @param options When to try again.
 * @returns The policy.
 */
export function retry(environment: Environment, options: RetryOptions): Policy {
  return (next) => async (call) => {
    // One that comes from the straight way was counted there.
    if (call.journey.opening === undefined) environment.budget?.deposit(environment.clock.now());
    let earlier: RepeatedRound | undefined;
    for (;;) {
      const round = await runRound(next, call);
      // A round that was never sent says nothing; what the one before it brought does.
      if (earlier !== undefined && isRefusal(round.error)) {
        return concludeEarlier(earlier, call, round.error);
      }
      const plan = planOrDiscard(environment, options, call, round, earlier);
      if (plan === undefined) return conclude(round, call);
      round.reply?.openBody?.discard();
      // The permit of a body that is being got rid of is the call's no more.
      call.isInFlight = false;
      earlier = { ...round, delayMs: plan.delayMs };
      noteFailure(call, round.reply, round.error);
      report(environment, call, plan);
      // A listener that was told of it may have aborted it.
      call.throwIfCancelled();
      // Its batch pulls another one first.
      if (isGivenWay(round.error)) fallAsleep(call);
      if (plan.counts) call.journey.round++;
      call.journey.isUrgent = plan.isUrgent;
      if (!await rest(environment, options, call, plan)) return conclude(round, call);
      const lanes = options.lanesOf(call);
      if (call.journey.refusals > lanes.length) call.priority = lowestPriority(lanes, call.priority);
    }
  };
}

async function runRound(next: Handler, call: Call): Promise<Round> {
  try {
    return { reply: await next(call) };
  } catch (error) {
    // Whether it is worth another round is decided by the caller.
    return { error };
  }
}

function conclude({ reply, error }: Round, { journey: { notRetried } }: Call): Reply {
  if (reply !== undefined) return reply;
  // It was made before that was known.
  if (notRetried !== undefined && isSlipstreamError(error)) Object.assign(error.context, { notRetried });
  throw error;
}

/** What a round brought that was to be repeated; of a body that the caller was to read, too little is left. */
function concludeEarlier(round: Round, call: Call, refusal: unknown): Reply {
  if (round.reply !== undefined && call.readsFailures) throw refusal;
  return conclude(round, call);
}

/** The caller's own code may throw, of which a backoff may consist: nothing must be left open then. */
function planOrDiscard(
  environment: Environment,
  options: RetryOptions,
  call: Call,
  round: Round,
  earlier: RepeatedRound | undefined,
): Plan | undefined {
  try {
    return planOf(environment, options, call, round, earlier);
  } catch (error) {
    round.reply?.openBody?.discard();
    throw error;
  }
}

/** How to go on after a round, or `undefined` to give up. */
function planOf(
  environment: Environment,
  { maxRetryAfterMs, lanesOf }: RetryOptions,
  call: Call,
  round: Round,
  earlier: RepeatedRound | undefined,
): Plan | undefined {
  const { clock, backoff, budget, pauseOn429 } = environment;
  if (call.cancelled) return undefined;
  if (isGivenWay(round.error)) {
    return { ...AT_ONCE, reason: "its origin is silent, and others have use for its permit" };
  }
  const worth = reasonOf(call, round);
  // The caller may have ended it when asked.
  if (call.cancelled) return undefined;
  // A 429 says when to come again: that it was right says nothing of other retries.
  if (earlier !== undefined && earlier.reply?.status !== 429) {
    noteRetry(environment, call, round, worth !== undefined);
  }
  if (worth === undefined) return undefined;
  const { text: reason } = worth;
  const lanes = lanesOf(call);
  if (isExhaustion(round.error) && mayGoAgain(call, lanes)) {
    return { ...AT_ONCE, reason, isUrgent: true };
  }
  if (call.settings.maxRetries === 0 || !call.request.repeatable) return undefined;
  const nowMs = clock.now();
  const hasTested = call.journey.isTesting && lanes.length === 1;
  call.journey.isTesting = false;
  const isScout = call.journey.isScouting && call.settings.maxRetries === undefined;
  call.journey.isScouting = false;
  call.journey.failingSinceMs = Math.min(call.journey.failingSinceMs, nowMs);
  call.journey.hasComeAtOnce ||= round.reply?.retryAfterMs === 0;
  const { status, target } = round.reply ?? {};
  const askedMs = worth.delayMs ?? round.reply?.retryAfterMs;
  const isRefused = status === 429;
  // If it is refused again, that may be for what it asks for: then it must not keep all others from going.
  const isTold = isRefused || (status === 503 && askedMs !== undefined);
  const isNew = isTold && ++call.journey.refusals <= lanes.length;
  const unavailability = isTold && !isRefused ? target?.lane.unavailability : undefined;
  const isFit = call.settings.maxRetries === undefined;
  const goesAhead = unavailability?.goesAhead(call, isFit, maxRetryAfterMs, nowMs);
  const isUrgent = goesAhead ?? isNew;
  // Like a probe, it went for others as well, or will go for them.
  const isTest = hasTested || goesAhead === true;
  if (worth.delayMs === undefined && askedMs !== undefined && askedMs > maxRetryAfterMs) {
    return giveUp(call, "it would have to wait longer than 'maxRetryAfterMs'");
  }
  const pauseMs = target?.lane.pauseLeftMs(nowMs) ?? 0;
  const isPaused = isRefused && pauseOn429 === "origin" && pauseMs > 0;
  if (isFailedProbe(call, lanes)) {
    // A breaker whose cooldown is over would let it be the next one, again and again.
    if (wasLastProbe(call, lanes[0]!, nowMs)) {
      return giveUp(call, "its origin was down for longer than 'patienceMs'");
    }
    // It went ahead for all requests that wait, and gets in line again: the next probe is another request.
    const isAsked = status === 503 && askedMs !== undefined && pauseMs === 0;
    const delayMs = isAsked ? askedMs : lanes[0]!.breaker!.retryAfterMs;
    return { ...AT_ONCE, reason, delayMs, sleeps: isAsked };
  }
  // Rounds that do not count make it wait longer all the same.
  const step = isRefused ? Math.max(call.journey.round, call.journey.refusals) : usualStep(call);
  const delayMs = askedMs ?? (isPaused ? pauseMs : backoff(step, earlier?.delayMs));
  // In a batch, requests that are told to come again wait as long as others are served.
  const isServed = isRefused && call.allowance !== undefined && delayMs > 0 &&
    call.journey.refusals <= MOST_REFUSALS &&
    othersServedAtMs(call, target!.lane) >= nowMs - RECENT_MS - 2 * delayMs;
  const most = mostRetries(environment, call, lanes, round);
  if (!isServed && !isTest && !isScout && call.journey.round > most) return undefined;
  if (nowMs + delayMs >= call.deadlineAtMs) {
    return giveUp(call, "it would come after 'totalTimeoutMs'");
  }
  if (lanes.every((lane) => isHopeless(lane, call, delayMs))) return undefined;
  if (lanes.every((lane) => isGivenUp(lane, lanes, call, nowMs, maxRetryAfterMs))) {
    return giveUp(call, "its origin serves nothing, and asks for one pause after the other");
  }
  const needsBudget = !isRefused && !isTest && budget !== undefined;
  // Who is patient takes it when the retry is due.
  if (needsBudget && call.patienceMs === 0 && !budget.tryWithdraw(nowMs)) return giveUp(call, WITHOUT_BUDGET);
  // With several lanes, one may be free that has just failed: it is given time. So is a caller that wants more than the pause.
  const sleeps = !(isPaused && lanes.length === 1 && (worth.delayMs ?? 0) <= pauseMs);
  // The last one comes when it was meant to: early ones may all have met the same trouble.
  const isLast = call.journey.round > 1 && call.journey.round === most;
  const mayHurry = askedMs === undefined && !isRefused && !environment.keepsBackoff && !isLast;
  return {
    reason,
    delayMs,
    sleeps,
    mayHurry,
    needsBudget,
    isUrgent,
    counts: !isServed && !isTest && !isScout,
  };
}

function giveUp({ journey }: Call, why: string): undefined {
  journey.notRetried = why;
}

/**
 * How many rounds may follow the first. An origin that is full refuses some, and serves them the next time or the time after: who is patient
 * has as many as it takes there, unless it was said how many it shall have, or each costs a timeout.
 */
function mostRetries(
  environment: Environment,
  call: Call,
  lanes: readonly Lane[],
  { error }: Round,
): number {
  const { settings: { maxRetries }, patienceMs } = call;
  if (maxRetries !== undefined) return maxRetries;
  if (patienceMs === 0 || isTimeoutError(error)) return DEFAULT_RETRIES;
  const nowMs = workingTimeMs(environment);
  return lanes.reduce(
    (most, { retries }) => Math.max(most, retries?.retriesNeeded(nowMs) ?? 0),
    DEFAULT_RETRIES,
  );
}

/** The step of its backoff; those that an origin that is full has refused more often than usual begin anew, since others are served meanwhile. */
function usualStep({ journey: { round }, settings: { maxRetries } }: Call): number {
  if (maxRetries !== undefined) return Math.min(round, maxRetries);
  return round > DEFAULT_RETRIES ? 1 : round;
}

/** When the latest request began that a lane has served, the call itself not counted: a mirror there may answer that it has nothing for it. */
function othersServedAtMs({ journey: { answeredAtMs } }: Call, { succeededAtMs }: Lane): number {
  return succeededAtMs > answeredAtMs ? succeededAtMs : -Infinity;
}

/** Whether a call that has found no descriptor waits for those that have one: nothing of it was sent. */
function mayGoAgain({ request: { body } }: Call, lanes: readonly Lane[]): boolean {
  return !(body instanceof ReadableStream) && lanes.some(({ inFlight }) => inFlight > 0);
}

/** Whether a patient call was the probe of an origin that is still down. */
function isFailedProbe(call: Call, lanes: readonly Lane[]): boolean {
  return call.journey.isProbing && call.patienceMs > 0 && lanes.length === 1 &&
    lanes[0]!.breaker?.state === "open" &&
    !isAbandoned(lanes[0]!, call);
}

/** Whether no further probe is made for it: the outage had lasted for as long as the call is patient when the latest began. */
function wasLastProbe(call: Call, { outage, probedAtMs }: Lane, nowMs: number): boolean {
  return probedAtMs >= outage.patienceEnd(call, nowMs);
}

/** The lowest priority of those in line: one that is refused again and again goes behind them, or it would pause its origin for each of them. */
function lowestPriority(lanes: readonly Lane[], own: number): number {
  let lowest = own;
  for (const { waiting } of lanes) waiting.forEach(({ priority }) => lowest = Math.min(lowest, priority));
  return lowest;
}

/** Whether a call would still be refused after so long, or its origin is not waited for. */
function isHopeless(lane: Lane, call: Call, delayMs: number): boolean {
  if (isAbandoned(lane, call)) return true;
  return call.patienceMs === 0 && (lane.breaker?.retryAfterMs ?? 0) > delayMs;
}

/** Waits until the call may be sent again, as far as the lanes have no part in it; whether that is of any use. */
async function rest(
  environment: Environment,
  { lanesOf }: RetryOptions,
  call: Call,
  plan: Plan,
): Promise<boolean> {
  const lanes = lanesOf(call);
  const lane = lanes.length === 1 ? lanes[0] : undefined;
  if (plan.sleeps) {
    const hurriesTo = plan.mayHurry ? likelyLane(lanes, environment.clock.now()) : undefined;
    const { delayMs } = plan;
    if (!await sleepBetweenRounds(environment, call, lane, { delayMs, hurriesTo })) return false;
  }
  return !plan.needsBudget || call.patienceMs === 0 || await waitForBudget(environment, call, lanes);
}

function report({ reporter, clock, counters }: Environment, call: Call, { delayMs, reason }: Plan): void {
  counters.retried++;
  const retry = ++call.journey.retries;
  if (!reporter.active) return;
  reporter.emit({
    type: "retry",
    requestId: call.id,
    atMs: clock.now(),
    retry,
    delayMs,
    reason,
  });
}
