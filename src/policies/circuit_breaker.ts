/**
 * Station 6, the circuit breaker of each origin: refuses at once what would fail anyway.
 *
 * @module
 */

import { CircuitOpenError, isCircuitOpenError, isNetworkError } from "../errors.ts";
import { isOriginFailure } from "../http/classify.ts";
import type { Call } from "./call.ts";
import type { Policy } from "./policy.ts";

/**
 * Asks the breaker of the call's origin before each attempt, and tells it how that went. An abort by the caller counts as
 * neither success nor failure, and so does what was never sent.
 *
 * @returns The policy. It throws a `CircuitOpenError` while the breaker is open.
 */
export function circuitBreaker(): Policy {
  return (next) => async (call) => {
    const breaker = call.target!.origin.breaker!;
    let ticket: number;
    try {
      ticket = breaker.enter();
    } catch {
      // The breaker knows nothing of the request; the error that leaves here does.
      throw circuitOpenError(call, breaker.retryAfterMs);
    }
    call.ticket = ticket;
    const attemptsBefore = call.attempts;
    try {
      const reply = await next(call);
      breaker.settle(ticket, isOriginFailure(reply.status) ? "failure" : "success");
      return reply;
    } catch (error) {
      const sent = call.attempts > attemptsBefore;
      const failed = sent && !call.cancelled && isNetworkError(error) && !isCircuitOpenError(error);
      breaker.settle(ticket, failed ? "failure" : "ignored");
      throw error;
    }
  };
}

/** The error of a call that a breaker refused. */
export function circuitOpenError(call: Call, retryAfterMs: number): CircuitOpenError {
  const about = call.describe();
  return new CircuitOpenError(
    `${about.method} ${about.url} was not sent: the circuit breaker of ${call.target!.origin.key} is open`,
    { ...about, retryAfterMs },
  );
}
