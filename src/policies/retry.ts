/**
 * Station 4, the retry: rounds of attempts with a pause between them, in which nothing is held.
 *
 * @module
 */

import { isCircuitOpenError, isHttpError, isInvalidDataError, isNetworkError } from "../errors.ts";
import { isRetryableStatus } from "../http/classify.ts";
import type { Backoff } from "../primitives/backoff.ts";
import type { RetryBudget } from "../primitives/retry_budget.ts";
import type { Call } from "./call.ts";
import type { Environment, Policy } from "./policy.ts";
import type { Reply } from "./reply.ts";

/** When to try again. */
export interface RetryOptions {
  readonly backoff: Backoff;
  /** What bounds the retries of all calls together; `undefined` for no bound. */
  readonly budget: RetryBudget | undefined;
  /** The longest wait that a server may ask for, in milliseconds. */
  readonly maxRetryAfterMs: number;
  /** How long every breaker that a call could pass refuses it, in milliseconds. */
  readonly shutForMs: (call: Call) => number;
}

/** Why a round has to be repeated. */
interface RoundFailure {
  readonly reason: string;
  /** How long the server asked to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/**
 * Repeats a round that failed for a reason that may pass: a network error, an attempt's timeout, a body that broke off or
 * JSON that ends early, and the statuses 408, 429, 500, 502, 503 and 504. Waits as long as the server asks, or else backs
 * off. Gives up, with what the last round brought, when the request must not be sent twice, when `maxRetries` or the
 * budget is used up, and when the wait would last longer than `maxRetryAfterMs` or the call may.
 *
 * @param environment What the stations share.
 * @param options When to try again.
 * @returns The policy.
 */
export function retry(environment: Environment, options: RetryOptions): Policy {
  return (next) => async (call) => {
    options.budget?.deposit(call.startedAtMs);
    let previousMs: number | undefined;
    let earlier: RoundResult | undefined;
    for (let round = 1;; round++) {
      let reply: Reply | undefined;
      let failure: RoundFailure | undefined;
      let thrown: unknown;
      try {
        reply = await next(call);
        if (!isRetryableStatus(reply.status)) return reply;
        failure = { reason: String(reply.status), retryAfterMs: reply.retryAfterMs };
      } catch (error) {
        // A round that was never sent says nothing; what the one before it brought does.
        if (isCircuitOpenError(error) && earlier !== undefined) return concludeEarlier(earlier, call, error);
        failure = failureOf(error);
        thrown = error;
      }
      const delayMs = failure === undefined
        ? undefined
        : nextDelay(environment, options, call, round, failure, previousMs);
      if (delayMs === undefined) {
        if (reply !== undefined) return reply;
        throw thrown;
      }
      reply?.openBody?.discard();
      previousMs = delayMs;
      earlier = { reply, thrown };
      report(environment, call, round, delayMs, failure!.reason);
      await environment.deadlines.sleep(delayMs, { signal: call.signal });
    }
  };
}

interface RoundResult {
  readonly reply: Reply | undefined;
  readonly thrown: unknown;
}

/** What a round brought that was to be repeated; of a body that the caller was to read, too little is left. */
function concludeEarlier({ reply, thrown }: RoundResult, call: Call, refusal: unknown): Reply {
  if (reply === undefined) throw thrown;
  if (call.streams) throw refusal;
  return reply;
}

/** Whether a failure of a round, or of one mirror in it, may pass. */
export function mayPass(reply: Reply | undefined, error: unknown): boolean {
  return reply === undefined ? failureOf(error) !== undefined : isRetryableStatus(reply.status);
}

/** What may pass among the errors of a round; `undefined` for everything else, the reason of an abort included. */
function failureOf(error: unknown): RoundFailure | undefined {
  if (isInvalidDataError(error)) {
    return error.reason === "truncated" ? { reason: "truncated", retryAfterMs: undefined } : undefined;
  }
  // An open breaker has said no for good; an HttpError here was never sent, its origin asks for too long a pause.
  if (!isNetworkError(error) || isCircuitOpenError(error) || isHttpError(error)) return undefined;
  return { reason: error.name, retryAfterMs: undefined };
}

/** The wait before the next round, or `undefined` to give up. */
function nextDelay(
  { clock }: Environment,
  { backoff, budget, maxRetryAfterMs, shutForMs }: RetryOptions,
  call: Call,
  round: number,
  failure: RoundFailure,
  previousMs: number | undefined,
): number | undefined {
  if (call.cancelled || round > call.settings.maxRetries || !call.request.repeatable) return undefined;
  const { retryAfterMs } = failure;
  if (retryAfterMs !== undefined && retryAfterMs > maxRetryAfterMs) return undefined;
  const delayMs = retryAfterMs ?? backoff(round, previousMs);
  const nowMs = clock.now();
  if (nowMs + delayMs >= call.deadlineAtMs || shutForMs(call) > delayMs) return undefined;
  return budget === undefined || budget.tryWithdraw(nowMs) ? delayMs : undefined;
}

function report(
  { reporter, clock, counters }: Environment,
  call: Call,
  round: number,
  delayMs: number,
  reason: string,
): void {
  counters.retried++;
  if (!reporter.active) return;
  reporter.emit({ type: "retry", requestId: call.id, atMs: clock.now(), retry: round, delayMs, reason });
}
