/**
 * Comparisons in several fresh processes.
 *
 * @module
 */

import { median, type Spread, spreadOf } from "../support/statistics.ts";
import type { Comparison, Cost, Pair } from "../support/slices.ts";
import { NotMeasuredError, runProgram } from "./bench_runtime.ts";
import type { Row, TargetContext } from "./target.ts";

/** What several processes say about two things. */
export interface Rounds {
  /** Ours over theirs, of the time that passes. */
  readonly time: Spread;
  /** Theirs over ours, of the time that passes. */
  readonly throughput: Spread;
  /** Ours over theirs, of the time that processors spend. */
  readonly cpu: Spread;
  /** The median slice, in milliseconds. */
  readonly oursMs: number;
  readonly theirsMs: number;
}

/** Runs a comparing program in several processes: each starts with the other one, and counts with its median pair. */
export async function compareRounds<O extends Pick<Comparison, "pairs" | "warmup">>(
  context: TargetContext,
  program: string,
  options: O,
): Promise<Rounds> {
  const rounds: Pair[][] = [];
  for (let index = 0; index < context.rounds; index++) {
    const first: Comparison["first"] = index % 2 === 0 ? "ours" : "theirs";
    rounds.push(await runProgram(context.runtime, program, { ...options, first }));
  }
  const spread = (ratio: (pair: Pair) => number): Spread =>
    spreadOf(rounds.map((pairs) => median(pairs.map(ratio))));
  const slice = (cost: (pair: Pair) => Cost): number =>
    median(rounds.flat().map((pair) => cost(pair).wallMs));
  return {
    time: spread(({ ours, theirs }) => ours.wallMs / theirs.wallMs),
    throughput: spread(({ ours, theirs }) => theirs.wallMs / ours.wallMs),
    cpu: spread(({ ours, theirs }) => ours.cpuMs / theirs.cpuMs),
    oursMs: slice((pair) => pair.ours),
    theirsMs: slice((pair) => pair.theirs),
  };
}

/** A row, or one that says why nothing was measured. */
export async function rowOf(
  question: Pick<Row, "question" | "bound" | "unit">,
  measure: () => Promise<Pick<Row, "measured" | "detail">>,
): Promise<Row> {
  try {
    return { ...question, ...await measure() };
  } catch (error) {
    if (error instanceof NotMeasuredError) return { ...question, detail: error.message };
    throw error;
  }
}
