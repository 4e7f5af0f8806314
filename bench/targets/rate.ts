/**
 * T5: how exactly a rate limit keeps its rate.
 *
 * @module
 */

import type { RateOptions, RateResult } from "../measure/rate.ts";
import { spreadOf } from "../support/statistics.ts";
import { runProgram } from "./bench_runtime.ts";
import { rowOf } from "./rounds.ts";
import type { Row, Target, TargetContext } from "./target.ts";

const TOKENS_PER_SECOND = 1_000;
const BURST = 10;
/** The lateness of a timer that the bucket may make up for while callers wait, as its documentation says. */
const ALLOWANCE_MS = 5;

/** T5. */
export const rateTarget: Target = {
  id: "T5",
  title: `${TOKENS_PER_SECOND} tokens a second, burst ${BURST}, callers always waiting`,
  async *rows(context) {
    for (const subject of ["bucket", "client"] as const) yield* rateRows(context, subject);
  },
};

async function* rateRows(context: TargetContext, subject: RateOptions["subject"]): AsyncIterable<Row> {
  const seconds = context.quick ? 1 : 5;
  const who = subject === "bucket" ? "`TokenBucket.take()`" : "`client.stream()` with `rateLimit`";
  const results: RateResult[] = [];
  yield await rowOf(
    {
      question: `${who}, ${seconds} s: how far from burst + rate · t`,
      bound: { atLeast: -1, atMost: 1 },
      unit: "%",
    },
    async () => {
      const expected = BURST + TOKENS_PER_SECOND * seconds;
      for (let index = 0; index < context.rounds; index++) {
        const options: RateOptions = { subject, tokensPerSecond: TOKENS_PER_SECOND, burst: BURST, seconds };
        results.push(await runProgram(context.runtime, "rate", options));
      }
      const granted = results.map((result) => result.granted);
      return {
        measured: spreadOf(granted.map((count) => (count / expected - 1) * 100)),
        detail: `${spreadOf(granted).value} granted of ${expected}`,
      };
    },
  );
  const allowed = ALLOWANCE_MS * TOKENS_PER_SECOND / 1_000;
  const most = spreadOf(results.map(({ mostOver }) => mostOver));
  yield {
    question: `${who}: the fullest stretch of any length over burst + rate · t`,
    bound: { atMost: allowed },
    // The worst round counts: a limit that only holds most of the time is no limit.
    measured: { ...most, value: most.high },
    unit: "tokens",
    detail:
      `strictly 0; ${allowed} are the documented ${ALLOWANCE_MS} ms that a late timer may make good; worst round`,
  };
}
