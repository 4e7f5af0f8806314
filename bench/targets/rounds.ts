/**
 * Comparisons in several fresh processes.
 *
 * @module
 */

import { median, type Spread, spreadOf } from "../support/statistics.ts";
import type { Comparison, Cost, Pair } from "../support/slices.ts";
import { NotMeasuredError, runProgram } from "./bench_runtime.ts";
import type { Row, TargetContext } from "./target.ts";

/** The comparison of two kinds of work over several processes. */
export interface Rounds {
  /** The wall time of ours divided by that of theirs. */
  readonly time: Spread;
  /** The wall time of theirs divided by that of ours. */
  readonly throughput: Spread;
  /** The CPU time of ours divided by that of theirs. */
  readonly cpu: Spread;
  /** The median wall time of a slice of ours, in milliseconds. */
  readonly oursMs: number;
  /** The median wall time of a slice of theirs, in milliseconds. */
  readonly theirsMs: number;
}

/**
 * Runs a comparing program in several processes. The side that starts alternates from process to process, and each process
 * counts with the median of its pairs.
 */
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

/** Returns a measured row; if a rival can't be loaded, returns a row that says why nothing was measured. */
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
