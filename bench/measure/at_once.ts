/**
 * How long do very many calls take that are all made at once, under a limit of 20, and in how much memory?
 *
 * @module
 */

import { type AtOnce, createAtOnce } from "../support/at_once.ts";
import { createFakeFetch } from "../support/fake_fetch.ts";
import { program } from "../support/program.ts";
import { peakRssBytes } from "../support/usage.ts";

/** Options. */
export interface AtOnceOptions {
  readonly subject: AtOnce;
  readonly calls: number;
}

/** What it took. */
export interface AtOnceResult {
  readonly wallMs: number;
  readonly peakRssBytes: number;
}

await program(async ({ subject, calls }: AtOnceOptions): Promise<AtOnceResult> => {
  const callAll = await createAtOnce(subject, createFakeFetch());
  // Hot code before the clock starts: what is asked is what many waiters cost.
  for (let index = 0; index < 20; index++) await callAll(1_000);
  const before = performance.now();
  await callAll(calls);
  return { wallMs: performance.now() - before, peakRssBytes: peakRssBytes() };
});
