/**
 * Does a request cost more in a longer batch?
 *
 * @module
 */

import { createFakeFetch } from "../support/fake_fetch.ts";
import { type BatchMethod, createBatcher } from "../support/batches.ts";
import { program } from "../support/program.ts";
import { alternate, type Comparison, type Pair } from "../support/slices.ts";

/** Options. */
export interface GrowthOptions extends Pick<Comparison, "first" | "pairs" | "warmup"> {
  readonly method: BatchMethod;
  readonly few: number;
  readonly many: number;
}

await program(async ({ method, few, many, ...options }: GrowthOptions): Promise<Pair[]> => {
  const fetchBatch = createBatcher(method, createFakeFetch());
  return await alternate({
    ...options,
    ours: () => fetchBatch(many),
    // The same number of requests, in smaller batches.
    async theirs() {
      for (let done = 0; done < many; done += few) await fetchBatch(few);
    },
  });
});
