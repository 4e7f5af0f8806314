/**
 * Fills a cache: `cache_filler.ts DIR SEED WRITES MAX_BYTES LEAST MOST` writes WRITES entries of LEAST to MOST bytes, one
 * after the other, most of them small. Prints a line for each.
 *
 * @module
 */

import { filesystemCache } from "../../src/cache/filesystem.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { entryOf } from "./cache_entries.ts";

const [dir, ...numbers] = (globalThis as unknown as { process: { argv: readonly string[] } }).process.argv
  .slice(2);
const [seed = 0, writes = 0, maxBytes = 0, least = 0, most = 0] = numbers.map(Number);
const random = seededRandom(seed);
// The limit for one entry fits the largest entry that this program writes.
const cache = filesystemCache(dir!, { maxBytes, maxEntryBytes: most + 1_000, random });
for (let index = 0; index < writes; index++) {
  const size = Math.floor(least + random() ** 3 * (most - least));
  if (!await cache.set(`${seed} ${index}`, entryOf(size))) throw new Error("Refused");
  console.log("written");
}
