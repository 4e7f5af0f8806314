/**
 * Station 6, the circuit breaker of each origin: refuses at once what would fail anyway.
 *
 * @module
 */

import { CircuitOpenError } from "../errors.ts";
import type { Call } from "./call.ts";
import type { Policy } from "./policy.ts";

/**
 * Asks the breaker of the call's origin before each attempt. The attempt tells it how that went; what was never sent counts
 * as nothing.
 *
 * @returns The policy. It throws a `CircuitOpenError` while the breaker is open.
 */
export function circuitBreaker(): Policy {
  return (next) => (call) => {
    const breaker = call.target!.origin.breaker!;
    try {
      call.ticket = breaker.enter();
    } catch {
      // The breaker knows nothing of the request; the error that leaves here does.
      return Promise.reject(circuitOpenError(call, breaker.retryAfterMs));
    }
    return next(call);
  };
}

/**
 * Asks the breaker again for a call that has waited since it was let through: the circuit may have opened, and closed.
 *
 * @param call The call.
 * @throws {CircuitOpenError} If it is not let through any more.
 */
export function readmit(call: Call): void {
  const { breaker } = call.target!.origin;
  if (breaker === undefined || breaker.holds(call.ticket)) return;
  try {
    call.ticket = breaker.enter();
  } catch {
    // As above: the error that leaves here knows the request.
    throw circuitOpenError(call, breaker.retryAfterMs);
  }
}

/** The error of a call that a breaker refused. */
export function circuitOpenError(call: Call, retryAfterMs: number): CircuitOpenError {
  const about = call.describe();
  return new CircuitOpenError(
    `${about.method} ${about.url} was not sent: the circuit breaker of ${call.target!.origin.key} is open`,
    { ...about, retryAfterMs },
  );
}
