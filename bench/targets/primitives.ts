/**
 * T4: how much the primitives cost beside their rivals.
 *
 * @module
 */

import type { GuardOptions } from "../measure/guard.ts";
import type { WaitersOptions, WaitersResult } from "../measure/waiters.ts";
import type { Guard } from "../support/guards.ts";
import { median, spreadOf } from "../support/statistics.ts";
import { runProgram } from "./bench_runtime.ts";
import { compareRounds, rowOf } from "./rounds.ts";
import type { Bound, Row, Target, TargetContext } from "./target.ts";

/** T4. */
export const primitivesTarget: Target = {
  id: "T4",
  title: "Time of primitives beside rivals",
  async *rows(context) {
    yield await guardRow(context, "Semaphore.run", "cockatiel bulkhead", { atMost: 1 });
    yield await guardRow(context, "CircuitBreaker.run, in a row", "cockatiel ConsecutiveBreaker", {
      atMost: 0.5,
    });
    yield await guardRow(context, "CircuitBreaker.run, by share", "cockatiel SamplingBreaker", {
      atMost: 0.5,
    });
    yield await guardRow(context, "semaphore + bucket + breaker", "p-limit + limiter + cockatiel", {
      atMost: 0.35,
    });
    yield await guardRow(context, "Semaphore.run", "try and finally");
    yield* waitersRows(context);
  },
};

async function guardRow(context: TargetContext, ours: Guard, theirs: Guard, bound?: Bound): Promise<Row> {
  const tasks = 5_000;
  return await rowOf(
    { question: `${ours} : ${theirs}, a task that does nothing`, bound, unit: "×" },
    async () => {
      const options: Omit<GuardOptions, "first"> = {
        ours,
        theirs,
        tasks,
        pairs: context.quick ? 50 : 200,
        warmup: 20,
      };
      const { time, oursMs, theirsMs } = await compareRounds(context, "guard", options);
      const ns = (ms: number): string => (ms * 1_000_000 / tasks).toFixed(0);
      return { measured: time, detail: `${ns(oursMs)} against ${ns(theirsMs)} ns a task` };
    },
  );
}

async function* waitersRows(context: TargetContext): AsyncIterable<Row> {
  const rounds = context.quick ? 1 : context.rounds;
  const drain = (guard: Guard, waiters: number): Promise<WaitersResult> =>
    runProgram(context.runtime, "waiters", { guard, waiters } satisfies WaitersOptions);
  const many: WaitersResult[] = [];
  yield await rowOf(
    { question: "1,000,000 waiters of Semaphore.run : 100,000", bound: { atMost: 15 }, unit: "×" },
    async () => {
      const few: WaitersResult[] = [];
      for (let index = 0; index < rounds; index++) {
        few.push(await drain("Semaphore.run", 100_000));
        many.push(await drain("Semaphore.run", 1_000_000));
      }
      const [fewMs, manyMs] = [few, many].map((results) => median(results.map(({ wallMs }) => wallMs)));
      return {
        measured: spreadOf(many.map(({ wallMs }, index) => wallMs / few[index]!.wallMs)),
        detail: `${manyMs!.toFixed(0)} against ${fewMs!.toFixed(0)} ms`,
      };
    },
  );
  yield await rowOf(
    { question: "1,000,000 waiters, peak memory: Semaphore.run : p-limit", bound: { atMost: 1 }, unit: "×" },
    async () => {
      const theirs: WaitersResult[] = [];
      for (let index = 0; index < rounds; index++) theirs.push(await drain("p-limit", 1_000_000));
      const megabytes = (results: WaitersResult[]): string =>
        (median(results.map(({ peakRssBytes }) => peakRssBytes)) / 1e6).toFixed(0);
      const theirMs = median(theirs.map(({ wallMs }) => wallMs)).toFixed(0);
      return {
        measured: spreadOf(many.map(({ peakRssBytes }, index) => peakRssBytes / theirs[index]!.peakRssBytes)),
        detail: `${megabytes(many)} against ${megabytes(theirs)} MB resident; p-limit takes ${theirMs} ms`,
      };
    },
  );
}
