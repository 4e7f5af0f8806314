/**
 * Gives clients a bucket or a retry budget that they may share, and lets other code use the bucket and the semaphore.
 *
 * @module
 */

import { Dice } from "../support/dice.ts";
import type { ClientPlan, OthersStep, WorldPlan } from "./plan.ts";

/** Added to the seed, so that these draws are independent of the other draws of the same world. */
const APART = 104_395_301;

/** Draws the steps in which other code uses the semaphore and the bucket. */
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
  // At the edge, the runtime takes a request that waits for another one for hung.
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
