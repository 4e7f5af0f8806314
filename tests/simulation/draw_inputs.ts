/**
 * Passes `URL` and `Request` objects to `fetch`, also with slow bodies, and gives servers more kinds of faults.
 *
 * @module
 */

import { Dice } from "../support/dice.ts";
import type { BodyKind, CallStep, FaultName, ItemsStep, OriginPlan, Step, WorldPlan } from "./plan.ts";

/** Added to the seed, so that these draws are independent of the other draws of the same world. */
const APART = 122_949_823;

const FAULTS: readonly FaultName[] = ["408", "529", "503 at once", "429 at once", "429 past", "204"];
const BODIES: readonly BodyKind[] = ["blob", "iterable"];

/** Draws the form of requests, options of pages, and more faults of servers. */
export function drawInputs(world: WorldPlan): WorldPlan {
  const dice = new Dice(world.seed + APART);
  const steps = world.steps.map((step): Step => {
    if (step.what === "call") return drawCall(dice, step);
    return step.what === "items" && step.how === "pages" ? drawPages(dice, step) : step;
  });
  const origins = dice.chance(0.7) ? world.origins : world.origins.map((origin) => drawFaults(dice, origin));
  return { ...world, origins, steps };
}

function drawCall(dice: Dice, step: CallStep): CallStep {
  const hasBody = step.target.method === "PUT" || step.target.method === "POST";
  if (step.how !== "fetch") {
    const body = hasBody ? dice.maybe(0.2, () => dice.pick(BODIES)) : undefined;
    return body === undefined ? step : { ...step, target: { ...step.target, body } };
  }
  // The lanes of the other client stay unwatched only if it begins its request at once.
  if (step.isSibling) return step;
  const inputs: readonly CallStep["input"][] = [
    ...["url", "request", "request"] as const,
    ...hasBody ? ["slow request", "stalled request"] as const : [],
  ];
  const input = dice.maybe(0.5, () => dice.pick(inputs));
  // A request whose body never ends needs a total timeout, because nothing else ends it.
  const options = input === "stalled request"
    ? { ...step.options, totalTimeoutMs: step.options?.totalTimeoutMs ?? dice.int(20, 5_000) }
    : step.options;
  return { ...step, input, options };
}

function drawPages(dice: Dice, step: ItemsStep): ItemsStep {
  if (dice.chance(0.5)) return step;
  return {
    ...step,
    options: {
      priority: dice.maybe(0.3, () => dice.int(-1, 2)),
      timeoutMs: dice.maybe(0.3, () => dice.int(20, 1_000)),
      totalTimeoutMs: dice.maybe(0.3, () => dice.int(20, 5_000)),
      maxRetries: dice.maybe(0.3, () => dice.int(0, 2)),
      onOpen: dice.maybe(0.2, () => dice.pick(["fail", "wait"])),
    },
  };
}

function drawFaults(dice: Dice, { phases, ...origin }: OriginPlan): OriginPlan {
  return {
    ...origin,
    phases: phases.map((phase) => dice.chance(0.5) ? { ...phase, fault: dice.pick(FAULTS) } : phase),
  };
}
