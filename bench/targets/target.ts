/**
 * What a target is, and what was measured for it.
 *
 * @module
 */

import type { Spread } from "../support/statistics.ts";
import type { BenchRuntime } from "./bench_runtime.ts";

/** What all targets are measured with. */
export interface TargetContext {
  readonly runtime: BenchRuntime;
  /** Where the server of the benchmarks listens. */
  readonly serverUrl: string;
  /** Whether to be done soon, at the cost of precision. */
  readonly quick: boolean;
  /** How many fresh processes each comparison gets. */
  readonly rounds: number;
}

/** Where a measured value must lie. */
export interface Bound {
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
}

/** One line of the table. */
export interface Row {
  /** What was asked, with the names of the parts that were compared. */
  readonly question: string;
  /** What is wanted; without it the line is there to be known. */
  readonly bound?: Bound | undefined;
  /** What was measured; without it the question remains open. */
  readonly measured?: Spread | undefined;
  /** The unit of both. */
  readonly unit?: "×" | "ms" | "s" | "KB" | "%" | "tokens" | "functions" | undefined;
  /** The figures behind the value, or why there is none. */
  readonly detail: string;
}

/** What became of a line. */
export type Verdict = "met" | "MISSED" | "not measured" | "no target";

/** Measures one target, line by line. */
export interface Target {
  /** Such as `T1`. */
  readonly id: string;
  /** What it is about, in a few words. */
  readonly title: string;
  /** The only runtime that it is about, if there is one. */
  readonly on?: BenchRuntime["name"] | undefined;
  readonly rows: (context: TargetContext) => AsyncIterable<Row>;
}

/** Judges a line. */
export function verdictOf({ bound, measured }: Row): Verdict {
  if (measured === undefined) return "not measured";
  if (bound === undefined) return "no target";
  const { atLeast = -Infinity, atMost = Infinity } = bound;
  return measured.value >= atLeast && measured.value <= atMost ? "met" : "MISSED";
}
