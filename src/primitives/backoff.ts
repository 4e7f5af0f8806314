/**
 * How long to wait before the next retry.
 *
 * @module
 */

import {
  argumentError,
  assertNonNegative,
  assertOnlyOptions,
  assertPromptFunction,
  shapeError,
} from "./argument_checks.ts";

/** How randomness spreads retries, so that clients that failed at the same time do not all retry at the same time. */
export type BackoffJitter = "additive" | "full" | "equal" | "decorrelated" | "none";

/** Options of {@linkcode backoff}. */
export interface BackoffOptions {
  /**
   * The factor by which the delay grows with each retry: a number of at least 1.
   *
   * @default {2}
   */
  readonly factor?: number | undefined;
  /**
   * The delay to start from, in milliseconds: a number of at least 0. The first delay is about `factor` times this.
   *
   * @default {1_000}
   */
  readonly baseMs?: number | undefined;
  /**
   * The longest delay, jitter included, in milliseconds: a number of at least 0, or `Infinity`.
   *
   * @default {60_000}
   */
  readonly maxMs?: number | undefined;
  /**
   * The kind of jitter; below, `exponential` is `min(factor ** retry * baseMs, maxMs)`.
   *
   * - `"additive"`: `exponential` plus up to `jitterMs`, but no more than `maxMs`.
   * - `"full"`: anything from 0 to `exponential`.
   * - `"equal"`: anything from one half of `exponential` to the whole.
   * - `"decorrelated"`: anything from `baseMs` to three times the previous delay, but no more than `maxMs`.
   * - `"none"`: `exponential`.
   *
   * @default {"additive"}
   */
  readonly jitter?: BackoffJitter | undefined;
  /**
   * The most that `"additive"` jitter adds, in milliseconds: a number of at least 0.
   *
   * @default {1_000}
   */
  readonly jitterMs?: number | undefined;
  /**
   * The source of random numbers from 0 to 1.
   *
   * @default {Math.random}
   */
  readonly random?: (() => number) | undefined;
}

/**
 * Returns the delay before a retry, in milliseconds: a finite number from 0 to `maxMs`.
 *
 * @param retry The number of the retry: 1, 2, …
 * @param previousMs The delay before the previous retry, for `"decorrelated"` jitter; by default `baseMs`.
 */
export type Backoff = (retry: number, previousMs?: number) => number;

const ACTION = "create backoff";

/** The defaults of the growth of the delays. */
export const BACKOFF_DEFAULTS: Readonly<Record<"factor" | "baseMs" | "maxMs", number>> = {
  factor: 2,
  baseMs: 1_000,
  maxMs: 60_000,
};

/**
 * Creates an exponential backoff. By default the delays are 2, 4, 8, 16 and 32 seconds, each plus up to one second, and then one
 * minute.
 *
 * The jitters `"full"`, `"equal"` and `"decorrelated"` are those of Marc Brooker, "Exponential Backoff And Jitter", AWS
 * Architecture Blog, 2015. According to that article, `"full"` leaves a crowded service the least work.
 *
 * @param options Options.
 * @returns The function that computes the delays. It throws a `RangeError` if `retry` is a number but no positive integer, if
 * `previousMs` is negative or `NaN`, or if `random` returns a number outside 0 to 1; a `TypeError` for values that are no
 * numbers.
 * @throws {TypeError} If an option does not exist, or is of the wrong type.
 * @throws {RangeError} If an option is out of its range.
 *
 * @example Doubling, at most ten seconds
 * ```ts
 * import { backoff } from "@slipstream/fetch/primitives";
 * import { assertEquals } from "@std/assert";
 *
 * const delayMs = backoff({ jitter: "none", maxMs: 10_000 });
 *
 * assertEquals([1, 2, 3, 4, 5].map((retry) => delayMs(retry)), [2_000, 4_000, 8_000, 10_000, 10_000]);
 * ```
 */
export function backoff(options: BackoffOptions = {}): Backoff {
  assertOnlyOptions(ACTION, options, ["factor", "baseMs", "maxMs", "jitter", "jitterMs", "random"]);
  const {
    factor = BACKOFF_DEFAULTS.factor,
    baseMs = BACKOFF_DEFAULTS.baseMs,
    maxMs = BACKOFF_DEFAULTS.maxMs,
    jitter = "additive",
    jitterMs = 1_000,
    random = Math.random,
  } = options;
  if (!(Number.isFinite(factor) && factor >= 1)) {
    throw argumentError(ACTION, "factor", "a number of at least 1", factor);
  }
  assertNonNegative(ACTION, "baseMs", baseMs);
  if (maxMs !== Infinity) assertNonNegative(ACTION, "maxMs", maxMs);
  assertNonNegative(ACTION, "jitterMs", jitterMs);
  assertPromptFunction(ACTION, "random", random);
  const ceilingMs = Math.min(maxMs, Number.MAX_VALUE);
  const spread = toSpread(jitter, baseMs, jitterMs, ceilingMs);

  return (retry, previousMs = baseMs) => {
    if (!Number.isSafeInteger(retry) || retry < 1) {
      throw argumentError("compute delay", "retry", "a positive integer", retry);
    }
    if (typeof previousMs !== "number" || !(previousMs >= 0)) {
      throw argumentError("compute delay", "previousMs", "a number of at least 0", previousMs);
    }
    const chance = random();
    if (!(chance >= 0 && chance <= 1)) {
      throw argumentError("compute delay", "random()", "a number from 0 to 1", chance);
    }
    // With a base of 0, an infinite power would make the product `NaN`.
    const exponentialMs = baseMs === 0 ? 0 : Math.min(factor ** retry * baseMs, ceilingMs);
    return Math.min(spread(exponentialMs, chance, previousMs), ceilingMs);
  };
}

type Spread = (exponentialMs: number, chance: number, previousMs: number) => number;

function toSpread(jitter: BackoffJitter, baseMs: number, jitterMs: number, ceilingMs: number): Spread {
  switch (jitter) {
    case "additive":
      return (exponentialMs, chance) => exponentialMs + chance * jitterMs;
    case "full":
      return (exponentialMs, chance) => chance * exponentialMs;
    case "equal":
      return (exponentialMs, chance) => (1 + chance) * (exponentialMs / 2);
    case "decorrelated":
      return (_exponentialMs, chance, previousMs) => {
        const spanMs = Math.min(previousMs * 3, ceilingMs) - baseMs;
        return baseMs + chance * Math.max(spanMs, 0);
      };
    case "none":
      return (exponentialMs) => exponentialMs;
    default:
      throw shapeError(
        ACTION,
        "jitter",
        '"additive", "full", "equal", "decorrelated" or "none"',
        jitter satisfies never,
      );
  }
}
