/**
 * Tries to write and to read in the cache folder given as the argument, and prints the results or the errors' names.
 *
 * @module
 */

import { filesystemCache } from "../../src/cache/filesystem.ts";
import { entryOf } from "./cache_entries.ts";

const [dir] = (globalThis as unknown as { process: { argv: readonly string[] } }).process.argv.slice(2);
const cache = filesystemCache(dir!);
const nameOf = (error: Error): string => error.name;
const written = await Promise.resolve(cache.set("b", entryOf(5))).catch(nameOf);
const read = await Promise.resolve(cache.get("a")).then((entry) => entry?.body.length, nameOf);
console.log(written, read);
