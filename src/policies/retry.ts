/**
 * The retry policy: rounds of attempts with a pause between them. During a pause the call holds no permit and no token.
 *
 * @module
 */

import { isOverloadError, isSlipstreamError } from "../errors.ts";
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
import { isRefusal, reasonOf, type RetryReason, type Round } from "./retry_reason.ts";

/** The default number of rounds after the first. */
export const DEFAULT_RETRIES = 3;

/**
 * How recently the origin must have served other requests for a 429 not to count as a round, in milliseconds, besides twice the
 * pause that was asked for, in which it may serve none.
 */
const RECENT_MS = 10_000;
/**
 * The most 429s that a request of a batch may get without counting them as rounds. The other requests that the origin serves may
 * be those that this request's own middleware makes each time; so the number needs a bound.
 */
const MOST_REFUSALS = 100;
/**
 * The same for a single call, unless it has its own `maxRetries`. The pauses of its origin may be shorter than the call's own
 * backoff, so that the usual number of rounds would be over too soon.
 */
const MOST_REFUSALS_OF_SINGLE = 3;

/** Why a call ends although its failure was worth a retry. */
const TOO_LATE = "it would come after 'totalTimeoutMs'";
const OUTLASTED = "its origin was down for longer than 'patienceMs'";
const SERVES_NOTHING = "its origin serves nothing, and asks for one pause after the other";

/** The options of the retry policy. */
export interface RetryOptions {
  /** The longest wait that the client accepts from a server, in milliseconds. */
  readonly maxRetryAfterMs: number;
  /** The lanes that a call may go to, the preferred one first. */
  readonly lanesOf: (call: Call) => readonly Lane[];
}

/** A round that was repeated, with the length of the pause after it in milliseconds, as far as that was known. */
interface RepeatedRound extends Round {
  readonly delayMs: number;
}

/** How a call goes on after a failed round. */
interface Plan {
  readonly reason: string;
  /** The time until the call may be sent again, as far as it is known now, in milliseconds. */
  readonly delayMs: number;
  /** Whether the call sleeps for that time by itself; otherwise it gets in line, where the pause of its origin holds it. */
  readonly sleeps: boolean;
  /** Whether the batch may wake the call early. */
  readonly mayHurry: boolean;
  /** Whether the call has to wait until the retry budget has a retry for it. */
  readonly needsBudget: boolean;
  /** Whether the origin told the call to come again, so that it goes before requests that were never sent. */
  readonly isUrgent: boolean;
  /** Whether the failed round counts against `maxRetries`. */
  readonly counts: boolean;
}

/** The plan of a call that gets in line again, without a pause and without a retry from the budget. */
const AT_ONCE = {
  delayMs: 0,
  sleeps: false,
  mayHurry: false,
  needsBudget: false,
  isUrgent: false,
  counts: false,
} as const;

/**
 * Repeats a round that failed for a reason that may pass: a network error, an attempt's timeout, a body that broke off, JSON that
 * ends early, or a status that is worth a retry. Waits as long as the server asks, or else backs off.
 *
 * Gives up, with the result of the last round, when the request must not be sent twice, or when `maxRetries` or the retry budget
 * is used up. Gives up too when the wait would be longer than `maxRetryAfterMs` or end after the total deadline, or when there is
 * nothing to wait for. Requests of batches wait for the budget as long as they would wait out an outage.
 *
 * @param environment The objects that the policies share.
 * @param options The options of the retry policy.
 * @returns The policy.
 */
export function retry(environment: Environment, options: RetryOptions): Policy {
  return (next) => async (call) => {
    // A call from the straight way was counted there.
    if (call.journey.opening === undefined) environment.budget?.deposit(environment.clock.now());
    let earlier: RepeatedRound | undefined;
    for (;;) {
      const round = await runRound(next, call);
      // A round that was never sent says nothing; the result of the round before does.
      if (earlier !== undefined && isRefusal(round.error)) {
        giveUp(call, whyRefused(environment, call, options.lanesOf(call), round.error));
        return concludeEarlier(earlier, call, round.error);
      }
      const plan = planOrDiscard(environment, options, call, round, earlier);
      if (plan === undefined) return conclude(round, call);
      round.reply?.openBody?.discard();
      // The permit of a body that is being discarded does not belong to the call any more.
      call.isInFlight = false;
      earlier = { ...round, delayMs: plan.delayMs };
      noteFailure(call, round.reply, round.error);
      report(environment, call, plan);
      // The event's listener may have aborted the call.
      call.throwIfCancelled();
      // Let the batch pull another request first.
      if (isGivenWay(round.error)) fallAsleep(call);
      if (plan.counts) call.journey.round++;
      call.journey.isUrgent = plan.isUrgent;
      if (!await rest(environment, options, call, plan)) {
        call.journey.notRetried ??= whyHopeless(environment, call, options.lanesOf(call));
        return conclude(round, call);
      }
      const lanes = options.lanesOf(call);
      if (call.journey.refusals > lanes.length) call.priority = lowestPriority(lanes, call.priority);
    }
  };
}

async function runRound(next: Handler, call: Call): Promise<Round> {
  try {
    return { reply: await next(call) };
  } catch (error) {
    // The retry policy decides whether the error is worth another round.
    return { error };
  }
}

function conclude({ reply, error }: Round, { journey: { notRetried } }: Call): Reply {
  if (reply !== undefined) return reply;
  // The error was created before the reason was known.
  if (notRetried !== undefined && isSlipstreamError(error)) Object.assign(error.context, { notRetried });
  throw error;
}

/**
 * Concludes with the round before the refused one. If the caller reads the bodies of failures, it gets the refusal instead: that
 * round's body was discarded.
 */
function concludeEarlier(round: Round, call: Call, refusal: unknown): Reply {
  if (round.reply !== undefined && call.readsFailures) throw refusal;
  return conclude(round, call);
}

/** Plans how to go on. The caller's own code, such as `random` in a backoff, may throw; then no body may stay open. */
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

/** Returns how to go on after a round; `undefined` to give up. */
function planOf(
  environment: Environment,
  options: RetryOptions,
  call: Call,
  round: Round,
  earlier: RepeatedRound | undefined,
): Plan | undefined {
  if (call.cancelled) return undefined;
  if (isGivenWay(round.error)) {
    return { ...AT_ONCE, reason: "its origin is silent, and other requests need its permit" };
  }
  const reason = reasonOf(call, round);
  // The caller's `retryOn` may have aborted the call.
  if (call.cancelled) return undefined;
  // A 429 says when to come again: its success says nothing about other retries.
  if (earlier !== undefined && earlier.reply?.status !== 429) {
    noteRetry(environment, call, round, reason !== undefined);
  }
  if (reason === undefined) return undefined;
  const lanes = options.lanesOf(call);
  if (isExhaustion(round.error) && mayGoAgain(call, lanes)) {
    return { ...AT_ONCE, reason: reason.text, isUrgent: true };
  }
  if (call.settings.maxRetries === 0 || !call.request.repeatable) return undefined;
  const failed = noteFailedRound(environment, call, lanes, round.reply, reason);
  const { maxRetryAfterMs } = options;
  if (reason.delayMs === undefined && failed.askedMs !== undefined && failed.askedMs > maxRetryAfterMs) {
    return giveUp(call, "it would have to wait longer than 'maxRetryAfterMs'");
  }
  return isFailedProbe(call, lanes)
    ? planAfterProbe(failed)
    : planAfterFailure(environment, maxRetryAfterMs, failed, earlier?.delayMs);
}

/** A failed round that is worth another one, with everything that decides when. */
interface FailedRound {
  readonly call: Call;
  /** The lanes that the call may go to. */
  readonly lanes: readonly Lane[];
  readonly nowMs: number;
  readonly reason: RetryReason;
  readonly status: number | undefined;
  /** The lane that gave the reply; absent if there was none. */
  readonly lane: Lane | undefined;
  /** The wait that the caller or the server asked for, in milliseconds. */
  readonly askedMs: number | undefined;
  /** How long the pause of the lane lasts, in milliseconds. */
  readonly pauseMs: number;
  /** Whether that pause holds the call. */
  readonly isPaused: boolean;
  readonly isUrgent: boolean;
  /** The end of the sleep that the call cut short to test its origin; absent if it made no such test. */
  readonly restsUntilMs: number | undefined;
}

/** Notes a failed round in the journey of its call. */
function noteFailedRound(
  { clock, pauseOn429 }: Environment,
  call: Call,
  lanes: readonly Lane[],
  reply: Reply | undefined,
  reason: RetryReason,
): FailedRound {
  const { journey } = call;
  const { status } = reply ?? {};
  const lane = reply?.target?.lane;
  const nowMs = clock.now();
  const { restsUntilMs } = journey;
  journey.restsUntilMs = undefined;
  journey.failingSinceMs = Math.min(journey.failingSinceMs, nowMs);
  journey.hasComeAtOnce ||= reply?.retryAfterMs === 0;
  const askedMs = reason.delayMs ?? reply?.retryAfterMs;
  const pauseMs = lane?.pauseLeftMs(nowMs) ?? 0;
  const isPaused = status === 429 && pauseOn429 === "origin" && pauseMs > 0;
  // A request that is refused again may be refused for what it asks for; then it must not go before the others again and again.
  const isTold = status === 429 || (status === 503 && askedMs !== undefined);
  const isUrgent = isTold && ++journey.refusals <= lanes.length;
  return { call, lanes, nowMs, reason, status, lane, askedMs, pauseMs, isPaused, isUrgent, restsUntilMs };
}

/**
 * Plans how a call goes on that was the probe of an origin which is still down. It probed for all requests that wait, and gets in
 * line again; another request makes the next probe. Otherwise the breaker would admit this call again and again.
 */
function planAfterProbe(
  { call, lanes, nowMs, reason, status, askedMs, pauseMs }: FailedRound,
): Plan | undefined {
  const lane = lanes[0]!;
  if (wasLastProbe(call, lane, nowMs)) {
    return giveUp(call, OUTLASTED);
  }
  const isAsked = status === 503 && askedMs !== undefined && pauseMs === 0;
  const delayMs = isAsked ? askedMs : lane.breaker!.retryAfterMs;
  return { ...AT_ONCE, reason: reason.text, delayMs, sleeps: isAsked };
}

function planAfterFailure(
  environment: Environment,
  maxRetryAfterMs: number,
  failed: FailedRound,
  earlierDelayMs: number | undefined,
): Plan | undefined {
  const { call, lanes, nowMs, reason, askedMs, pauseMs, isPaused, isUrgent } = failed;
  const { budget } = environment;
  const isRefused = failed.status === 429;
  // Like a probe, such a call went ahead for the sake of other calls.
  const isTest = failed.restsUntilMs !== undefined;
  const delayMs = delayAfter(environment, failed, earlierDelayMs);
  // A request that gets a 429 may come again without counting rounds, as long as the origin serves others.
  const isServed = isRefused && delayMs > 0 && call.journey.refusals <= mostRefusals(call, isPaused) &&
    othersServedAtMs(call, failed.lane!) >= nowMs - RECENT_MS - 2 * (askedMs ?? pauseMs);
  const most = mostRetries(environment, call, lanes);
  if (!isServed && !isTest && call.journey.round > most) return undefined;
  if (nowMs + delayMs >= call.deadlineAtMs) {
    return giveUp(call, TOO_LATE);
  }
  if (lanes.every((lane) => isHopeless(lane, call, delayMs))) {
    return giveUp(call, whyHopeless(environment, call, lanes));
  }
  if (lanes.every((lane) => isGivenUp(lane, lanes, call, nowMs, maxRetryAfterMs))) {
    return giveUp(call, SERVES_NOTHING);
  }
  const needsBudget = !isRefused && !isTest && budget !== undefined;
  // A patient call takes its retry from the budget when the retry is due.
  if (needsBudget && call.patienceMs === 0 && !budget.tryWithdraw(nowMs)) return giveUp(call, WITHOUT_BUDGET);
  // With one lane, the pause holds the call in line. With several, a lane that has just failed may be free: the sleep gives it
  // time. A caller that wants a longer delay than the pause also sleeps.
  const sleeps = !(isPaused && lanes.length === 1 && (reason.delayMs ?? 0) <= pauseMs);
  // The last retry keeps to its full pause: hurried retries may all have met the same trouble.
  const isLast = call.journey.round > 1 && call.journey.round === most;
  const mayHurry = askedMs === undefined && !isRefused && !environment.keepsBackoff && !isLast;
  const counts = !isServed && !isTest;
  return { reason: reason.text, delayMs, sleeps, mayHurry, needsBudget, isUrgent, counts };
}

/** Returns how long a call waits before the next round, in milliseconds. */
function delayAfter(
  { backoff }: Environment,
  { call, lanes, nowMs, status, askedMs, pauseMs, isPaused, restsUntilMs = nowMs }: FailedRound,
  earlierDelayMs: number | undefined,
): number {
  if (askedMs !== undefined) return askedMs;
  if (isPaused) return pauseMs;
  // A call whose test has failed goes on with its sleep.
  if (restsUntilMs > nowMs) return restsUntilMs - nowMs;
  const { round, refusals } = call.journey;
  // Rounds that do not count lengthen the pause all the same.
  const step = status === 429 ? Math.max(round, refusals) : usualStep(call, lanes);
  return backoff(step, earlierDelayMs);
}

function giveUp({ journey }: Call, why: string): undefined {
  journey.notRetried = why;
}

/** Returns why a retry was not sent, although the call got in line for it. */
function whyRefused(environment: Environment, call: Call, lanes: readonly Lane[], refusal: unknown): string {
  return isOverloadError(refusal)
    ? `it was in line for longer than '${refusal.limit}'`
    : whyHopeless(environment, call, lanes);
}

/** Returns why a call does not wait for its lanes, or not any longer. */
function whyHopeless({ clock }: Environment, call: Call, lanes: readonly Lane[]): string {
  if (lanes.every((lane) => isAbandoned(lane, call))) return "nothing has ever come from its origin";
  const nowMs = clock.now();
  const pauseMs = Math.min(...lanes.map((lane) => lane.pauseLeftMs(nowMs)));
  const openMs = Math.min(...lanes.map(({ breaker }) => breaker?.retryAfterMs ?? 0));
  if (nowMs + Math.max(pauseMs, openMs) > call.deadlineAtMs) return TOO_LATE;
  if (pauseMs > 0 && !lanes.every(({ isDown }) => isDown)) return SERVES_NOTHING;
  return call.patienceMs === 0 ? "the circuit breaker of its origin is open" : OUTLASTED;
}

/**
 * Returns how many rounds may follow the first. An origin at capacity refuses some requests, and serves them the next time or the
 * time after. So a patient call has as many retries as such requests need there, unless `maxRetries` is given. A call that has
 * tested its origin in vain has one retry more than usual.
 */
function mostRetries(environment: Environment, call: Call, lanes: readonly Lane[]): number {
  const { settings: { maxRetries }, patienceMs } = call;
  if (maxRetries !== undefined) return maxRetries;
  if (patienceMs === 0) return DEFAULT_RETRIES;
  if (hasTestedInVain(call, lanes)) return DEFAULT_RETRIES + 1;
  const nowMs = workingTimeMs(environment);
  return lanes.reduce(
    (most, { retries }) => Math.max(most, retries?.retriesNeeded(nowMs) ?? 0),
    DEFAULT_RETRIES,
  );
}

/**
 * Returns how many 429s need not count as rounds while the origin serves others.
 *
 * @param call The call.
 * @param isPaused Whether its origin pauses, so that the call does not back off by itself.
 */
function mostRefusals({ allowance, settings: { maxRetries } }: Call, isPaused: boolean): number {
  if (allowance !== undefined) return MOST_REFUSALS;
  return isPaused && maxRetries === undefined ? MOST_REFUSALS_OF_SINGLE : 0;
}

/**
 * Returns the step of the backoff. A call that has more retries than usual, at an origin at capacity, begins anew with short
 * pauses, since the origin serves others meanwhile.
 */
function usualStep(call: Call, lanes: readonly Lane[]): number {
  const { journey: { round }, settings: { maxRetries } } = call;
  if (maxRetries !== undefined) return Math.min(round, maxRetries);
  if (round <= DEFAULT_RETRIES) return round;
  return hasTestedInVain(call, lanes) ? DEFAULT_RETRIES : 1;
}

/**
 * Whether the call has tested its origin, and that has served nobody since the call first failed. It may be down, although the
 * breaker did not open because only the last few requests of a batch have met the failure.
 */
function hasTestedInVain({ journey }: Call, lanes: readonly Lane[]): boolean {
  return journey.testedInRound > 0 && lanes[0]!.succeededAtMs < journey.failingSinceMs;
}

/**
 * Returns when the latest request began that the lane has served. The call's own do not count: a mirror there may have answered
 * that it does not have the resource.
 */
function othersServedAtMs({ journey: { answeredAtMs } }: Call, { succeededAtMs }: Lane): number {
  return succeededAtMs > answeredAtMs ? succeededAtMs : -Infinity;
}

/** Whether a call that found no file descriptor may get in line behind those that have one. Nothing of its request was sent. */
function mayGoAgain({ request: { body } }: Call, lanes: readonly Lane[]): boolean {
  return !(body instanceof ReadableStream) && lanes.some(({ inFlight }) => inFlight > 0);
}

/** Whether a patient call was the probe of an origin that is still down. */
function isFailedProbe(call: Call, lanes: readonly Lane[]): boolean {
  return call.journey.isProbing && call.patienceMs > 0 && lanes.length === 1 &&
    lanes[0]!.breaker?.state === "open" &&
    !isAbandoned(lanes[0]!, call);
}

/** Whether the client makes no further probe for the call: its patience had ended before the latest probe began. */
function wasLastProbe(call: Call, { outage, probedAtMs }: Lane, nowMs: number): boolean {
  return probedAtMs >= outage.patienceEnd(call, nowMs);
}

/**
 * Returns the lowest priority in line, for a call that is refused again and again. It goes behind the others; otherwise it would
 * pause its origin before each of them.
 */
function lowestPriority(lanes: readonly Lane[], own: number): number {
  let lowest = own;
  for (const { waiting } of lanes) waiting.forEach(({ priority }) => lowest = Math.min(lowest, priority));
  return lowest;
}

/** Whether the breaker will still refuse the call after that time, or the call does not wait for the origin at all. */
function isHopeless(lane: Lane, call: Call, delayMs: number): boolean {
  if (isAbandoned(lane, call)) return true;
  return call.patienceMs === 0 && (lane.breaker?.retryAfterMs ?? 0) > delayMs;
}

/** Waits out the pause and the retry budget, but not what the lanes decide. Returns whether it makes sense to go on. */
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
