/**
 * The settings of one run of the model: plain values, so that a failing run can print them.
 *
 * @module
 */

import type { BreakerOptions, ClientOptions, RateLimitOptions } from "../../src/client/options.ts";
import type { AdaptiveLimitRules } from "../../src/primitives/adaptive_limit_options.ts";
import type { RetryBudgetOptions } from "../../src/primitives/retry_budget.ts";
import type { Dice } from "../support/dice.ts";
import { drawLimit } from "../support/draw_limit.ts";
import type { CountedLimit, Weather } from "./model_server.ts";

/** The rate at which attempts may start. */
export interface RatePlan {
  readonly kind: "client" | "origin" | "shared" | "function" | "foreign";
  readonly limit: number;
  readonly intervalMs: number;
  readonly burst: number;
}

/** The settings of a client, of its servers and of its surroundings. */
export interface Plan {
  readonly seed: number;
  readonly origins: readonly string[];
  readonly weather: readonly Weather[];
  readonly baseUrls: readonly string[];
  /**
   * Whether the client has a listener, so that no request takes the straight way; "now and then" adds and removes
   * one.
   */
  readonly listens: "always" | "never" | "now and then";
  /** The probability that a listener, a source or a `fetch` calls back into the client. */
  readonly mischief: number;
  readonly deafness: number;
  readonly concurrency: number;
  readonly isSemaphoreShared: boolean;
  readonly perOrigin: number | AdaptiveLimitRules | undefined;
  /** The rules of the client's own limit, if it is adaptive. */
  readonly adaptive: AdaptiveLimitRules | undefined;
  readonly rate: RatePlan | undefined;
  /** Several rates at once, instead of `rate`. */
  readonly windows: readonly RateLimitOptions[] | undefined;
  /** How many limit keys there are; one request in four has none. */
  readonly keys: number;
  /** Whether origins state their limits in all answers, and the client learns them. */
  readonly learns: boolean;
  readonly maxQueue: number | undefined;
  readonly maxQueueMs: number | undefined;
  readonly breaker: BreakerOptions | false | undefined;
  readonly retryBudget: RetryBudgetOptions | false | undefined;
  readonly maxRetries: number;
  readonly maxWaiting: number;
  readonly pauseOn429: ClientOptions["pauseOn429"];
  readonly timeoutMs: number;
  readonly totalTimeoutMs: number | undefined;
  readonly backoffMs: number;
  readonly maxRetryAfterMs: number;
  readonly hasSignal: boolean;
  readonly closesAtMs: number | undefined;
  /** How long new work arrives, in milliseconds. */
  readonly lastsMs: number;
  readonly works: number;
  readonly signals: number;
}

/** Draws a random plan. */
export function drawPlan(seed: number, dice: Dice): Plan {
  const origins = ["http://a.test", "https://b.test", "http://c.test"].slice(0, dice.int(1, 3));
  const keys = dice.pick([0, 0, 1, 3]);
  const windows = dice.maybe(0.25, () => drawWindows(dice, keys));
  return {
    seed,
    origins,
    keys,
    windows,
    learns: dice.chance(0.25),
    maxQueue: dice.maybe(0.1, () => dice.int(0, 5)),
    maxQueueMs: dice.maybe(0.1, () => dice.int(1, 2_000)),
    weather: origins.map(() => drawWeather(dice)),
    baseUrls: Array.from({ length: dice.pick([0, 0, 1, 2, 2, 3]) }, (_, index) => {
      return `${dice.pick(origins)}/m${index}/`;
    }),
    listens: dice.pick(["always", "never", "always", "never", "now and then"]),
    mischief: dice.pick([0, 0, 0, 0.02, 0.1]),
    deafness: dice.pick([0, 0, 0, 0.2, 1]),
    concurrency: dice.int(1, 6),
    isSemaphoreShared: dice.chance(0.3),
    perOrigin: dice.maybe(0.3, () => dice.int(1, 3)) ?? dice.maybe(0.2, () => drawLimit(dice, 6)),
    adaptive: dice.maybe(0.2, () => drawLimit(dice, 6)),
    rate: windows === undefined ? dice.maybe(0.4, () => drawRate(dice)) : undefined,
    breaker: drawBreaker(dice),
    retryBudget: dice.pick([undefined, false, { ratio: 0.2, minPerSecond: 0.5 }, {
      ratio: 0,
      minPerSecond: 0,
    }]),
    maxRetries: dice.int(0, 3),
    maxWaiting: dice.pick([1, 2, 5, 1_000]),
    pauseOn429: dice.pick(["origin", "origin", "request"]),
    timeoutMs: dice.pick([100, 300, 1_000, 5_000, 40_000]),
    totalTimeoutMs: dice.maybe(0.2, () => dice.int(50, 5_000)),
    backoffMs: dice.pick([0, 20, 100, 500]),
    maxRetryAfterMs: dice.pick([0, 1_500, 60_000]),
    hasSignal: dice.chance(0.2),
    closesAtMs: dice.maybe(0.25, () => dice.int(0, 4_000)),
    lastsMs: dice.pick([0, 50, 500, 3_000]),
    works: dice.int(1, 10),
    signals: dice.int(0, 4),
  };
}

function drawWeather(dice: Dice): Weather {
  const downFromMs = dice.pick([Infinity, Infinity, 0, dice.int(0, 2_000)]);
  return {
    faults: dice.pick([0, 0, 0.1, 0.4, 0.9, 1]),
    downFromMs,
    downToMs: downFromMs + dice.pick([200, 1_000, 5_000, 60_000, Infinity]),
    downAs: dice.pick(["refused", "hanging", "503", "500"]),
    quota: dice.maybe(0.2, () => ({
      limit: dice.int(1, 6),
      windowMs: dice.pick([200, 1_000]),
      names: dice.chance(0.5),
    })),
    counted: [drawCounted(dice), drawCounted(dice)],
    countedOfKeys: [drawCounted(dice)],
    latencyMs: dice.pick([1, 20, 100, 600]),
  };
}

function drawCounted(dice: Dice): CountedLimit {
  return { limit: dice.int(1, 8), seconds: dice.pick([0.2, 1, 3]) };
}

function drawRate(dice: Dice): RatePlan {
  return {
    kind: dice.pick(["client", "origin", "shared", "function", "foreign"]),
    limit: dice.int(1, 20),
    intervalMs: dice.pick([100, 1_000]),
    burst: dice.int(1, 4),
  };
}

/** Draws several rates; some are per key, if there are keys. */
function drawWindows(dice: Dice, keys: number): readonly RateLimitOptions[] {
  return Array.from({ length: dice.int(1, 4) }, () => ({
    limit: dice.int(1, 20),
    intervalMs: dice.pick([100, 1_000]),
    per: dice.pick(keys === 0 ? ["client", "origin"] as const : ["client", "origin", "key", "key"] as const),
    ...(dice.chance(0.2) ? { spread: true } : { burst: dice.int(1, 4) }),
  }));
}

/** Returns the limit key of a request by the last part of its URL; `undefined` for one request in four. */
export function keyOf(id: string, keys: number): string | undefined {
  const code = id.charCodeAt(id.length - 1);
  return keys === 0 || code % 4 === 0 ? undefined : `k${code % keys}`;
}

function drawBreaker(dice: Dice): BreakerOptions | false | undefined {
  if (dice.chance(0.25)) return dice.pick([false, undefined]);
  const common: BreakerOptions = {
    cooldownMs: dice.pick([50, 250, 1_000]),
    ...dice.maybe(0.3, () => ({ maxCooldownMs: dice.pick([1_000, 3_000]) })),
    ...dice.maybe(0.3, () => ({ probeTimeoutMs: dice.pick([60, 1_000]) })),
    ...dice.maybe(0.4, () => ({ onOpen: dice.pick(["fail", "wait"] as const) })),
    ...dice.maybe(0.5, () => ({ patienceMs: dice.pick([0, 300, 3_000, 20_000]) })),
  };
  return dice.chance(0.5)
    ? { ...common, threshold: dice.int(1, 4) } as BreakerOptions
    : { ...common, failureRatio: 0.5, minimumRequests: dice.int(2, 6), windowMs: 2_000 } as BreakerOptions;
}
