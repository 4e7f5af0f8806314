/**
 * T9: what a request costs when there are many.
 *
 * @module
 */

import type { GrowthOptions } from "../measure/growth.ts";
import type { BatchMethod } from "../support/batches.ts";
import { compareRounds, rowOf } from "./rounds.ts";
import type { Bound, Row, Target, TargetContext } from "./target.ts";

const FEW = 1_000;
const MANY = 100_000;

/** T9. */
export const growthTarget: Target = {
  id: "T9",
  title: "Cost of a request over a simulated `fetch`: 100,000 in one batch beside batches of 1,000",
  async *rows(context) {
    yield await growthRow(context, "stream", { atMost: 1.1 });
    if (context.quick) return;
    yield await growthRow(context, "settle");
    yield await growthRow(context, "json at once");
  },
};

async function growthRow(context: TargetContext, method: BatchMethod, bound?: Bound): Promise<Row> {
  const who = method === "json at once" ? "`client.json()`, all called at once" : `\`client.${method}()\``;
  return await rowOf({ question: `${who}, 100,000 : 100 × 1,000`, bound, unit: "×" }, async () => {
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
