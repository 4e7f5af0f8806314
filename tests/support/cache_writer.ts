/**
 * Writes entries of random sizes under a few keys, until the test kills it: `cache_writer.ts DIR SEED`. Prints a line for
 * each.
 *
 * @module
 */

import { filesystemCache } from "../../src/cache/filesystem.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { entryOf } from "./cache_entries.ts";

/** The limit of the cache, small enough that it evicts entries all the time. */
const MAX_BYTES = 12_000_000;
const KEYS = 8;

const [dir, seed] = (globalThis as unknown as { process: { argv: readonly string[] } }).process.argv.slice(2);
const random = seededRandom(Number(seed));
const cache = filesystemCache(dir!, { maxBytes: MAX_BYTES, random });

async function writeForEver(): Promise<void> {
  while (true) {
    const fill = Math.floor(random() * 256);
    const size = Math.floor(random() * 2_500_000);
    const key = `${Math.floor(random() * KEYS)}`;
    // The URL tells a reader the expected body: its fill byte and its size.
    await cache.set(key, entryOf(new Uint8Array(size).fill(fill), { key, url: `${fill} ${size}` }));
    console.log("written");
  }
}

await Promise.all([writeForEver(), writeForEver()]);
