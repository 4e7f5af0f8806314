/**
 * Sets the wall clock of the client's machine in some worlds. The monotonic clock that measures times is not affected.
 *
 * @module
 */

import { Dice } from "../support/dice.ts";
import type { WallStep, WorldPlan } from "./plan.ts";

/** Added to the seed, so that these draws are independent of the other draws of the same world. */
const APART = 32_452_843;

/** The changes of the wall clock, in milliseconds: small corrections, an hour of summer time, or years. */
const STEPS_MS = [-1, -700, -5_000, -3_600_000, -700_000_000_000, 700, 30_000, 3_600_000, 700_000_000_000];

/** Draws the steps that set the wall clock. */
export function drawWallClock(world: WorldPlan): WorldPlan {
  const dice = new Dice(world.seed + APART);
  if (!dice.chance(0.15)) return world;
  const lastsMs = Math.max(0, ...world.steps.map(({ atMs }) => atMs));
  const steps = Array.from({ length: dice.int(1, 3) }, (): WallStep => ({
    what: "wall",
    atMs: dice.int(0, lastsMs + 1_000),
    byMs: dice.pick(STEPS_MS),
  }));
  return { ...world, steps: [...world.steps, ...steps].sort((a, b) => a.atMs - b.atMs) };
}
