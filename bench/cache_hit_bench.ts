/**
 * How much does a cache hit cost, beside decoding and parsing the same 133 KB, or reading and parsing the same file?
 *
 * @module
 */

import { createCacheHit, createFileHit } from "./support/cache_hit.ts";
import { LARGE_JSON, SMALL_JSON } from "./support/payloads.ts";

const memory = await createCacheHit();
const folder = await Deno.makeTempDir();
const disk = await createFileHit(`${folder}/large`, LARGE_JSON);
const small = await createFileHit(`${folder}/small`, SMALL_JSON);
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

Deno.bench({
  group: "memory",
  name: "decode and parse",
  baseline: true,
  fn: async () => void await memory.parse(),
});
Deno.bench({ group: "memory", name: "memory cache hit", fn: async () => void await memory.hit() });
Deno.bench({
  group: "file system",
  name: "read, decode and parse",
  baseline: true,
  fn: async () => void await disk.parse(),
});
Deno.bench({ group: "file system", name: "file system cache hit", fn: async () => void await disk.hit() });
Deno.bench({
  group: "file system, 400 bytes",
  name: "read, decode and parse",
  baseline: true,
  fn: async () => void await small.parse(),
});
Deno.bench({
  group: "file system, 400 bytes",
  name: "file system cache hit",
  fn: async () => void await small.hit(),
});
