/**
 * How long do many tasks take, and how much memory, if all of them wait for 20 permits?
 *
 * @module
 */

import { createGuard, type Guard } from "../support/guards.ts";
import { program } from "../support/program.ts";
import { peakRssBytes } from "../support/usage.ts";

/** Options. */
export interface WaitersOptions {
  readonly guard: Guard;
  readonly waiters: number;
}

/** The time and the memory that the tasks took. */
export interface WaitersResult {
  readonly wallMs: number;
  readonly peakRssBytes: number;
}

await program(async ({ guard, waiters }: WaitersOptions): Promise<WaitersResult> => {
  const run = await createGuard(guard);
  // Warm the code up before the clock starts, so that a short run does not look expensive beside a long one.
  await drain(20_000);
  const before = performance.now();
  await drain(waiters);
  return { wallMs: performance.now() - before, peakRssBytes: peakRssBytes() };

  async function drain(count: number): Promise<void> {
    const done: Promise<void>[] = [];
    for (let index = 0; index < count; index++) done.push(run(() => Promise.resolve()));
    await Promise.all(done);
  }
});
