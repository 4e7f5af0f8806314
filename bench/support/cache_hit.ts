/**
 * A file in the memory cache, and the same bytes without one.
 *
 * @module
 */

import { createClient, memoryCache } from "../../mod.ts";
import { LARGE_JSON } from "./payloads.ts";

/** Two ways to the same value. */
export interface CacheHit {
  /** Asks a client that has the file in its memory cache. */
  readonly hit: () => Promise<unknown>;
  /** Decodes and parses the bytes; asynchronous as well, as whoever calls would have to be. */
  readonly parse: () => Promise<unknown>;
}

const URL = "https://fake.test/telemetry.json";

/** Puts 133 KB of telemetry into a memory cache. */
export async function createCacheHit(): Promise<CacheHit> {
  const bytes = new TextEncoder().encode(LARGE_JSON);
  const client = createClient({
    cache: memoryCache(),
    fetch: () => Promise.resolve(new Response(bytes, { headers: { "content-type": "application/json" } })),
  });
  await client.json(URL);
  const decoder = new TextDecoder();
  return {
    hit: () => client.json(URL, { cache: "only-if-cached" }),
    parse: () => Promise.resolve(JSON.parse(decoder.decode(bytes))),
  };
}
