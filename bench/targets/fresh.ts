/**
 * Fresh processes: how much the first 1,000, 5,000, 20,000 and 100,000 requests cost, from cold code to hot.
 *
 * @module
 */

import type { FreshOptions } from "../measure/fresh.ts";
import type { Fetcher } from "../support/fetchers.ts";
import type { Cost } from "../support/slices.ts";
import { median, type Spread, spreadOf } from "../support/statistics.ts";
import { type BenchRuntime, NotMeasuredError, runProgram } from "./bench_runtime.ts";
import type { TargetContext } from "./target.ts";

const CONCURRENCY = 20;
/** The number of entries of {@linkcode freshCounts} that a short round measures, from the smallest. */
const SHORT = 2;

/**
 * The costs of each fetcher's processes, by round and by number of requests; short rounds lack the highest numbers. The
 * value is an error if the fetcher can't be loaded.
 */
export type FreshRounds = ReadonlyMap<Fetcher, readonly (readonly Cost[])[] | NotMeasuredError>;

/** The comparison of two fetchers in fresh processes, at one number of requests. */
export interface FreshComparison {
  /** The wall time of theirs divided by that of ours. */
  readonly throughput: Spread;
  /** The CPU time of ours divided by that of theirs. */
  readonly cpu: Spread;
  /** The median wall time of ours, in milliseconds. */
  readonly oursMs: number;
  /** The median wall time of theirs, in milliseconds. */
  readonly theirsMs: number;
}

/** Returns the numbers of requests at which to compare, in ascending order. */
export function freshCounts({ quick }: TargetContext): readonly number[] {
  return quick ? [1_000, 5_000] : [1_000, 5_000, 20_000, 100_000];
}

/** Runs one process, and returns the cost of its first requests for each number in `requests`. */
export function runFresh(
  runtime: BenchRuntime,
  options: Pick<FreshOptions, "serverUrl" | "fetcher" | "requests">,
): Promise<Cost[]> {
  return runProgram(runtime, "fresh", { ...options, concurrency: CONCURRENCY } satisfies FreshOptions);
}

/**
 * Runs one process of each fetcher in every round. The order of the fetchers is reversed in every second round. Most rounds
 * are short, because the time of a short process varies more than that of a long one.
 */
export async function freshRounds(
  context: TargetContext,
  fetchers: readonly Fetcher[],
): Promise<FreshRounds> {
  const { runtime, serverUrl, quick } = context;
  const counts = freshCounts(context);
  const shortRounds = quick ? 2 : 10;
  const all = new Map<Fetcher, Cost[][] | NotMeasuredError>(fetchers.map((fetcher) => [fetcher, []]));
  for (let round = 0; round < shortRounds + context.rounds; round++) {
    const requests = round < shortRounds ? counts.slice(0, SHORT) : counts;
    for (const fetcher of round % 2 === 0 ? fetchers : fetchers.toReversed()) {
      const rounds = all.get(fetcher);
      if (!Array.isArray(rounds)) continue;
      try {
        rounds.push(await runFresh(runtime, { serverUrl, fetcher, requests }));
      } catch (error) { // A rival that can't be loaded must not keep the others from being measured.
        if (!(error instanceof NotMeasuredError)) throw error;
        all.set(fetcher, error);
      }
    }
  }
  return all;
}

/**
 * Compares two fetchers round by round, at the number of requests with the given index in {@linkcode freshCounts}.
 *
 * @throws {NotMeasuredError} If one of them can't be loaded.
 */
export function compareFresh(
  rounds: FreshRounds,
  { ours, theirs, index }: { readonly ours: Fetcher; readonly theirs: Fetcher; readonly index: number },
): FreshComparison {
  const [our, their] = [ours, theirs].map((fetcher) =>
    costsOf(rounds, fetcher).flatMap((costs) => costs[index] ?? [])
  );
  const ratios = (ratio: (ours: Cost, theirs: Cost) => number): Spread =>
    spreadOf(our!.map((cost, round) => ratio(cost, their![round]!)));
  return {
    throughput: ratios((ours, theirs) => theirs.wallMs / ours.wallMs),
    cpu: ratios((ours, theirs) => ours.cpuMs / theirs.cpuMs),
    oursMs: median(our!.map(({ wallMs }) => wallMs)),
    theirsMs: median(their!.map(({ wallMs }) => wallMs)),
  };
}

function costsOf(rounds: FreshRounds, fetcher: Fetcher): readonly (readonly Cost[])[] {
  const costs = rounds.get(fetcher) ?? [];
  if (costs instanceof NotMeasuredError) throw costs;
  return costs;
}
