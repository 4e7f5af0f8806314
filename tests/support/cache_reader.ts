/**
 * Reads the entries of `cache_writer.ts` until the folder contains a file named `stop`, and prints its counts:
 * `cache_reader.ts DIR`. It also checks each file directly, because the cache hides damaged files.
 *
 * @module
 */

import { filesystemCache } from "../../src/cache/filesystem.ts";
import { decodeEntry } from "../../src/cache/filesystem/entry_format.ts";
import { nameOf } from "../../src/cache/filesystem/entry_name.ts";
import { currentFiles } from "../../src/runtime/files/current.ts";

/** The counts of a reader. */
export interface CacheReads {
  /** The number of reads that found an entry. */
  hits: number;
  /** The number of reads that found no entry. */
  misses: number;
  /** The number of damaged files, plus the number of entries that differ from what the writer wrote. */
  corrupt: number;
  /** The number of reads that threw. */
  errors: number;
}

const KEYS = 8;

const [dir] = (globalThis as unknown as { process: { argv: readonly string[] } }).process.argv.slice(2);
const files = currentFiles();
const cache = filesystemCache(dir!);
const reads: CacheReads = { hits: 0, misses: 0, corrupt: 0, errors: 0 };

async function read(key: string): Promise<void> {
  const { shard, name } = nameOf(key);
  const bytes = await files.read(`${dir}/v1/${shard}/${name}`);
  if (bytes !== undefined && decodeEntry(bytes, files.crc32) === undefined) reads.corrupt++;
  const entry = await cache.get(key);
  if (entry === undefined) {
    reads.misses++;
    return;
  }
  reads.hits++;
  const [fill, size] = entry.meta.url.split(" ").map(Number);
  const isRight = entry.meta.key === key && entry.body.length === size &&
    entry.body.indexOf(~fill! & 255) === -1;
  if (!isRight) reads.corrupt++;
}

console.log("reading");
for (let count = 0; (await files.info(`${dir}/stop`)) === undefined; count++) {
  try {
    await read(`${count % KEYS}`);
  } catch (error) { // a failed read is a finding: the test wants its count
    console.error(error);
    reads.errors++;
  }
}
console.log(JSON.stringify(reads));
