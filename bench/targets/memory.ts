/**
 * T6: how much memory a stream of very many requests takes, beside a bare loop over the same `fetch`.
 *
 * @module
 */

import type { MemoryOptions, MemoryResult } from "../measure/memory.ts";
import { median, spreadOf } from "../support/statistics.ts";
import { runProgram } from "./bench_runtime.ts";
import type { Bound, Row, Target, TargetContext } from "./target.ts";

const FEW = 10_000;
const LABELS: Readonly<Record<MemoryOptions["subject"], string>> = {
  "stream": "`client.stream()`",
  "bare loop": "a bare loop",
};

/** T6. */
export const memoryTarget: Target = {
  id: "T6",
  title: "Peak resident memory over a simulated `fetch`, 20 at once",
  async *rows(context) {
    const many = context.quick ? 200_000 : 1_000_000;
    const [stream, bareLoop] = await processes(context, [
      { subject: "stream", requests: many },
      { subject: "bare loop", requests: many },
    ]);
    yield memoryRow(stream!, bareLoop!, { atMost: 1.1 });
    const [fewOfStream, fewOfBareLoop] = await processes(context, [
      { subject: "stream", requests: FEW },
      { subject: "bare loop", requests: FEW },
    ]);
    yield memoryRow(stream!, fewOfStream!);
    // The runtime's own growth: it enlarges its young generation, and decides itself when to collect the old one.
    yield memoryRow(bareLoop!, fewOfBareLoop!);
  },
};

/** The results of the processes of one subject, round by round. */
interface Measured extends MemoryOptions {
  readonly results: readonly MemoryResult[];
}

/** Measures each subject in fresh processes, by turns. */
async function processes(context: TargetContext, subjects: readonly MemoryOptions[]): Promise<Measured[]> {
  const all = subjects.map((options) => ({ ...options, results: [] as MemoryResult[] }));
  for (let round = 0; round < (context.quick ? 1 : context.rounds); round++) {
    for (const { subject, requests, results } of round % 2 === 0 ? all : all.toReversed()) {
      const options: MemoryOptions = { subject, requests };
      results.push(await runProgram(context.runtime, "memory", options));
    }
  }
  return all;
}

function memoryRow(over: Measured, under: Measured, bound?: Bound): Row {
  const nameOf = ({ subject, requests }: Measured): string =>
    `${LABELS[subject]}, ${requests.toLocaleString("en")} requests`;
  const figures = (key: keyof MemoryResult): string =>
    [over, under].map(({ results }) => (median(results.map((result) => result[key])) / 1e6).toFixed(1))
      .join(" against ");
  return {
    question: `${nameOf(over)} : ${
      over.subject === under.subject ? under.requests.toLocaleString("en") : LABELS[under.subject]
    }`,
    bound,
    unit: "×",
    measured: spreadOf(
      over.results.map(({ peakRssBytes }, round) => peakRssBytes / under.results[round]!.peakRssBytes),
    ),
    detail: `${figures("peakRssBytes")} MB; highest heap ${figures("peakHeapBytes")} MB`,
  };
}
