/**
 * Gives clients a bucket or a retry budget that may be shared, and has others use that and the semaphore.
 *
 * @module
 */

import { Dice } from "../support/dice.ts";
import type { ClientPlan, OthersStep, WorldPlan } from "./plan.ts";

/** A number that makes other chance of the same seed. */
const APART = 104_395_301;

/** Draws what others do. */
export function drawOthers(world: WorldPlan): WorldPlan {
  const dice = new Dice(world.seed + APART);
  const client: ClientPlan = {
    ...world.client,
    sharesBudget: dice.maybe(0.2, () => true),
    bucket: world.client.rates === undefined
      ? dice.maybe(0.1, () => ({
        limit: dice.int(1, 20),
        intervalMs: dice.pick([100, 1_000]),
        burst: dice.int(1, 5),
      }))
      : undefined,
  };
  const hasSemaphore = client.concurrency?.kind === "semaphore";
  // At the edge, whoever waits for others is taken for hung.
  if (client.isWorker || (!hasSemaphore && client.bucket === undefined) || dice.chance(0.3)) {
    return { ...world, client };
  }
  const lastsMs = Math.max(0, ...world.steps.map(({ atMs }) => atMs));
  const steps = Array.from({ length: dice.int(1, 8) }, (): OthersStep => ({
    what: "others",
    atMs: dice.int(0, lastsMs + 500),
    does: hasSemaphore
      ? dice.pick(["lend", "lend", "resize", "take", "pause"])
      : dice.pick(["take", "pause"]),
    amount: dice.pick([1, 1, 2, 4, 8]),
    forMs: dice.pick([0, 10, 500, 3_000]),
  }));
  return { ...world, client, steps: [...world.steps, ...steps].sort((a, b) => a.atMs - b.atMs) };
}
