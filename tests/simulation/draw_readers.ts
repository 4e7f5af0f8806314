/**
 * Makes readers of lines, events and pages slow, has them leave at any moment, and lets pages lead in circles.
 *
 * @module
 */

import { Dice } from "../support/dice.ts";
import type { ItemsStep, WorldPlan } from "./plan.ts";

/** A number that makes other chance of the same seed. */
const APART = 15_485_863;

/** Draws how items are read. */
export function drawReaders(world: WorldPlan): WorldPlan {
  const dice = new Dice(world.seed + APART);
  const steps = world.steps.map((step) => step.what === "items" ? drawReader(dice, step) : step);
  return { ...world, steps };
}

function drawReader(dice: Dice, step: ItemsStep): ItemsStep {
  const isPages = step.how === "pages";
  return {
    ...step,
    target: isPages && dice.chance(0.3) ? { ...step.target, kind: "circle" } : step.target,
    prefetch: isPages ? dice.maybe(0.5, () => 1) : undefined,
    slowMs: dice.maybe(0.3, () => dice.pick([1, 20, 400, 5_000])),
    leavesAfterMs: dice.maybe(0.2, () => dice.int(0, 3_000)),
  };
}
