/**
 * Two things measured against one another in one process, by turns, so that whatever else the machine does befalls both.
 *
 * @module
 */

import { cpuMs } from "./usage.ts";

/** A bit of work, always the same amount. */
export type Slice = () => Promise<unknown>;

/** What one slice took. */
export interface Cost {
  /** From its start to its end. */
  readonly wallMs: number;
  /** On all processors, with all threads of the process. */
  readonly cpuMs: number;
}

/** Two neighbouring slices. */
export interface Pair {
  readonly ours: Cost;
  readonly theirs: Cost;
}

/** What to compare. */
export interface Comparison {
  readonly ours: Slice;
  readonly theirs: Slice;
  /** How many pairs of slices to measure. */
  readonly pairs: number;
  /** How many pairs to run before, without measuring. */
  readonly warmup: number;
  /** Who has the first turn. */
  readonly first: "ours" | "theirs";
}

/** Runs slices in the order A B, B A, A B … and says what each took. */
export async function alternate({ ours, theirs, pairs, warmup, first }: Comparison): Promise<Pair[]> {
  const measured: Pair[] = [];
  for (let index = -warmup; index < pairs; index++) {
    let pair: Pair;
    if ((index % 2 === 0) === (first === "ours")) {
      const cost = await measure(ours);
      pair = { ours: cost, theirs: await measure(theirs) };
    } else {
      const cost = await measure(theirs);
      pair = { ours: await measure(ours), theirs: cost };
    }
    if (index >= 0) measured.push(pair);
  }
  return measured;
}

async function measure(slice: Slice): Promise<Cost> {
  const cpuBefore = cpuMs();
  const before = performance.now();
  await slice();
  const wallMs = performance.now() - before;
  return { wallMs, cpuMs: cpuMs() - cpuBefore };
}
