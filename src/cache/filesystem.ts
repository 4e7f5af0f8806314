/**
 * A cache in a folder of the file system, for Deno and Bun.
 *
 * @module
 */

import { assertKnownOptions } from "../http/option_hints.ts";
import {
  assertFunction,
  assertOptions,
  assertPositiveInteger,
  shapeError,
} from "../primitives/argument_checks.ts";
import type { Files } from "../runtime/files/contract.ts";
import { currentFiles } from "../runtime/files/current.ts";
import type { CacheAdapter } from "./cache.ts";
import { FilesystemCache } from "./filesystem/adapter.ts";
import { markOwn } from "./own_adapters.ts";

export type {
  CacheAdapter,
  CacheCallOptions,
  CacheEntry,
  CacheFault,
  CacheMeta,
  MaybePromise,
  StoredRedirect,
  SweepResult,
} from "./cache.ts";

/** Options of {@linkcode filesystemCache}. */
export interface FilesystemCacheOptions {
  /**
   * How many bytes all entries may take together. One process keeps to this bound exactly in a small cache, and closely in a
   * cache of more than 1,000 entries. Several processes announce their writes to each other, in the folder `v1/ledger`. While
   * they write at the same time, they may exceed the bound by a quarter. Use the same bound in all processes that share a folder:
   * a process with a smaller bound than the others spends its time on removing their entries.
   * @default {1_073_741_824}
   */
  readonly maxBytes?: number | undefined;
  /**
   * How many bytes one entry may take, body and metadata; a larger entry is not stored. A process that reads a larger file in the
   * place of an entry takes the file for damaged and removes it. So use the same limit in all processes that share a folder.
   * @default {16_777_216}
   */
  readonly maxEntryBytes?: number | undefined;
  /**
   * Returns the time in milliseconds since 1970. If you set it, the files of entries get this time, and not that of the file
   * system.
   * @default {Date.now}
   */
  readonly now?: (() => number) | undefined;
  /**
   * Returns a number from 0 to 1, which decides in which folder the search for old entries begins.
   * @default {Math.random}
   */
  readonly random?: (() => number) | undefined;
}

const NAMES: readonly (keyof FilesystemCacheOptions)[] = ["maxBytes", "maxEntryBytes", "now", "random"];
const ACTION = "create filesystem cache";

/**
 * Creates a cache that outlives the program. Any number of processes on any of the runtimes may share it.
 *
 * Each entry is one file, `v1/ab/…` in the folder. The cache writes a temporary file and renames it, so that a reader gets a
 * whole entry or nothing. A crash leaves only a temporary file behind, which a later scan of its folder removes after ten
 * minutes. A checksum finds damage on the disk: a damaged entry, or one of another format, is a miss and is removed. The same
 * holds for a link, a pipe or an empty folder in the place of an entry. A folder with content is a miss, and `set()` and
 * `delete()` of that entry reject.
 *
 * `clear()`, `sweep()` and the search for room remove only files that begin with the cache's magic number, and files that have
 * the name of an entry and are empty or begin with 16 zeros, as a power loss leaves them. In a folder where another program
 * stores files by their SHA-256, they leave that program's files alone.
 *
 * The files and folders that the cache creates are accessible to their owner only. The cache does not follow links in the place
 * of `v1` or of a folder in it. Writing and removing check both each time. Reading checks them once a minute for each folder, and
 * checks the file once a minute for each entry. These checks do not protect against a program that may write into the folder and
 * swaps a file between check and use. The folder `dir` itself may be a link.
 *
 * The least recently used entries make room for new ones; the use of an entry is noted at most once a minute. Nothing runs in the
 * background. An expired entry is removed when it is read, or by `sweep()`, which also removes damaged entries and leftovers of a
 * crash.
 *
 * A read-only folder still gives hits. If a write fails, `set()` rejects and leaves nothing behind. If every write would fail,
 * the cache stores nothing for the next 10 seconds, and `set()` returns `false`. That is so for a full disk, an exhausted quota,
 * a read-only file system, a missing permission for the folder, or if nothing can be removed to make room. An entry that can't be
 * removed is skipped: the next oldest one goes instead. `sweep()` and `clear()` do all they can before they reject.
 *
 * @param dir The folder, as a path or a file URL; it is created when the first entry is written. The cache leaves other files in
 * it alone, also in `clear()`.
 * @param options The bounds.
 * @returns The adapter. On Deno its operations need `--allow-read` and `--allow-write` for the folder, and reject without.
 * @throws {TypeError} If `dir` is no path or file URL, the options are no object, one is of the wrong type or does not exist, or
 * the runtime has no files.
 * @throws {RangeError} If a bound is not a positive integer.
 *
 * @example Answers that outlive the program
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { ttlCache } from "@slipstream/fetch/cache";
 * import { filesystemCache } from "@slipstream/fetch/cache/filesystem";
 * import { assertEquals } from "@std/assert";
 * import { mkdtemp, rm } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 *
 * const dir = await mkdtemp(`${tmpdir()}/cache-`);
 * let requests = 0;
 * async function load(): Promise<unknown> {
 *   await using client = createClient({
 *     cache: ttlCache(filesystemCache(dir), { ttlMs: 60_000 }),
 *     fetch: () => Promise.resolve(new Response(`[${++requests}]`)),
 *   });
 *   return await client.json("https://example.com/a");
 * }
 *
 * assertEquals(await load(), [1]);
 * assertEquals(await load(), [1]);
 * await rm(dir, { recursive: true });
 * ```
 */
export function filesystemCache(dir: string | URL, options: FilesystemCacheOptions = {}): CacheAdapter {
  assertOptions(ACTION, options);
  assertKnownOptions(ACTION, options, NAMES);
  const { maxBytes = 1024 ** 3, maxEntryBytes = 16 * 1024 ** 2, now, random = Math.random } = options;
  const files = currentFiles();
  const path = pathOf(dir, files);
  assertPositiveInteger(ACTION, "maxBytes", maxBytes);
  assertPositiveInteger(ACTION, "maxEntryBytes", maxEntryBytes);
  if (now !== undefined) assertFunction(ACTION, "now", now);
  assertFunction(ACTION, "random", random);
  return markOwn(new FilesystemCache({ files, dir: path, maxBytes, maxEntryBytes, now, random }));
}

function pathOf(dir: unknown, files: Files): string {
  const path = dir instanceof URL && dir.protocol === "file:" ? files.pathOf(dir) : dir;
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw shapeError(ACTION, "dir", "a path or a file URL", dir instanceof URL ? dir.href : dir);
  }
  return path.replace(/\/+$/, "");
}
