/**
 * The options of a circuit breaker.
 *
 * @module
 */

import {
  argumentError,
  assertClock,
  assertOnlyOptions,
  assertPositive,
  assertPositiveInteger,
  assertPromptFunction,
  shapeError,
} from "./argument_checks.ts";
import { type Clock, systemClock } from "./clock.ts";
import { ConsecutiveFailures, type FailureCounter, FailureRatio } from "./failure_counter.ts";

/** Options of a circuit breaker that do not depend on how failures are counted. */
export interface CircuitBreakerCommonOptions {
  /**
   * How long the circuit stays open before a call may be a probe, in milliseconds: a positive number. The cooldown doubles with
   * each probe that fails, up to `maxCooldownMs`. When the circuit closes, the cooldown returns to this.
   *
   * @default {250}
   */
  readonly cooldownMs?: number | undefined;
  /**
   * The longest cooldown, in milliseconds: a number of at least `cooldownMs`.
   *
   * @default {60_000, or `cooldownMs` if that is more}
   */
  readonly maxCooldownMs?: number | undefined;
  /**
   * How long a probe may take before it counts as failed, in milliseconds: a positive number. If the probe succeeds later, it
   * still closes the circuit.
   *
   * @default {5_000}
   */
  readonly probeTimeoutMs?: number | undefined;
  /**
   * The source of time. While the circuit is closed, it is read only if failures are counted by ratio.
   *
   * @default {systemClock}
   */
  readonly clock?: Clock | undefined;
  /** The name of what the breaker guards, for errors and state changes. */
  readonly name?: string | undefined;
  /**
   * Returns whether an error is a failure of the service. Other errors count as a success, since the service has answered. If
   * this function throws, the error counts as a failure. It is not called with the reason of an aborted signal that was passed to
   * `run`, which counts as neither.
   *
   * @default {() => true}
   */
  readonly isFailure?: ((error: unknown) => boolean) | undefined;
}

/** Options of a circuit breaker that opens after a number of failures in a row. */
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
 * Options of a circuit breaker that opens when failures become too large a share of the results in a sliding window. It also
 * opens after a run of nothing but failures: of `minimumRequests` over at least a quarter of a second, or of five times as many.
 * Either way, the window must hold `minimumRequests` results.
 */
export interface FailureRatioOptions extends CircuitBreakerCommonOptions {
  /**
   * The share of failures at which the circuit opens: above 0, at most 1.
   *
   * @default {0.8}
   */
  readonly failureRatio?: number | undefined;
  /**
   * How many results the window must hold before the circuit can open: a positive integer.
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

/** Options of a circuit breaker. Failures are counted by ratio, or in a row if `threshold` is set. */
export type CircuitBreakerOptions = ConsecutiveFailureOptions | FailureRatioOptions;

/** The checked options of a circuit breaker, with their defaults. */
export interface CircuitSettings {
  /** How long the circuit stays open at first. */
  readonly cooldownMs: number;
  /** The longest cooldown. */
  readonly maxCooldownMs: number;
  /** How long a probe may take before it counts as failed. */
  readonly probeTimeoutMs: number;
  /** The source of time. */
  readonly clock: Clock;
  /** The name of what the breaker guards. */
  readonly name: string | undefined;
  /** Returns whether an error is a failure of the service. */
  readonly isFailure: ((error: unknown) => boolean) | undefined;
  /** The counter that decides when there are too many failures. */
  readonly counter: FailureCounter;
}

/** The names of the options that are numbers. */
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
  assertOnlyOptions(ACTION, options, [...CIRCUIT_NUMBERS, "clock", "name", "isFailure"]);
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
  if (isFailure !== undefined) assertPromptFunction(ACTION, "isFailure", isFailure);
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
