/**
 * T6: memory that does not grow with the number of requests.
 *
 * @module
 */

import type { MemoryOptions, MemoryResult } from "../measure/memory.ts";
import { median, spreadOf } from "../support/statistics.ts";
import { runProgram } from "./bench_runtime.ts";
import { rowOf } from "./rounds.ts";
import type { Bound, Row, Target, TargetContext } from "./target.ts";

const FEW = 10_000;

/** T6. */
export const memoryTarget: Target = {
  id: "T6",
  title: "Peak resident memory over a simulated `fetch`, 20 at once",
  async *rows(context) {
    yield await memoryRow(context, "stream", { atMost: 1.2 });
    // The growth that is the runtime's own: it enlarges its young generation, and collects the old one when it likes.
    yield await memoryRow(context, "bare loop");
  },
};

async function memoryRow(
  context: TargetContext,
  subject: MemoryOptions["subject"],
  bound?: Bound,
): Promise<Row> {
  const many = context.quick ? 200_000 : 1_000_000;
  const rounds = context.quick ? 1 : context.rounds;
  const measure = (requests: number): Promise<MemoryResult> =>
    runProgram(context.runtime, "memory", { subject, requests } satisfies MemoryOptions);
  const who = subject === "stream" ? "`client.stream()`" : "a bare loop";
  const question = `${who}, ${many.toLocaleString("en")} requests : ${FEW.toLocaleString("en")}`;
  return await rowOf({ question, bound, unit: "×" }, async () => {
    const few: MemoryResult[] = [];
    const all: MemoryResult[] = [];
    for (let index = 0; index < rounds; index++) {
      few.push(await measure(FEW));
      all.push(await measure(many));
    }
    const figures = (key: keyof MemoryResult): string =>
      [all, few].map((results) => (median(results.map((result) => result[key])) / 1e6).toFixed(1)).join(
        " against ",
      );
    return {
      measured: spreadOf(all.map(({ peakRssBytes }, index) => peakRssBytes / few[index]!.peakRssBytes)),
      detail: `${figures("peakRssBytes")} MB; highest heap ${figures("peakHeapBytes")} MB`,
    };
  });
}
