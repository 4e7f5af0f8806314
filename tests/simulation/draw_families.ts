/**
 * Draws extensions of extensions. Callers use all of them, and the script closes them in any order.
 *
 * @module
 */

import { Dice } from "../support/dice.ts";
import { type ExtensionPlan, isWork, SIGNALS, type Step, type WorldPlan } from "./plan.ts";

/** Added to the seed, so that these draws are independent of the other draws of the same world. */
const APART = 86_028_121;

/** Draws the extensions of a client, and the extension that each step uses. */
export function drawFamilies(world: WorldPlan): WorldPlan {
  const dice = new Dice(world.seed + APART);
  const { isWorker = false, extensions: [first] = [] } = world.client;
  if (first === undefined || dice.chance(0.4)) return world;
  const extensions: readonly ExtensionPlan[] = [
    first,
    ...Array.from({ length: dice.int(0, 2) }, (_, index): ExtensionPlan => ({
      parent: dice.maybe(0.7, () => dice.int(0, index)),
      signal: isWorker ? undefined : dice.maybe(0.3, () => dice.int(0, SIGNALS - 1)),
      maxRetries: dice.maybe(0.3, () => dice.int(0, 2)),
      timeoutMs: dice.maybe(0.3, () => dice.pick([200, 2_000])),
      totalTimeoutMs: dice.maybe(0.3, () => dice.int(50, 8_000)),
      notFoundIsFinal: dice.maybe(0.2, () => dice.chance(0.5)),
      isPlain: dice.maybe(0.3, () => true),
      hasHeader: dice.maybe(0.3, () => true),
    })),
  ];
  const who = (): number | undefined => dice.maybe(0.7, () => dice.below(extensions.length));
  const steps = world.steps.map((step): Step =>
    isWork(step) && !("isSibling" in step && step.isSibling) ? { ...step, extension: who() } : step
  );
  const lastsMs = Math.max(0, ...steps.map(({ atMs }) => atMs));
  for (let extension = 0; extension < extensions.length; extension++) {
    if (dice.chance(0.3)) steps.push({ what: "close", atMs: dice.int(0, lastsMs + 1_000), extension });
  }
  return {
    ...world,
    client: { ...world.client, extensions },
    steps: steps.sort((a, b) => a.atMs - b.atMs),
  };
}
