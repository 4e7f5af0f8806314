/**
 * How a limit adapts itself.
 *
 * @module
 */

import { argumentError, assertOptions, assertPositive, shapeError } from "./argument_checks.ts";

/** What a limit goes by; see {@linkcode AdaptiveLimitRules}. */
export type LimitAlgorithm = "gradient" | "aimd";

/** What an adaptive limit goes by. */
export interface AdaptiveLimitRules {
  /**
   * The lowest limit: a positive integer.
   *
   * @default {1}
   */
  readonly min?: number | undefined;
  /**
   * The limit at the beginning: an integer from `min` to `max`. The default is 20, or the nearest of these.
   *
   * @default {20}
   */
  readonly initial?: number | undefined;
  /**
   * The highest limit: an integer of at least `min`. Streams of a client hold up to twice as many outcomes.
   *
   * @default {256}
   */
  readonly max?: number | undefined;
  /**
   * What the limit goes by, besides drops: `"gradient"` by how latency grows with what is in flight, for services that queue what is
   * too much; `"aimd"` by nothing else, for services that refuse it.
   *
   * @default {"gradient"}
   */
  readonly algorithm?: LimitAlgorithm | undefined;
  /**
   * How long samples are collected for a decision, at least, in milliseconds: a positive number. A decision also takes ten samples,
   * and half as many as are in flight; where they are few and differ widely it takes up to four times as long.
   *
   * @default {100}
   */
  readonly windowMs?: number | undefined;
}

/** Rules with all defaults. */
export interface LimitSettings {
  readonly min: number;
  readonly initial: number;
  readonly max: number;
  readonly algorithm: LimitAlgorithm;
  readonly windowMs: number;
}

const ACTION = "create adaptive limit";

/**
 * Fills in the defaults, and checks.
 *
 * @param rules The rules.
 * @returns All of them.
 * @throws {TypeError} If an option is of the wrong type.
 * @throws {RangeError} If one is out of its range.
 */
export function limitSettings(rules: AdaptiveLimitRules): LimitSettings {
  assertOptions(ACTION, rules);
  const { min = 1, algorithm = "gradient", windowMs = 100 } = rules;
  assertInteger("min", "a positive integer", min, 1, Infinity);
  const { max = Math.max(256, min) } = rules;
  assertInteger("max", `an integer of at least 'min', which is ${min}`, max, min, Infinity);
  const { initial = Math.min(max, Math.max(min, 20)) } = rules;
  assertInteger("initial", `an integer from ${min} to ${max}`, initial, min, max);
  if (algorithm !== "gradient" && algorithm !== "aimd") {
    throw shapeError(ACTION, "algorithm", "'gradient' or 'aimd'", algorithm);
  }
  assertPositive(ACTION, "windowMs", windowMs);
  return { min, initial, max, algorithm, windowMs };
}

function assertInteger(name: string, rule: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw argumentError(ACTION, name, rule, value);
}
