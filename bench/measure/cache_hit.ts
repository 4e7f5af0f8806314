/**
 * How much does a cache hit cost, beside parsing the same bytes or reading and parsing the same file?
 *
 * @module
 */

import { tempFolder } from "../../tests/support/temp_folder.ts";
import { type CacheHit, createCacheHit, createFileHit } from "../support/cache_hit.ts";
import { LARGE_JSON, SMALL_JSON } from "../support/payloads.ts";
import { program } from "../support/program.ts";
import { alternate, type Comparison, type Pair } from "../support/slices.ts";

/** Options. */
export interface CacheHitOptions extends Pick<Comparison, "first" | "pairs" | "warmup"> {
  /** The adapter that holds the entries. */
  readonly adapter: "memory" | "filesystem";
  /** The size of a file: 133 KB, or 400 bytes; the memory adapter always takes 133 KB. */
  readonly size: "large" | "small";
  /** The number of hits in a slice. */
  readonly hits: number;
}

await program(async ({ adapter, size, hits, ...options }: CacheHitOptions): Promise<Pair[]> => {
  await using folder = await tempFolder();
  // Declared after the folder, so that the client closes first and writes nothing while the folder is removed.
  await using ways: CacheHit = adapter === "memory"
    ? await createCacheHit()
    : await createFileHit(folder.path, size === "large" ? LARGE_JSON : SMALL_JSON);
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
