/**
 * Makes some readers of lines, events and pages slow, or lets them leave at any moment, and makes pages link in a circle.
 *
 * @module
 */

import { Dice } from "../support/dice.ts";
import type { ItemsStep, WorldPlan } from "./plan.ts";

/** Added to the seed, so that these draws are independent of the other draws of the same world. */
const APART = 15_485_863;

/** Draws the readers of items. */
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
