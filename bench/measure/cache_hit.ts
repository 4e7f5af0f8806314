/**
 * What does a hit in a cache cost beside parsing the same bytes, or reading and parsing the same file?
 *
 * @module
 */

import { tempFolder } from "../../tests/support/temp_folder.ts";
import { type CacheHit, createCacheHit, createFileHit } from "../support/cache_hit.ts";
import { program } from "../support/program.ts";
import { alternate, type Comparison, type Pair } from "../support/slices.ts";

/** Options. */
export interface CacheHitOptions extends Pick<Comparison, "first" | "pairs" | "warmup"> {
  /** Where the entries are. */
  readonly adapter: "memory" | "filesystem";
  /** How many hits make a slice. */
  readonly hits: number;
}

await program(async ({ adapter, hits, ...options }: CacheHitOptions): Promise<Pair[]> => {
  await using folder = await tempFolder();
  // Closed before the folder is removed, so that nothing is written to it meanwhile.
  await using ways: CacheHit = adapter === "memory"
    ? await createCacheHit()
    : await createFileHit(folder.path);
  const { hit, parse } = ways;
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
