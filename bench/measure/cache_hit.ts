/**
 * What does a hit in a cache cost beside parsing the same bytes, or reading and parsing the same file?
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
  /** Where the entries are. */
  readonly adapter: "memory" | "filesystem";
  /** How large a file is: 133 KB, or 400 bytes, which only the file system has. */
  readonly size: "large" | "small";
  /** How many hits make a slice. */
  readonly hits: number;
}

await program(async ({ adapter, size, hits, ...options }: CacheHitOptions): Promise<Pair[]> => {
  await using folder = await tempFolder();
  // Closed before the folder is removed, so that nothing is written to it meanwhile.
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
