/**
 * Station 7, the rate limit: a token for each attempt, and patience with an origin that asked for it.
 *
 * @module
 */

import { HttpError } from "../errors.ts";
import type { TokenBucket } from "../primitives/token_bucket.ts";
import type { Call } from "./call.ts";
import { readmit } from "./circuit_breaker.ts";
import type { Environment, Policy } from "./policy.ts";

/** What limits the rate. */
export interface RateLimitPolicyOptions {
  /** The bucket of all of the client's attempts; those of single origins come with them. */
  readonly bucket: TokenBucket | undefined;
  /** The longest pause of an origin that is waited out, in milliseconds. */
  readonly maxRetryAfterMs: number;
}

/**
 * Takes a token for each attempt, and lets nobody through to an origin that has answered 429 until the time it named.
 *
 * @param environment What the stations share.
 * @param options The bucket and its surroundings.
 * @returns The policy.
 */
export function rateLimit(environment: Environment, options: RateLimitPolicyOptions): Policy {
  return (next) => (call) => {
    const { origin } = call.target!;
    const bucket = options.bucket ?? origin.bucket;
    const paused = origin.pause !== undefined && origin.pauseLeftMs(environment.clock.now()) > 0;
    const free = !paused && (bucket === undefined || bucket.tryTake());
    if (!free) return waitForToken(environment, options, call, bucket).then(() => next(call));
    if (bucket !== undefined) report(environment, call, 0);
    return next(call);
  };
}

async function waitForToken(
  environment: Environment,
  options: RateLimitPolicyOptions,
  call: Call,
  bucket: TokenBucket | undefined,
): Promise<void> {
  const { origin } = call.target!;
  const sinceMs = environment.clock.now();
  try {
    // A pause that began while the token was waited for makes the call wait again, for a token of that time.
    do {
      await pauseEnd(environment, call, options.maxRetryAfterMs);
      if (bucket !== undefined) await bucket.take(1, { signal: call.signal });
      readmit(call);
    } while (origin.pauseLeftMs(environment.clock.now()) > 0);
  } catch (error) {
    // Who was let through as a probe, and is not sent, lets another one be it.
    origin.settle(call.ticket, "ignored");
    throw error;
  }
  report(environment, call, environment.clock.now() - sinceMs);
}

/**
 * Waits until the call's origin takes requests again.
 *
 * @param environment What the stations share.
 * @param call The call.
 * @param maxRetryAfterMs The longest pause that is waited out, in milliseconds.
 * @throws {HttpError} At once, with the response that caused the pause, if it lasts longer than that or than the call may.
 */
export async function pauseEnd(environment: Environment, call: Call, maxRetryAfterMs: number): Promise<void> {
  const { origin } = call.target!;
  for (;;) {
    const nowMs = environment.clock.now();
    const leftMs = origin.pauseLeftMs(nowMs);
    if (leftMs === 0) return;
    if (leftMs > maxRetryAfterMs || nowMs + leftMs > call.deadlineAtMs) throw pausedError(call, leftMs);
    await environment.deadlines.sleep(leftMs, { signal: call.signal });
  }
}

function pausedError(call: Call, leftMs: number): HttpError {
  const { status, headers } = call.target!.origin.pause!;
  const about = call.describe();
  return new HttpError(
    `${about.method} ${about.url} was not sent: ${
      call.target!.origin.key
    } answered ${status} and asked to wait ` +
      `another ${Math.ceil(leftMs)} ms`,
    { ...about, status, headers, retryAfterMs: leftMs },
  );
}

function report({ reporter, clock }: Environment, call: Call, waitedMs: number): void {
  if (reporter.active) reporter.emit({ type: "token", requestId: call.id, atMs: clock.now(), waitedMs });
}
