/**
 * Draws a world from a seed.
 *
 * @module
 */

import type { BreakerOptions } from "../../src/client/options.ts";
import { Dice } from "../support/dice.ts";
import { drawLimit } from "../support/draw_limit.ts";
import { drawSteps } from "./draw_steps.ts";
import { drawBatches } from "./draw_batches.ts";
import { drawFamilies } from "./draw_families.ts";
import { drawInputs } from "./draw_inputs.ts";
import { drawOthers } from "./draw_others.ts";
import { drawOwn } from "./draw_own.ts";
import { drawReaders } from "./draw_readers.ts";
import { drawWallClock } from "./draw_wall_clock.ts";
import { drawWider } from "./draw_wider.ts";
import {
  type CacheWorldPlan,
  type ClientPlan,
  type ExtensionPlan,
  type FaultName,
  type MiddlewareKind,
  type MirrorPlan,
  type OriginLimitPlan,
  type OriginPlan,
  type PhasePlan,
  type RatePlan,
  SIGNALS,
  type WorldPlan,
} from "./plan.ts";

const FAULTS: readonly FaultName[] = [
  "refuse",
  "reset",
  "hanging headers",
  "hanging body",
  "cut",
  "500",
  "503",
  "503 named",
  "403",
  "429",
  "429 named",
  "429 long",
  "login page",
  "wrong json",
  "truncated",
  "empty",
  "drip",
  "slow",
];

/** The functions that add features to a world, in this order, each with independent draws. */
const LATER: readonly ((world: WorldPlan) => WorldPlan)[] = [
  drawWider,
  drawReaders,
  drawWallClock,
  drawOwn,
  drawBatches,
  drawFamilies,
  drawOthers,
  drawInputs,
];

/** Draws the world of a seed; the same seed always gives the same world. */
export function drawWorld(seed: number): WorldPlan {
  return LATER.reduce((world, draw) => draw(world), drawCore(seed));
}

function drawCore(seed: number): WorldPlan {
  const dice = new Dice(seed);
  const lastsMs = dice.pick([0, 200, 2_000, 10_000, 60_000]);
  const origins = Array.from({ length: dice.int(1, 3) }, () => drawOrigin(dice, lastsMs));
  const client = drawClient(dice, origins.length);
  return { seed, client, origins, steps: drawSteps(dice, { client, origins: origins.length, lastsMs }) };
}

function drawOrigin(dice: Dice, lastsMs: number): OriginPlan {
  const fastestMs = dice.pick([0, 1, 20, 100]);
  return {
    latencyMs: [fastestMs, fastestMs * dice.int(1, 4)],
    bytesPerSecond: dice.maybe(0.3, () => dice.pick([20_000, 200_000])),
    phases: dice.chance(0.3)
      ? []
      : dice.chance(0.2)
      ? drawFlaps(dice)
      : Array.from({ length: dice.int(1, 4) }, () => drawPhase(dice, lastsMs)),
    limit: dice.maybe(0.25, () => drawOriginLimit(dice)),
  };
}

function drawOriginLimit(dice: Dice): OriginLimitPlan {
  return {
    most: dice.pick([1, 2, 5, 20]),
    windowMs: dice.pick([1_000, 5_000]),
    form: dice.pick(["draft", "legacy", "counted"]),
    namesWait: dice.chance(0.5),
  };
}

function drawPhase(dice: Dice, lastsMs: number): PhasePlan {
  const fromMs = dice.pick([0, dice.int(0, lastsMs)]);
  return {
    fault: dice.pick(FAULTS),
    probability: dice.pick([0.1, 0.3, 0.6, 1]),
    fromMs,
    untilMs: dice.maybe(0.8, () => fromMs + dice.pick([100, 1_000, 5_000, 40_000])),
  };
}

/** Draws an origin that is down and up by turns. */
function drawFlaps(dice: Dice): PhasePlan[] {
  const fault = dice.pick<FaultName>(["refuse", "500", "503", "hanging headers", "429 named"]);
  const periodMs = dice.pick([300, 2_000, 6_000]);
  return Array.from({ length: 6 }, (_, index) => ({
    fault,
    probability: 1,
    fromMs: 2 * index * periodMs,
    untilMs: (2 * index + 1) * periodMs,
  }));
}

function drawClient(dice: Dice, origins: number): ClientPlan {
  const mirrors = Array.from({ length: dice.pick([0, 0, 1, 1, 2, 3]) }, () => drawMirror(dice, origins));
  return {
    listens: dice.pick([undefined, undefined, "always", "always", "now and then"]),
    signal: dice.maybe(0.1, () => dice.int(0, SIGNALS - 1)),
    concurrency: drawConcurrency(dice),
    perOrigin: dice.maybe(0.25, () => dice.int(1, 4)) ?? dice.maybe(0.1, () => drawLimit(dice, 8)),
    ...drawRates(dice),
    learns: dice.pick([undefined, undefined, undefined, "never", "counted", "function"]),
    breaker: drawBreaker(dice),
    retryBudget: dice.pick([
      undefined,
      undefined,
      false,
      { ratio: 0.2, minPerSecond: 0.5 },
      { ratio: 0, minPerSecond: 0.1 },
      { ratio: 0, minPerSecond: 0 },
    ]),
    backoff: dice.maybe(0.7, () => ({
      baseMs: dice.pick([0, 10, 100, 500]),
      jitter: dice.pick(["additive", "full", "equal", "decorrelated", "none"]),
      jitterMs: dice.pick([0, 50, 400]),
      maxMs: dice.pick([400, 5_000, 60_000]),
    })),
    hedge: dice.maybe(0.2, () => ({
      afterMs: dice.pick([10, 100, 500]),
      maxExtraRatio: dice.pick([undefined, 1]),
      to: dice.pick([undefined, "nextMirror"]),
    })),
    mirrors: mirrors.length === 0 ? undefined : mirrors,
    cache: dice.maybe(0.35, () => drawCache(dice)),
    use: dice.maybe(0.25, () => drawUse(dice)),
    retryOn: dice.maybe(0.15, () => dice.pick(["few statuses", "never", "after a delay", "404 too"])),
    extensions: dice.maybe(0.2, () => [drawExtension(dice)]),
    hasSecretHeader: dice.maybe(0.2, () => true),
    plain: {
      maxRetries: dice.pick([undefined, 0, 1, 2, 3]),
      timeoutMs: dice.pick([undefined, 100, 300, 1_000, 5_000]),
      idleTimeoutMs: dice.pick([undefined, undefined, 50, 1_000]),
      totalTimeoutMs: dice.maybe(0.15, () => dice.int(50, 8_000)),
      maxBodyBytes: dice.maybe(0.1, () => dice.pick([100, 10_000])),
      maxWaiting: dice.pick([undefined, undefined, 1, 2, 5]),
      maxRetryAfterMs: dice.pick([undefined, undefined, 0, 1_500]),
      pauseOn429: dice.pick([undefined, undefined, "request"]),
      notFoundIsFinal: dice.maybe(0.1, () => false),
      offline: dice.maybe(0.02, () => true),
      clientHeadersTo: dice.maybe(0.2, () => "mirrors"),
      maxQueue: dice.maybe(0.1, () => dice.pick([0, 1, 4])),
      maxQueueMs: dice.maybe(0.1, () => dice.pick([1, 50, 1_000])),
    },
  };
}

/** Draws no rate, one or two of them, and whether requests have limit keys. */
function drawRates(dice: Dice): Pick<ClientPlan, "rates" | "hasKeys"> {
  const hasKeys = dice.maybe(0.2, () => true);
  const rates = dice.maybe(0.25, () =>
    Array.from({ length: dice.int(1, 2) }, (): RatePlan => ({
      limit: dice.int(1, 20),
      intervalMs: dice.pick([100, 1_000]),
      burst: dice.int(1, 5),
      per: dice.pick(hasKeys ? ["client", "origin", "key", "key"] : ["client", "origin"]),
    })));
  return { rates, hasKeys };
}

function drawConcurrency(dice: Dice): ClientPlan["concurrency"] {
  const kind = dice.pick(["default", "number", "number", "semaphore", "adaptive"]);
  if (kind === "number" || kind === "semaphore") return { kind, most: dice.pick([1, 2, 3, 5, 30]) };
  return kind === "adaptive" ? { kind, rules: drawLimit(dice, 8) } : undefined;
}

function drawBreaker(dice: Dice): BreakerOptions | false | undefined {
  if (dice.chance(0.3)) return dice.pick([false, undefined]);
  const common: BreakerOptions = {
    cooldownMs: dice.pick([50, 300, 1_000]),
    maxCooldownMs: dice.pick([1_000, 3_000, 60_000]),
    ...dice.maybe(0.4, () => ({ onOpen: dice.pick(["fail", "wait"] as const) })),
    ...dice.maybe(0.4, () => ({ patienceMs: dice.pick([0, 300, 3_000, 20_000]) })),
  };
  return dice.chance(0.5)
    ? { ...common, threshold: dice.int(1, 5) } as BreakerOptions
    : { ...common, failureRatio: 0.5, minimumRequests: dice.int(2, 6), windowMs: 2_000 } as BreakerOptions;
}

function drawMirror(dice: Dice, origins: number): MirrorPlan {
  return {
    origin: dice.int(0, origins - 1),
    moveOn: dice.maybe(0.2, () => [403]),
    hasPath: dice.maybe(0.2, () => true),
    hasKey: dice.maybe(0.3, () => true),
  };
}

function drawCache(dice: Dice): CacheWorldPlan {
  return {
    mode: dice.pick(["http", "ttl"]),
    ttlMs: dice.pick([50, 1_000, 20_000]),
    staleWhileRevalidateMs: dice.maybe(0.4, () => dice.pick([500, 10_000])),
    staleIfErrorMs: dice.maybe(0.4, () => dice.pick([500, 30_000])),
    isPartitioned: dice.maybe(0.3, () => true),
    keepsParsed: dice.maybe(0.3, () => true),
  };
}

function drawUse(dice: Dice): MiddlewareKind[] {
  const kinds: readonly MiddlewareKind[] = ["pass", "header", "throws", "answers", "twice"];
  return Array.from({ length: dice.int(1, 2) }, () => dice.pick(kinds));
}

function drawExtension(dice: Dice): ExtensionPlan {
  return {
    maxRetries: dice.maybe(0.3, () => dice.int(0, 2)),
    timeoutMs: dice.maybe(0.3, () => dice.pick([200, 2_000])),
    use: dice.maybe(0.3, () => drawUse(dice)),
    hasHeader: dice.maybe(0.5, () => true),
  };
}
