/**
 * T9: how much a request costs when there are many.
 *
 * @module
 */

import type { AtOnceOptions, AtOnceResult } from "../measure/at_once.ts";
import type { GrowthOptions } from "../measure/growth.ts";
import type { AtOnce } from "../support/at_once.ts";
import type { BatchMethod } from "../support/batches.ts";
import { median, spreadOf } from "../support/statistics.ts";
import { runProgram } from "./bench_runtime.ts";
import { compareRounds, rowOf } from "./rounds.ts";
import type { Row, Target, TargetContext } from "./target.ts";

const FEW = 1_000;
const MANY = 100_000;

/** T9. */
export const growthTarget: Target = {
  id: "T9",
  title: "Cost of a request over a simulated `fetch` when there are 100,000, in one batch or called at once",
  async *rows(context) {
    yield await growthRow(context, "stream");
    if (!context.quick) yield await growthRow(context, "settle");
    yield* atOnceRows(context);
  },
};

async function growthRow(context: TargetContext, method: Exclude<BatchMethod, "json at once">): Promise<Row> {
  const question = `\`client.${method}()\`, 100,000 : 100 × 1,000`;
  return await rowOf({ question, bound: { atMost: 1.1 }, unit: "×" }, async () => {
    const options: Omit<GrowthOptions, "first"> = {
      method,
      few: FEW,
      many: MANY,
      pairs: context.quick ? 2 : 6,
      warmup: 1,
    };
    const { time, oursMs, theirsMs } = await compareRounds(context, "growth", options);
    const us = (ms: number): string => (ms * 1_000 / MANY).toFixed(2);
    return { measured: time, detail: `${us(oursMs)} against ${us(theirsMs)} µs a request` };
  });
}

/** Compares calls that are all made at once. Each side runs in processes of its own, by turns. */
async function* atOnceRows(context: TargetContext): AsyncIterable<Row> {
  const { runtime, rounds } = context;
  const run = (subject: AtOnce): Promise<AtOnceResult> =>
    runProgram(runtime, "at_once", { subject, calls: MANY } satisfies AtOnceOptions);
  const ours: AtOnceResult[] = [];
  const bare: AtOnceResult[] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) ours.push(await run("client.json"));
    bare.push(await run("bare fetch"));
    if (round % 2 === 1) ours.push(await run("client.json"));
  }
  const who = "`client.json()`, 100,000 called at once : bare `fetch` under the same limit";
  yield {
    question: `${who}, time`,
    bound: { atMost: 2.5 },
    unit: "×",
    measured: spreadOf(ours.map(({ wallMs }, round) => wallMs / bare[round]!.wallMs)),
    detail: `${microseconds(ours)} against ${microseconds(bare)} µs a call`,
  };
  yield {
    question: `${who}, peak memory`,
    bound: { atMost: 1.5 },
    unit: "×",
    measured: spreadOf(ours.map(({ peakRssBytes }, round) => peakRssBytes / bare[round]!.peakRssBytes)),
    detail: `${megabytes(ours)} against ${megabytes(bare)} MB resident`,
  };
  if (context.quick) return;
  yield await rowOf({ question: `${who}, with p-limit in place of ours, time`, unit: "×" }, async () => {
    const theirs = await run("p-limit + fetch");
    return {
      measured: spreadOf(bare.map(({ wallMs }) => theirs.wallMs / wallMs)),
      detail: `${microseconds([theirs])} µs a call; ${megabytes([theirs])} MB resident`,
    };
  });
}

function microseconds(results: readonly AtOnceResult[]): string {
  return (median(results.map(({ wallMs }) => wallMs)) * 1_000 / MANY).toFixed(2);
}

function megabytes(results: readonly AtOnceResult[]): string {
  return (median(results.map(({ peakRssBytes }) => peakRssBytes)) / 1e6).toFixed(0);
}
