/**
 * What does a hit in the memory cache cost, beside decoding and parsing the same 133 KB?
 *
 * @module
 */

import { createCacheHit } from "./support/cache_hit.ts";

const { hit, parse } = await createCacheHit();

Deno.bench({ name: "decode and parse", baseline: true, fn: async () => void await parse() });
Deno.bench({ name: "memory cache hit", fn: async () => void await hit() });
