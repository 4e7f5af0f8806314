/**
 * T3: how long many files take if the server answers each request after 75 ms.
 *
 * @module
 */

import type { LatencyOptions, LatencyResult } from "../measure/latency.ts";
import type { Fetcher } from "../support/fetchers.ts";
import { median, spreadOf } from "../support/statistics.ts";
import { runProgram } from "./bench_runtime.ts";
import { rowOf } from "./rounds.ts";
import type { Bound, Row, Target, TargetContext } from "./target.ts";

const CONCURRENCY = 20;

/** T3. */
export const latencyTarget: Target = {
  id: "T3",
  title: "Files of 400 B that come 75 ms late, 20 at once, beside as many turns of one bare `fetch`",
  async *rows(context) {
    yield await latencyRow(context, "stream", 20, { atMost: 1.15 });
    yield await latencyRow(context, "json", 20, { atMost: 1.15 });
    const many = context.quick ? 100 : 1_000;
    yield await latencyRow(context, "stream", many, { atMost: 1.03 });
    yield await latencyRow(context, "bare loop", many);
  },
};

async function latencyRow(
  context: TargetContext,
  fetcher: Fetcher,
  files: number,
  bound?: Bound,
): Promise<Row> {
  const waves = files / CONCURRENCY;
  const who = fetcher === "bare loop" ? "a bare loop" : `\`client.${fetcher}()\``;
  const question = `${who}, ${files} files : ${waves === 1 ? "one" : `${waves} times one`}`;
  return await rowOf({ question, bound, unit: "×" }, async () => {
    const rounds: LatencyResult[][] = [];
    for (let index = 0; index < context.rounds; index++) {
      const repetitions = waves > 1 ? 1 : context.quick ? 5 : 15;
      const options: LatencyOptions = {
        serverUrl: context.serverUrl,
        fetcher,
        files,
        concurrency: CONCURRENCY,
        repetitions,
      };
      rounds.push(await runProgram(context.runtime, "latency", options));
    }
    // The time of one file is the median over all rounds, because every ratio depends on it.
    const oneMs = median(rounds.flat().map((result) => result.oneMs));
    const allMs = median(rounds.flat().map((result) => result.allMs));
    const ratios = rounds.map((round) => median(round.map((result) => result.allMs)) / (waves * oneMs));
    return { measured: spreadOf(ratios), detail: `${allMs.toFixed(0)} ms; one file ${oneMs.toFixed(1)} ms` };
  });
}
