/**
 * T7: how much a cache hit costs.
 *
 * @module
 */

import type { CacheHitOptions } from "../measure/cache_hit.ts";
import type { WarmSessionResult } from "../measure/warm_session.ts";
import type { RaceSessionOptions } from "../support/race_session.ts";
import { median, spreadOf } from "../support/statistics.ts";
import { runProgram } from "./bench_runtime.ts";
import { compareRounds, rowOf } from "./rounds.ts";
import type { Row, Target, TargetContext } from "./target.ts";

/** T7. */
export const cacheHitTarget: Target = {
  id: "T7",
  title: "A cache hit of 133 KB beside decoding and parsing the same bytes",
  async *rows(context) {
    yield await hitRow(context, { adapter: "memory", size: "large", hits: 10 }, {
      question: "memory hit : parse",
      bound: { atMost: 1.1 },
    });
    yield await hitRow(context, { adapter: "filesystem", size: "large", hits: 10 }, {
      question: "filesystem hit : read and parse, 1,000 files",
      bound: { atMost: 1.25 },
    });
    yield await hitRow(context, { adapter: "filesystem", size: "small", hits: 50 }, {
      question: "filesystem hit : read and parse, 1,000 files of 400 bytes",
      bound: { atMost: 2 },
    });
    yield await warmSessionRow(context);
  },
};

function hitRow(
  context: TargetContext,
  what: Pick<CacheHitOptions, "adapter" | "size" | "hits">,
  question: Pick<Row, "question" | "bound">,
): Promise<Row> {
  return rowOf({ ...question, unit: "×" }, async () => {
    const pairs = context.quick ? 40 : 100;
    const options: Omit<CacheHitOptions, "first"> = { ...what, pairs, warmup: 10 };
    const { time, oursMs, theirsMs } = await compareRounds(context, "cache_hit", options);
    const us = (ms: number): string => (ms * 1_000 / what.hits).toFixed(0);
    return { measured: time, detail: `${us(oursMs)} against ${us(theirsMs)} µs` };
  });
}

/** Compares the CPU time of loading a race again, if the cache keeps parsed values and if it keeps bytes. */
function warmSessionRow(context: TargetContext): Promise<Row> {
  const question = "1,140 laps again, checked: kept parsed : kept as bytes, CPU";
  return rowOf({ question, unit: "×", bound: { atMost: 0.6 } }, async () => {
    const results: { readonly parsed: WarmSessionResult; readonly bytes: WarmSessionResult }[] = [];
    for (let round = 0; round < context.rounds; round++) {
      const run = (keep: RaceSessionOptions["keep"]): Promise<WarmSessionResult> =>
        runProgram(context.runtime, "warm_session", { keep, drivers: 20, laps: 57 });
      results.push({ parsed: await run("parsed"), bytes: await run("bytes") });
    }
    const seconds = (figure: (result: WarmSessionResult) => number): string =>
      (["parsed", "bytes"] as const)
        .map((keep) => (median(results.map((result) => figure(result[keep]))) / 1_000).toFixed(2))
        .join(" against ");
    const warm = ({ warmCpuMs }: WarmSessionResult): number => median(warmCpuMs);
    return {
      measured: spreadOf(results.map(({ parsed, bytes }) => warm(parsed) / warm(bytes))),
      detail: `${seconds(warm)} s; the first time ${seconds(({ coldCpuMs }) => coldCpuMs)} s`,
    };
  });
}
