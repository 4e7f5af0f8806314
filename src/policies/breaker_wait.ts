/**
 * Waiting for a circuit breaker to let a call pass, for clients that would rather wait than fail.
 *
 * @module
 */

import type { CircuitOpenError } from "../errors.ts";
import type { Call } from "./call.ts";
import type { Origin } from "./origin.ts";
import type { Environment } from "./policy.ts";

/**
 * Waits until one of the origins' breakers has changed, or may admit a probe.
 *
 * @param environment What the stations share.
 * @param call Who waits; its cancellation ends the wait.
 * @param origins The origins.
 * @param refusal The error that says for how long the first of them refuses; thrown when the call may not last that long.
 */
export async function waitForAnyBreaker(
  environment: Environment,
  call: Call,
  origins: readonly Origin[],
  refusal: CircuitOpenError,
): Promise<void> {
  if (environment.clock.now() + refusal.retryAfterMs > call.deadlineAtMs) throw refusal;
  const over = new AbortController();
  const stop = () => over.abort(call.signal.reason);
  call.signal.addEventListener("abort", stop, { once: true });
  try {
    const changes = origins.map((origin) => origin.breaker!.changed());
    // A breaker that is isolated by hand opens again by hand: there is no time to wait for.
    const wait = environment.deadlines.sleep(refusal.retryAfterMs, { signal: over.signal });
    await Promise.race([...changes, wait.catch(() => {})]);
  } finally {
    call.signal.removeEventListener("abort", stop);
    over.abort();
  }
  call.throwIfCancelled();
}
