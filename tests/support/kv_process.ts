/**
 * A program that shares a key-value store in a file with other processes, for tests that kill it:
 *
 *     deno run -A --unstable-kv tests/support/kv_process.ts write FILE SEED
 *     deno run -A --unstable-kv tests/support/kv_process.ts read FILE COUNT
 *
 * `write` writes entries until it is killed, and prints a line when it has written every key once. `read` reads `COUNT`
 * times and prints its counts as JSON.
 *
 * @module
 */

import { delay } from "@std/async/delay";
import type { CacheEntry } from "../../src/cache/cache.ts";
import { kvCache } from "../../src/cache/kv.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { entryOf, randomBytes } from "./cache_entries.ts";

/** The counts of a reader. */
export interface ReadCounts {
  /** The number of reads that gave a complete entry, exactly as a writer wrote it. */
  whole: number;
  /** The number of reads that found no entry. */
  missed: number;
  /** The number of reads that threw, because the store was locked. */
  failed: number;
  /** The number of reads that gave an entry which differs from the written ones. */
  wrong: number;
}

/** The keys that all processes write and read. */
const KEYS = ["a", "b"];
/** The sizes of the bodies to write, in bytes. */
const SIZES = [1_000, 500_000, 500_000, 700_000];

/** Creates the entry of a number. The same number gives the same entry; different numbers give entirely different bodies. */
function numberedEntry(number: number): CacheEntry {
  const body = randomBytes(SIZES[number % SIZES.length]!, number);
  if (number % 3 === 0) body.fill(number % 251, 1_000); // compresses well, so that the entry has few chunks
  return entryOf(body, { requestedAt: number });
}

/** Whether an entry has exactly the body that belongs to its number. */
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
    } catch (error) { // another process is writing, so the store is locked: skip this entry
      if (!String(error).includes("locked")) throw error;
    }
    if (count === 1) console.log("writing");
    // Without a gap between their writes, two writers lock out the other processes for seconds.
    await delay(3);
  }
}

/** Reads a store while other processes write to it, or after they have. */
export async function read(kv: Deno.Kv, count: number): Promise<ReadCounts> {
  const cache = kvCache(kv);
  const counts: ReadCounts = { whole: 0, missed: 0, failed: 0, wrong: 0 };
  for (let index = 0; index < count; index++) {
    try {
      const entry = await cache.get(KEYS[index % KEYS.length]!);
      if (entry === undefined) counts.missed += 1;
      else counts[isWhole(entry) ? "whole" : "wrong"] += 1;
    } catch (error) { // the store is locked: count the failed read
      if (!String(error).includes("locked")) throw error;
      counts.failed += 1;
    }
  }
  return counts;
}

/** Opens a store. Retries while other processes write to it, because then opening can fail to get its own lock in time. */
async function open(file: string): Promise<Deno.Kv> {
  for (let attempt = 1;; attempt++) {
    try {
      return await Deno.openKv(file);
    } catch (error) { // the store is locked: try again, up to 100 times
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
