/**
 * The options of an adaptive limit.
 *
 * @module
 */

import { argumentError, assertOnlyOptions, assertPositive, shapeError } from "./argument_checks.ts";

/** The algorithm of an adaptive limit; see {@linkcode AdaptiveLimitRules}. */
export type LimitAlgorithm = "gradient" | "aimd";

/** The rules by which an adaptive limit changes. */
export interface AdaptiveLimitRules {
  /**
   * The lowest limit: a positive integer.
   *
   * @default {1}
   */
  readonly min?: number | undefined;
  /**
   * The limit at the beginning: an integer from `min` to `max`. The default is 20, or the nearest number in that range.
   *
   * @default {20}
   */
  readonly initial?: number | undefined;
  /**
   * The highest limit: an integer of at least `min`. A client's streams hold up to twice as many outcomes.
   *
   * @default {256, or `min` if that is more}
   */
  readonly max?: number | undefined;
  /**
   * What the limit follows besides drops. `"gradient"`: how latencies grow with the work in flight, for services that queue
   * excess work. `"aimd"`: nothing else, for services that refuse excess work.
   *
   * @default {"gradient"}
   */
  readonly algorithm?: LimitAlgorithm | undefined;
  /**
   * The shortest time for which samples are collected for a decision, in milliseconds: a positive number. A decision also needs
   * ten samples, and at least half as many as there was work in flight. If there are fewer than 100 samples and they differ
   * widely, it may take four times as long.
   *
   * @default {100}
   */
  readonly windowMs?: number | undefined;
}

/** The rules, with the defaults filled in. */
export interface LimitSettings {
  readonly min: number;
  readonly initial: number;
  readonly max: number;
  readonly algorithm: LimitAlgorithm;
  readonly windowMs: number;
}

const ACTION = "create adaptive limit";
/** The names of the rules, and of the options that a limit has besides. */
const NAMES = ["min", "initial", "max", "algorithm", "windowMs", "isOverload", "clock"];

/**
 * Checks the rules, and fills in the defaults.
 *
 * @param rules The rules.
 * @returns The complete rules.
 * @throws {TypeError} If an option is of the wrong type.
 * @throws {RangeError} If one is out of its range.
 */
export function limitSettings(rules: AdaptiveLimitRules): LimitSettings {
  assertOnlyOptions(ACTION, rules, NAMES);
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
