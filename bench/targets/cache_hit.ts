/**
 * T7: what a hit costs.
 *
 * @module
 */

import type { CacheHitOptions } from "../measure/cache_hit.ts";
import { compareRounds, rowOf } from "./rounds.ts";
import type { Row, Target, TargetContext } from "./target.ts";

/** T7. */
export const cacheHitTarget: Target = {
  id: "T7",
  title: "A cache hit of 133 KB beside decoding and parsing the same bytes",
  async *rows(context) {
    yield await hitRow(context, "memory", { question: "memory hit : parse", bound: { atMost: 1.1 } });
    yield await hitRow(context, "filesystem", {
      question: "filesystem hit : read and parse, 1,000 files",
      bound: { atMost: 1.25 },
    });
  },
};

function hitRow(
  context: TargetContext,
  adapter: CacheHitOptions["adapter"],
  question: Pick<Row, "question" | "bound">,
): Promise<Row> {
  return rowOf({ ...question, unit: "×" }, async () => {
    const hits = 10;
    const pairs = context.quick ? 40 : 100;
    const options: Omit<CacheHitOptions, "first"> = { adapter, hits, pairs, warmup: 10 };
    const { time, oursMs, theirsMs } = await compareRounds(context, "cache_hit", options);
    const us = (ms: number): string => (ms * 1_000 / hits).toFixed(0);
    return { measured: time, detail: `${us(oursMs)} against ${us(theirsMs)} µs` };
  });
}
