/**
 * How a circuit breaker is told what to do.
 *
 * @module
 */

import {
  argumentError,
  assertClock,
  assertFunction,
  assertOptions,
  assertPositive,
  assertPositiveInteger,
  shapeError,
} from "./argument_checks.ts";
import { type Clock, systemClock } from "./clock.ts";
import { ConsecutiveFailures, type FailureCounter, FailureRatio } from "./failure_counter.ts";

/** Options of a circuit breaker that do not depend on how failures are counted. */
export interface CircuitBreakerCommonOptions {
  /**
   * How long the circuit stays open before a probe may be made, in milliseconds: a positive number. It doubles with each probe
   * that fails, up to `maxCooldownMs`, and is this again when the circuit has closed.
   *
   * @default {250}
   */
  readonly cooldownMs?: number | undefined;
  /**
   * How long the cooldown may get, in milliseconds: a number of at least `cooldownMs`.
   *
   * @default {60_000, or `cooldownMs` if that is more}
   */
  readonly maxCooldownMs?: number | undefined;
  /**
   * How long a probe may take before it counts as failed, in milliseconds: a positive number. If it succeeds later all the
   * same, that closes the circuit.
   *
   * @default {5_000}
   */
  readonly probeTimeoutMs?: number | undefined;
  /**
   * The source of time. It is not asked while the circuit is closed, unless failures are counted by ratio.
   *
   * @default {systemClock}
   */
  readonly clock?: Clock | undefined;
  /** What the breaker guards, as errors and state changes name it. */
  readonly name?: string | undefined;
  /**
   * Whether an error is the service's failure. One that is not counts as a success, since the service has answered. If this
   * function throws, the error is a failure. It is not asked about the reason of an aborted signal that was given to `run`,
   * which counts as neither.
   *
   * @default {() => true}
   */
  readonly isFailure?: ((error: unknown) => boolean) | undefined;
}

/** Opens after a number of failures without a success between them. */
export interface ConsecutiveFailureOptions extends CircuitBreakerCommonOptions {
  /** How many failures in a row open the circuit: a positive integer. */
  readonly threshold: number;
  /** Not with `threshold`. */
  readonly failureRatio?: undefined;
  /** Not with `threshold`. */
  readonly minimumRequests?: undefined;
  /** Not with `threshold`. */
  readonly windowMs?: undefined;
}

/**
 * Opens at a failure that makes the failures of a sliding window too large a share of its results; also when there was nothing
 * but failures, `minimumRequests` over at least a quarter of a second, or five times as many.
 */
export interface FailureRatioOptions extends CircuitBreakerCommonOptions {
  /**
   * The share that opens the circuit, itself included: above 0, at most 1.
   *
   * @default {0.8}
   */
  readonly failureRatio?: number | undefined;
  /**
   * How many results the window must hold before the share means anything: a positive integer.
   *
   * @default {20}
   */
  readonly minimumRequests?: number | undefined;
  /**
   * The length of the window, in milliseconds: a positive number. Results leave it in steps of a tenth of it.
   *
   * @default {10_000}
   */
  readonly windowMs?: number | undefined;
  /** Not with `failureRatio`. */
  readonly threshold?: undefined;
}

/** Options of a circuit breaker: either way of counting failures, by default their share. */
export type CircuitBreakerOptions = ConsecutiveFailureOptions | FailureRatioOptions;

/** What a circuit breaker works with. */
export interface CircuitSettings {
  /** How long the circuit stays open at first. */
  readonly cooldownMs: number;
  /** How long it stays open after many probes. */
  readonly maxCooldownMs: number;
  /** How long a probe may take. */
  readonly probeTimeoutMs: number;
  /** The source of time. */
  readonly clock: Clock;
  /** What the breaker guards. */
  readonly name: string | undefined;
  /** Whether an error is a failure. */
  readonly isFailure: ((error: unknown) => boolean) | undefined;
  /** When there are too many. */
  readonly counter: FailureCounter;
}

/** The options that are numbers. */
export const CIRCUIT_NUMBERS: readonly Exclude<
  keyof CircuitBreakerOptions,
  "clock" | "name" | "isFailure"
>[] = [
  "threshold",
  "failureRatio",
  "minimumRequests",
  "windowMs",
  "cooldownMs",
  "maxCooldownMs",
  "probeTimeoutMs",
];

const ACTION = "create circuit breaker";

/** Checks the options, and fills in their defaults. */
export function toCircuitSettings(options: CircuitBreakerOptions): CircuitSettings {
  assertOptions(ACTION, options);
  const { cooldownMs = 250, probeTimeoutMs = 5_000, clock = systemClock, name, isFailure } = options;
  assertPositive(ACTION, "cooldownMs", cooldownMs);
  const { maxCooldownMs = Math.max(60_000, cooldownMs) } = options;
  if (!(typeof maxCooldownMs === "number" && maxCooldownMs >= cooldownMs)) {
    throw argumentError(
      ACTION,
      "maxCooldownMs",
      `at least 'cooldownMs', which is ${cooldownMs}`,
      maxCooldownMs,
    );
  }
  assertPositive(ACTION, "probeTimeoutMs", probeTimeoutMs);
  assertClock(ACTION, "clock", clock);
  if (name !== undefined && typeof name !== "string") throw shapeError(ACTION, "name", "a string", name);
  if (isFailure !== undefined) assertFunction(ACTION, "isFailure", isFailure);
  return {
    cooldownMs,
    maxCooldownMs,
    probeTimeoutMs,
    clock,
    name,
    isFailure,
    counter: toCounter(options, clock),
  };
}

function toCounter(options: CircuitBreakerOptions, clock: Clock): FailureCounter {
  const { threshold, failureRatio, minimumRequests, windowMs } = options;
  if (threshold === undefined) return toRatio(options, clock);
  assertPositiveInteger(ACTION, "threshold", threshold);
  const ofRatio = Object.entries({ failureRatio, minimumRequests, windowMs });
  const foreign = ofRatio.find(([, value]) => value !== undefined)?.[0];
  if (foreign !== undefined) {
    throw new TypeError(`Cannot ${ACTION} as 'threshold' does not go with '${foreign}': received both`);
  }
  return new ConsecutiveFailures(threshold);
}

function toRatio(options: CircuitBreakerOptions, clock: Clock): FailureCounter {
  const { failureRatio = 0.8, minimumRequests = 20, windowMs = 10_000 } = options;
  assertPositive(ACTION, "failureRatio", failureRatio);
  if (failureRatio > 1) throw argumentError(ACTION, "failureRatio", "at most 1", failureRatio);
  assertPositiveInteger(ACTION, "minimumRequests", minimumRequests);
  assertPositive(ACTION, "windowMs", windowMs);
  return new FailureRatio(failureRatio, minimumRequests, windowMs, clock);
}
