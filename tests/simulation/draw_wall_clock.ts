/**
 * Has the wall clock of the client's machine set in some worlds; the clock that times are measured with goes on.
 *
 * @module
 */

import { Dice } from "../support/dice.ts";
import type { WallStep, WorldPlan } from "./plan.ts";

/** A number that makes other chance of the same seed. */
const APART = 32_452_843;

/** By how much it is set, in milliseconds: corrected, after a summer, or by years. */
const STEPS_MS = [-1, -700, -5_000, -3_600_000, -700_000_000_000, 700, 30_000, 3_600_000, 700_000_000_000];

/** Draws when the wall clock is set. */
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
