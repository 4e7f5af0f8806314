/**
 * Gives batches more kinds of sources, and gives streams several readers, which may leave at any moment.
 *
 * @module
 */

import { Dice } from "../support/dice.ts";
import type { BatchStep, SourceKind, WorldPlan } from "./plan.ts";

/** Added to the seed, so that these draws are independent of the other draws of the same world. */
const APART = 67_867_967;

const SOURCES: readonly SourceKind[] = ["generator", "async generator", "rejects", "unclosable", "deaf"];

/** Draws the sources and the readers of batches. */
export function drawBatches(world: WorldPlan): WorldPlan {
  const dice = new Dice(world.seed + APART);
  const steps = world.steps.map((step) => step.what === "batch" ? drawBatch(dice, step) : step);
  return { ...world, steps };
}

function drawBatch(dice: Dice, step: BatchStep): BatchStep {
  if (step.how === "record") return step;
  const source = dice.maybe(0.3, () => dice.pick(SOURCES)) ?? step.source;
  if (step.how !== "stream") return { ...step, source };
  const leavesAfterMs = dice.maybe(0.2, () => dice.pick([0, dice.int(1, 3_000)]));
  const leaves = leavesAfterMs !== undefined || step.leavesAfter !== undefined;
  return {
    ...step,
    // A reader that leaves waits until the source is closed, and a deaf source never reports that.
    source: leaves && source === "deaf" ? step.source : source,
    leavesAfterMs,
    readers: dice.maybe(0.2, () => dice.int(2, 3)),
  };
}
