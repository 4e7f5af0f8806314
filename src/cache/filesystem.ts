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
   * How many bytes all entries may take together. One process keeps to it exactly in a small cache, and closely in one of
   * more than 1,000 entries. Several processes tell each other what they write, in the folder `v1/ledger`, and may pass it by
   * a quarter while they write at the same time. It should be the same in all processes that share a folder: one with a smaller bound
   * than the others spends its time on removing what they write.
   * @default {1_073_741_824}
   */
  readonly maxBytes?: number | undefined;
  /**
   * How many bytes one entry may take, body and metadata; a larger one is not stored. A larger file in the place of one is
   * taken for damaged and removed by the process that asks for it, so it should be the same in all processes that share a folder.
   * @default {16_777_216}
   */
  readonly maxEntryBytes?: number | undefined;
  /**
   * Milliseconds since 1970. With a clock of your own, entries carry its time and not that of the file system.
   * @default {Date.now}
   */
  readonly now?: (() => number) | undefined;
  /**
   * A number from 0 to 1 that decides with which entries the search for room begins.
   * @default {Math.random}
   */
  readonly random?: (() => number) | undefined;
}

const NAMES: readonly (keyof FilesystemCacheOptions)[] = ["maxBytes", "maxEntryBytes", "now", "random"];
const ACTION = "create filesystem cache";

/**
 * Creates a cache that outlives the program, and that any number of processes on any of the runtimes may share.
 *
 * Each entry is one file, `v1/ab/…` in the folder, written beside its place and then renamed: a reader gets all of an entry
 * or nothing, and a crash leaves nothing but a file that is swept ten minutes later. A checksum finds what the disk has
 * damaged: such an entry, or one of another format, is a miss and is removed. So is a link, a pipe or an empty folder in the
 * place of an entry; a folder that holds something is a miss, and `set()` and `delete()` of that very entry reject.
 *
 * `clear()`, `sweep()` and the search for room remove only files that begin with the cache's magic number, or that have the
 * name of an entry and are empty or begin with 16 zeros, as a power loss leaves them. In a folder where another program
 * stores files by their SHA-256, they leave those alone.
 *
 * Files and folders that it makes are open to their owner only. Links in the place of `v1` or of a folder in it are not followed: writing
 * and removing look at both each time, reading looks at them once a minute for each folder, and at what is in the entry's place once a
 * minute for each entry. That does not protect from a program that may write into the folder and swaps things between the look and the use.
 * The folder itself may be a link.
 *
 * The entries that were not used for longest make room for new ones; that an entry is used is noted once a minute. Nothing
 * runs in the background: what has expired is removed when it is asked for, or by `sweep()`, which also removes what
 * is damaged and what a crash left behind.
 *
 * A folder that may only be read gives hits. When a write fails, `set()` rejects and leaves nothing behind. When every write
 * would fail (a full disk, a used-up quota, a read-only file system, a missing permission for the folder, nothing that can
 * be removed to make room), nothing is stored (`false`) for the next 10 seconds. What can't be removed is skipped: the next
 * oldest goes instead, and `sweep()` and `clear()` do all they can before they reject.
 *
 * @param dir The folder, as a path or a file URL; it is made when the first entry is written. Other files in it are left
 * alone, also by `clear()`.
 * @param options The bounds.
 * @returns The adapter. On Deno its operations need `--allow-read` and `--allow-write` for the folder, and reject without.
 * @throws {TypeError} If `dir` is no path or file URL, the options are no object, one is of the wrong type or does not exist, or the runtime has no files.
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
