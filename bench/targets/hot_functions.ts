/**
 * T2b: how many functions become hot. On Bun, until all hot functions are compiled, compiling them is what a request costs
 * beyond the bare loop.
 *
 * @module
 */

import type { HotFunctionsOptions, HotFunctionsResult } from "../measure/hot_functions.ts";
import type { Fetcher } from "../support/fetchers.ts";
import { median, type Spread, spreadOf } from "../support/statistics.ts";
import { runProgram } from "./bench_runtime.ts";
import { rowOf } from "./rounds.ts";
import type { Bound, Row, Target, TargetContext } from "./target.ts";

const REQUESTS = 20_000;
const CONCURRENCY = 20;

/** T2b. */
export const hotFunctionsTarget: Target = {
  id: "T2b",
  title: `Functions that Bun compiles over ${
    REQUESTS.toLocaleString("en")
  } small requests, beyond the bare loop's`,
  on: "bun",
  async *rows(context) {
    const bare = await hotFunctions(context, "bare loop");
    for (const fetcher of ["stream", "json"] as const) {
      yield await hotRow(context, fetcher, bare, { atMost: 40 });
    }
    for (const fetcher of ["ofetch", "ky"] as const) yield await hotRow(context, fetcher, bare);
  },
};

async function hotRow(
  context: TargetContext,
  fetcher: Fetcher,
  bare: readonly HotFunctionsResult[],
  bound?: Bound,
): Promise<Row> {
  const who = fetcher === "stream" || fetcher === "json" ? `\`client.${fetcher}()\`` : `${fetcher} + p-limit`;
  return await rowOf(
    { question: `${who}: hot functions beyond a bare loop's`, bound, unit: "functions" },
    async () => {
      const results = await hotFunctions(context, fetcher);
      return { measured: beyond(results, bare), detail: `${figures(results)}; a bare loop ${figures(bare)}` };
    },
  );
}

/** Returns how many more functions Bun compiled than for a bare loop, over the rounds. */
export function beyond(
  results: readonly HotFunctionsResult[],
  bare: readonly HotFunctionsResult[],
): Spread {
  return spreadOf(results.map(({ baseline }, index) => baseline - bare[index]!.baseline));
}

/** Counts the hot functions of a fetcher in fresh processes: only a few, because the count hardly varies. */
export async function hotFunctions(
  { runtime, serverUrl, quick }: Pick<TargetContext, "runtime" | "serverUrl" | "quick">,
  fetcher: Fetcher,
): Promise<HotFunctionsResult[]> {
  const options: HotFunctionsOptions = { serverUrl, fetcher, requests: REQUESTS, concurrency: CONCURRENCY };
  const results: HotFunctionsResult[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    results.push(await runProgram(runtime, "hot_functions", options));
  }
  return results;
}

function figures(results: readonly HotFunctionsResult[]): string {
  const [baseline, dfg, ftl, ms] = (["baseline", "dfg", "ftl", "compileMs"] as const).map((key) =>
    median(results.map((result) => result[key])).toFixed(0)
  );
  return `${baseline} Baseline, ${dfg} DFG, ${ftl} FTL in ${ms} ms`;
}
