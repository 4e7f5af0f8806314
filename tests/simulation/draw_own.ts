/**
 * Gives requests their own options and signals, as a part of the request itself.
 *
 * @module
 */

import { Dice } from "../support/dice.ts";
import { type OwnPlan, SIGNALS, type Step, type TargetPlan, type WorldPlan } from "./plan.ts";

/** Added to the seed, so that these draws are independent of the other draws of the same world. */
const APART = 49_979_687;

/** Draws the options in requests themselves. */
export function drawOwn(world: WorldPlan): WorldPlan {
  const dice = new Dice(world.seed + APART);
  if (!dice.chance(0.3)) return world;
  const { isWorker = false } = world.client;
  const change = <T extends TargetPlan>(target: T, isOne: boolean): T =>
    dice.chance(0.3) ? { ...target, own: drawOptions(dice, isWorker, isOne) } : target;
  const steps = world.steps.map((step): Step => {
    if (step.what === "batch") {
      return { ...step, targets: step.targets.map((target) => change(target, false)) };
    }
    if (step.what !== "call" || step.how === "fetch") return step;
    return { ...step, target: change(step.target, step.how !== "outcome") };
  });
  return { ...world, steps };
}

function drawOptions(dice: Dice, isWorker: boolean, isOne: boolean): OwnPlan {
  return {
    as: isOne ? undefined : dice.maybe(0.2, () => dice.pick(["json", "text", "bytes"])),
    signal: isWorker ? undefined : dice.maybe(0.3, () => dice.int(0, SIGNALS - 1)),
    priority: dice.maybe(0.2, () => dice.int(-1, 2)),
    timeoutMs: dice.maybe(0.2, () => dice.int(20, 1_000)),
    totalTimeoutMs: dice.maybe(0.2, () => dice.int(20, 5_000)),
    maxRetries: dice.maybe(0.2, () => dice.int(0, 2)),
    onOpen: dice.maybe(0.1, () => dice.pick(["fail", "wait"])),
    patienceMs: dice.maybe(0.1, () => dice.pick([0, 200, 3_000])),
    cache: dice.maybe(
      0.2,
      () => dice.pick(["no-store", "reload", "no-cache", "force-cache", "only-if-cached"]),
    ),
    readCache: dice.maybe(0.1, () => dice.chance(0.5)),
    writeCache: dice.maybe(0.1, () => dice.chance(0.5)),
    hedge: dice.maybe(0.1, () => false),
    idempotent: dice.maybe(0.1, () => dice.chance(0.5)),
    notFoundIsFinal: dice.maybe(0.1, () => dice.chance(0.5)),
    maxBodyBytes: dice.maybe(0.05, () => dice.pick([100, 30_000])),
    schema: dice.maybe(0.1, () => dice.pick(["own", "async", "throws", "rejects", "transforms"])),
    hasProgress: dice.maybe(0.05, () => true),
  };
}
