/**
 * Stores an entry in the cache folder given as the argument, and reads it. The program must then end by itself: the cache
 * must not keep the process alive.
 *
 * @module
 */

import { filesystemCache } from "../../src/cache/filesystem.ts";
import { entryOf } from "./cache_entries.ts";

const [dir] = (globalThis as unknown as { process: { argv: readonly string[] } }).process.argv.slice(2);
const cache = filesystemCache(dir!);
const isStored = await cache.set("a", entryOf(1_000));
const entry = await cache.get("a");
await cache.sweep?.();
console.log(isStored, entry?.body.length);
