/**
 * What does a hit in the memory cache cost beside parsing the same bytes?
 *
 * @module
 */

import { type CacheHit, createCacheHit } from "../support/cache_hit.ts";
import { program } from "../support/program.ts";
import { alternate, type Comparison, type Pair } from "../support/slices.ts";

/** Options. */
export interface CacheHitOptions extends Pick<Comparison, "first" | "pairs" | "warmup"> {
  /** How many hits make a slice. */
  readonly hits: number;
}

await program(async ({ hits, ...options }: CacheHitOptions): Promise<Pair[]> => {
  const { hit, parse }: CacheHit = await createCacheHit();
  return await alternate({
    ...options,
    async ours() {
      for (let index = 0; index < hits; index++) await hit();
    },
    async theirs() {
      for (let index = 0; index < hits; index++) await parse();
    },
  });
});
