/**
 * How a circuit breaker is told what to do.
 *
 * @module
 */

import {
  argumentError,
  assertClock,
  assertFunction,
  assertPositive,
  assertPositiveInteger,
  shapeError,
} from "./argument_checks.ts";
import { type Clock, systemClock } from "./clock.ts";
import { ConsecutiveFailures, type FailureCounter, FailureRatio } from "./failure_counter.ts";

/** Options of a circuit breaker that do not depend on how failures are counted. */
export interface CircuitBreakerCommonOptions {
  /**
   * How long the circuit stays open before a probe may be made, in milliseconds; also how long a probe may take before
   * another one is let through in its place. A positive number.
   *
   * @default {60_000}
   */
  readonly cooldownMs?: number | undefined;
  /**
   * The source of time. It is not asked while the circuit is closed, unless failures are counted by ratio.
   *
   * @default {systemClock}
   */
  readonly clock?: Clock | undefined;
  /** What the breaker guards, as errors and state changes name it. */
  readonly name?: string | undefined;
  /**
   * What a client does with a call while the circuit is open: fail it at once, or let it wait until it is admitted, as long as
   * its deadlines allow. The breaker itself always refuses.
   *
   * @default {"fail"}
   */
  readonly onOpen?: "fail" | "wait" | undefined;
  /**
   * Whether an error of a function given to `run` is the service's failure. One that is not counts as a success, since the
   * service has answered. If this function throws, the error is a failure. It is not asked about the reason of an aborted
   * signal that was given to `run`, which counts as neither.
   *
   * @default {() => true}
   */
  readonly isFailure?: ((error: unknown) => boolean) | undefined;
}

/** Opens after a number of failures without a success between them. */
export interface ConsecutiveFailureOptions extends CircuitBreakerCommonOptions {
  /**
   * How many failures in a row open the circuit: a positive integer.
   *
   * @default {5}
   */
  readonly threshold?: number | undefined;
  /** Not with `threshold`. */
  readonly failureRatio?: undefined;
  /** Not with `threshold`. */
  readonly minimumRequests?: undefined;
  /** Not with `threshold`. */
  readonly windowMs?: undefined;
}

/** Opens at a failure that makes the failures of a sliding window too large a share of its results. */
export interface FailureRatioOptions extends CircuitBreakerCommonOptions {
  /** The share that opens the circuit, itself included: above 0, at most 1. */
  readonly failureRatio: number;
  /** How many results the window must hold before the share means anything: a positive integer. */
  readonly minimumRequests: number;
  /** The length of the window, in milliseconds: a positive number. Results leave it in steps of a tenth of it. */
  readonly windowMs: number;
  /** Not with `failureRatio`. */
  readonly threshold?: undefined;
}

/** Options of a circuit breaker: either way of counting failures, by default 5 in a row. */
export type CircuitBreakerOptions = ConsecutiveFailureOptions | FailureRatioOptions;

/** What a circuit breaker works with. */
export interface CircuitSettings {
  /** How long the circuit stays open, and a probe's lease lasts. */
  readonly cooldownMs: number;
  /** The source of time. */
  readonly clock: Clock;
  /** What the breaker guards. */
  readonly name: string | undefined;
  /** Whether an error is a failure. */
  readonly isFailure: ((error: unknown) => boolean) | undefined;
  /** When there are too many. */
  readonly counter: FailureCounter;
}

const ACTION = "create circuit breaker";

/** Checks the options, and fills in their defaults. */
export function toCircuitSettings(options: CircuitBreakerOptions): CircuitSettings {
  const { cooldownMs = 60_000, clock = systemClock, name, onOpen = "fail", isFailure } = options;
  assertPositive(ACTION, "cooldownMs", cooldownMs);
  assertClock(ACTION, "clock", clock);
  if (name !== undefined && typeof name !== "string") throw shapeError(ACTION, "name", "a string", name);
  if (onOpen !== "fail" && onOpen !== "wait") {
    throw shapeError(ACTION, "onOpen", '"fail" or "wait"', onOpen);
  }
  if (isFailure !== undefined) assertFunction(ACTION, "isFailure", isFailure);
  return { cooldownMs, clock, name, isFailure, counter: toCounter(options, clock) };
}

function toCounter(options: CircuitBreakerOptions, clock: Clock): FailureCounter {
  const { threshold, failureRatio, minimumRequests, windowMs } = options;
  if (failureRatio === undefined && minimumRequests === undefined && windowMs === undefined) {
    assertPositiveInteger(ACTION, "threshold", threshold ?? 5);
    return new ConsecutiveFailures(threshold ?? 5);
  }
  if (threshold !== undefined) {
    throw new TypeError(`Cannot ${ACTION} as 'threshold' does not go with 'failureRatio': received both`);
  }
  assertPositive(ACTION, "failureRatio", failureRatio);
  if (failureRatio! > 1) throw argumentError(ACTION, "failureRatio", "at most 1", failureRatio);
  assertPositiveInteger(ACTION, "minimumRequests", minimumRequests);
  assertPositive(ACTION, "windowMs", windowMs);
  return new FailureRatio(failureRatio!, minimumRequests!, windowMs!, clock);
}
