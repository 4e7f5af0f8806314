/**
 * Stores an entry in the folder that is its argument, reads it, and comes to its end by itself.
 *
 * @module
 */

import { filesystemCache } from "../../src/cache/filesystem.ts";
import { entryOf } from "../cache/filesystem/entry.ts";

const [dir] = (globalThis as unknown as { process: { argv: readonly string[] } }).process.argv.slice(2);
const cache = filesystemCache(dir!);
const isStored = await cache.set("a", entryOf(1_000));
const entry = await cache.get("a");
await cache.sweep?.();
console.log(isStored, entry?.body.length);
