/**
 * A program that shares a key-value store in a file with others, for tests that kill it:
 *
 *     deno run -A --unstable-kv tests/support/kv_process.ts write FILE SEED
 *     deno run -A --unstable-kv tests/support/kv_process.ts read FILE COUNT
 *
 * `write` writes entries until it is killed, and prints a line when it has written every key. `read` reads `COUNT` times and prints what
 * it has seen, as JSON.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import type { CacheEntry } from "../../src/cache/cache.ts";
import { kvCache } from "../../src/cache/kv.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { entryOf, randomBytes } from "./cache_entries.ts";

/** What a reader has seen. */
export interface ReadCounts {
  /** How many reads gave an entry that somebody wrote, whole. */
  whole: number;
  /** How many gave nothing. */
  missed: number;
  /** How many threw. */
  failed: number;
  /** How many gave anything else. */
  wrong: number;
}

/** The keys that everybody writes and reads. */
const KEYS = ["a", "b"];
/** The sizes of the bodies that are written. */
const SIZES = [1_000, 500_000, 500_000, 700_000];

/** The entry that belongs to a number: two of the same number are the same, two of different numbers differ everywhere. */
function numberedEntry(number: number): CacheEntry {
  const body = randomBytes(SIZES[number % SIZES.length]!, number);
  if (number % 3 === 0) body.fill(number % 251, 1_000); // a few chunks when it is compressed
  return entryOf(body, { requestedAt: number });
}

/** Whether an entry is as its number says. */
function isWhole({ meta, body }: CacheEntry): boolean {
  const expected = numberedEntry(meta.requestedAt).body;
  return expected.length === body.length && expected.every((byte, index) => byte === body[index]);
}

async function write(kv: Deno.Kv, seed: number): Promise<never> {
  const cache = kvCache(kv);
  const random = seededRandom(seed);
  const entries = Array.from({ length: 12 }, (_, index) => numberedEntry(12 * (seed % 4) + index));
  for (let count = 0;; count++) {
    try {
      await cache.set(KEYS[count % KEYS.length]!, entries[Math.floor(random() * entries.length)]!);
    } catch (error) { // the other one is writing: this entry isn't stored
      if (!String(error).includes("locked")) throw error;
    }
    if (count === 1) console.log("writing");
    // Without a gap between their writes, two writers keep everybody else from the file for seconds.
    await delay(3);
  }
}

/** Reads a store that others are writing to, or have written to. */
export async function read(kv: Deno.Kv, count: number): Promise<ReadCounts> {
  const cache = kvCache(kv);
  const counts: ReadCounts = { whole: 0, missed: 0, failed: 0, wrong: 0 };
  for (let index = 0; index < count; index++) {
    try {
      const entry = await cache.get(KEYS[index % KEYS.length]!);
      if (entry === undefined) counts.missed += 1;
      else counts[isWhole(entry) ? "whole" : "wrong"] += 1;
    } catch (error) { // counted
      if (!String(error).includes("locked")) throw error;
      counts.failed += 1;
    }
  }
  return counts;
}

/** Opens a store, also while others write to it: opening gets no lock of its own in time, then. */
async function open(file: string): Promise<Deno.Kv> {
  for (let attempt = 1;; attempt++) {
    try {
      return await Deno.openKv(file);
    } catch (error) { // the store is busy
      if (attempt === 100 || !String(error).includes("locked")) throw error;
      await delay(20);
    }
  }
}

if (import.meta.main) {
  const [operation, file, number] = Deno.args as [string, string, string];
  using kv = await open(file);
  if (operation === "write") await write(kv, Number(number));
  console.log(JSON.stringify(await read(kv, Number(number))));
}
