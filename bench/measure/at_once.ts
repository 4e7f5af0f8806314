/**
 * How long do very many calls take, and how much memory, if the program makes them all at once under a limit of 20?
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

/** The time and the memory that the calls took. */
export interface AtOnceResult {
  readonly wallMs: number;
  readonly peakRssBytes: number;
}

await program(async ({ subject, calls }: AtOnceOptions): Promise<AtOnceResult> => {
  const callAll = await createAtOnce(subject, createFakeFetch());
  // Warm the code up before the clock starts: the program measures the cost of many waiters, not of cold code.
  for (let index = 0; index < 20; index++) await callAll(1_000);
  const before = performance.now();
  await callAll(calls);
  return { wallMs: performance.now() - before, peakRssBytes: peakRssBytes() };
});
