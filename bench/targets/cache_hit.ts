/**
 * T7: what a hit costs.
 *
 * @module
 */

import type { CacheHitOptions } from "../measure/cache_hit.ts";
import { compareRounds, rowOf } from "./rounds.ts";
import type { Target } from "./target.ts";

/** T7. */
export const cacheHitTarget: Target = {
  id: "T7",
  title: "A cache hit of 133 KB beside decoding and parsing the same bytes",
  async *rows(context) {
    const hits = 10;
    yield await rowOf({ question: "memory hit : parse", bound: { atMost: 1.1 }, unit: "×" }, async () => {
      const options: Omit<CacheHitOptions, "first"> = { hits, pairs: context.quick ? 40 : 100, warmup: 10 };
      const { time, oursMs, theirsMs } = await compareRounds(context, "cache_hit", options);
      const us = (ms: number): string => (ms * 1_000 / hits).toFixed(0);
      return { measured: time, detail: `${us(oursMs)} against ${us(theirsMs)} µs` };
    });
  },
};
