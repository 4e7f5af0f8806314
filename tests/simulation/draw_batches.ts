/**
 * Has batches get their requests from more kinds of sources, and streams read by several, who leave at any moment.
 *
 * @module
 */

import { Dice } from "../support/dice.ts";
import type { BatchStep, SourceKind, WorldPlan } from "./plan.ts";

/** A number that makes other chance of the same seed. */
const APART = 67_867_967;

const SOURCES: readonly SourceKind[] = ["generator", "async generator", "rejects", "unclosable", "deaf"];

/** Draws how batches are fed and read. */
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
    // Whoever leaves waits for its source to be closed.
    source: leaves && source === "deaf" ? step.source : source,
    leavesAfterMs,
    readers: dice.maybe(0.2, () => dice.int(2, 3)),
  };
}
