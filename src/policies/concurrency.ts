/**
 * Station 8, concurrency: a permit for each attempt, held until its body has ended.
 *
 * @module
 */

import type { Permit } from "../primitives/permit.ts";
import type { Semaphore } from "../primitives/semaphore.ts";
import type { Call } from "./call.ts";
import { readmit } from "./circuit_breaker.ts";
import type { Environment, Policy } from "./policy.ts";
import { pauseEnd } from "./rate_limit.ts";

/** What bounds the concurrency. */
export interface ConcurrencyOptions {
  readonly semaphore: Semaphore;
  /** The longest pause of an origin that is waited out, in milliseconds. */
  readonly maxRetryAfterMs: number;
}

/**
 * Lets at most the semaphore's capacity of attempts run at once. The attempt takes the permit over. What happened while
 * a call waited counts: a breaker that opened refuses it, a pause of its origin makes it wait again.
 *
 * @param environment What the stations share.
 * @param options The semaphore and its surroundings.
 * @returns The policy.
 */
export function concurrency(environment: Environment, options: ConcurrencyOptions): Policy {
  const { semaphore } = options;
  return (next) => (call) => {
    const permit = semaphore.tryAcquire();
    if (permit === undefined) return waitForPermit(environment, options, call).then(() => next(call));
    hand(environment, call, permit, 0);
    return next(call);
  };
}

async function waitForPermit(
  environment: Environment,
  options: ConcurrencyOptions,
  call: Call,
): Promise<void> {
  const { clock } = environment;
  const { origin } = call.target!;
  const sinceMs = clock.now();
  try {
    for (;;) {
      const permit = await acquire(options.semaphore, call);
      if (origin.pauseLeftMs(clock.now()) === 0) {
        return hand(environment, call, permit, clock.now() - sinceMs);
      }
      permit.release();
      await pauseEnd(environment, call, options.maxRetryAfterMs);
    }
  } catch (error) {
    // Who was let through as a probe, and is not sent, lets another one be it.
    origin.settle(call.ticket, "ignored");
    throw error;
  }
}

/** A permit for a call that is still wanted, and that its breaker would still let through. */
async function acquire(semaphore: Semaphore, call: Call): Promise<Permit> {
  const { signal, settings: { priority } } = call;
  const permit = await semaphore.acquire(1, { signal, priority });
  try {
    call.throwIfCancelled();
    readmit(call);
    return permit;
  } catch (error) {
    permit.release();
    throw error;
  }
}

function hand({ reporter, clock }: Environment, call: Call, permit: Permit, waitedMs: number): void {
  call.permit = permit;
  if (reporter.active) reporter.emit({ type: "permit", requestId: call.id, atMs: clock.now(), waitedMs });
}
