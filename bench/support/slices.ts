/**
 * Compares two kinds of work by turns in one process, so that any other load on the machine affects both.
 *
 * @module
 */

import { cpuMs } from "./usage.ts";

/** A piece of work, always of the same amount. */
export type Slice = () => Promise<unknown>;

/** The time that one slice took. */
export interface Cost {
  /** The time from its start to its end, in milliseconds. */
  readonly wallMs: number;
  /** The CPU time of all threads of the process, in milliseconds. */
  readonly cpuMs: number;
}

/** The costs of two neighbouring slices. */
export interface Pair {
  readonly ours: Cost;
  readonly theirs: Cost;
}

/** The two kinds of work to compare, and how. */
export interface Comparison {
  readonly ours: Slice;
  readonly theirs: Slice;
  /** The number of pairs of slices to measure. */
  readonly pairs: number;
  /** The number of pairs to run first, without measuring. */
  readonly warmup: number;
  /** The side that has the first turn. */
  readonly first: "ours" | "theirs";
}

/** Runs slices in the order A B, B A, A B … and returns the cost of each. */
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
