/**
 * A target of the project, and the rows of its results.
 *
 * @module
 */

import type { Spread } from "../support/statistics.ts";
import type { BenchRuntime } from "./bench_runtime.ts";

/** The settings and the server that all targets share. */
export interface TargetContext {
  readonly runtime: BenchRuntime;
  /** The URL of the benchmarks' server. */
  readonly serverUrl: string;
  /** Whether to measure quickly, at the cost of precision. */
  readonly quick: boolean;
  /** The number of fresh processes for each comparison. */
  readonly rounds: number;
}

/** The range in which a measured value must lie. */
export interface Bound {
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
}

/** One line of the table. */
export interface Row {
  /** The question, with the names of the compared sides. */
  readonly question: string;
  /** The wanted range; without it, the line is for information only. */
  readonly bound?: Bound | undefined;
  /** The measured value; without it, the line was not measured. */
  readonly measured?: Spread | undefined;
  /** The unit of the bound and of the measured value. */
  readonly unit?: "×" | "ms" | "s" | "KB" | "%" | "tokens" | "functions" | undefined;
  /** The figures behind the value, or why there is none. */
  readonly detail: string;
}

/** The judgement on a line. */
export type Verdict = "met" | "MISSED" | "not measured" | "no target";

/** Measures one target, line by line. */
export interface Target {
  /** The target's short name, such as `T1`. */
  readonly id: string;
  /** What the target measures, in a few words. */
  readonly title: string;
  /** The only runtime that the target applies to; without it, the target applies to both. */
  readonly on?: BenchRuntime["name"] | undefined;
  readonly rows: (context: TargetContext) => AsyncIterable<Row>;
}

/** Returns the verdict on a line. */
export function verdictOf({ bound, measured }: Row): Verdict {
  if (measured === undefined) return "not measured";
  if (bound === undefined) return "no target";
  const { atLeast = -Infinity, atMost = Infinity } = bound;
  return measured.value >= atLeast && measured.value <= atMost ? "met" : "MISSED";
}
