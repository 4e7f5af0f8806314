/**
 * Files in a cache, and the same bytes without one.
 *
 * @module
 */

import { createClient } from "../../mod.ts";
import { filesystemCache } from "../../src/cache/filesystem.ts";
import { memoryCache, ttlCache } from "../../src/http_cache/mod.ts";
import { currentFiles } from "../../src/runtime/files/current.ts";
import { LARGE_JSON } from "./payloads.ts";

/** Two ways to get the same values; disposing of them closes the client, which ends its background work. */
export interface CacheHit extends AsyncDisposable {
  /** Gets the value from a client that has the file in its cache. */
  readonly hit: () => Promise<unknown>;
  /**
   * Decodes and parses the bytes; for a file, reads them first. It is asynchronous even without a file, so that it costs a
   * caller the same `await` as a hit.
   */
  readonly parse: () => Promise<unknown>;
}

const URL = "https://fake.test/telemetry.json";

const FILES = 1_000;

/**
 * Puts 1,000 files with the given JSON into a file system cache, and as plain files into the folder beside it. Each hit and
 * each parse takes the next file.
 */
export async function createFileHit(folder: string, json: string): Promise<CacheHit> {
  const client = createClient({
    cache: ttlCache(filesystemCache(`${folder}/cache`), { ttlMs: Infinity }),
    fetch: () => Promise.resolve(new Response(json, { headers: { "content-type": "application/json" } })),
  });
  const urls = Array.from({ length: FILES }, (_, index) => `https://fake.test/${index}.json`);
  const paths = urls.map((_, index) => `${folder}/bare/${index}.json`);
  const files = currentFiles();
  const bytes = new TextEncoder().encode(json);
  await files.makeFolder(`${folder}/bare`);
  for (const path of paths) await files.create(path, bytes);
  for (const url of urls) await client.json(url);
  const decoder = new TextDecoder();
  let hits = 0;
  let reads = 0;
  return {
    hit: () => client.json(urls[hits++ % FILES]!, { cache: "only-if-cached" }),
    parse: async () => JSON.parse(decoder.decode((await files.read(paths[reads++ % FILES]!))!)),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** Puts 133 KB of telemetry into a memory cache. */
export async function createCacheHit(): Promise<CacheHit> {
  const bytes = new TextEncoder().encode(LARGE_JSON);
  const client = createClient({
    cache: ttlCache(memoryCache(), { ttlMs: Infinity }),
    fetch: () => Promise.resolve(new Response(bytes, { headers: { "content-type": "application/json" } })),
  });
  await client.json(URL);
  const decoder = new TextDecoder();
  return {
    hit: () => client.json(URL, { cache: "only-if-cached" }),
    parse: () => Promise.resolve(JSON.parse(decoder.decode(bytes))),
    [Symbol.asyncDispose]: () => client.close(),
  };
}
