/**
 * Other code that shares objects with the client: it holds permits of the semaphore and changes its capacity, and it takes
 * tokens from the bucket and pauses it.
 *
 * @module
 */

import type { OthersStep } from "./plan.ts";
import type { Stage } from "./stage.ts";

/** Plays a step of the other code. */
export function playOthers(stage: Stage, step: OthersStep): void {
  const { does, amount, forMs } = step;
  const { semaphore, bucket, clock } = stage;
  stage.note(`others: ${does} ${amount} for ${forMs} ms`);
  switch (does) {
    case "lend":
      return lend(stage, step);
    case "resize":
      return semaphore?.resize(amount);
    case "take":
      return take(stage, step);
    case "pause":
      if (bucket === undefined) return;
      bucket.pauseFor(forMs);
      stage.bucketPauses.push({ fromMs: clock.now(), untilMs: clock.now() + forMs });
  }
}

/** Takes tokens as soon as they are available. */
function take(stage: Stage, { amount }: OthersStep): void {
  const { bucket } = stage;
  if (bucket === undefined) return;
  const tokens = Math.min(amount, bucket.burst);
  bucket.take(tokens).then(() => stage.onTake(tokens));
}

/** Acquires permits as soon as they are available, and holds them for a while. */
function lend(stage: Stage, { amount, forMs }: OthersStep): void {
  const { semaphore, clock } = stage;
  if (semaphore === undefined) return;
  semaphore.acquire(Math.min(amount, stage.leastCapacity)).then((permit) => {
    stage.lent += permit.weight;
    const giveBack = (): void => {
      stage.lent -= permit.weight;
      permit[Symbol.dispose]();
    };
    if (forMs === 0) giveBack();
    else clock.at(forMs, giveBack);
  });
}
