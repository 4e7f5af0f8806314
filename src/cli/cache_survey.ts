/**
 * A survey of a cache on disk.
 *
 * @module
 */

import type { CacheMeta } from "../cache/cache.ts";
import { type EntryFile, EntryFolders } from "../cache/filesystem/entry_folders.ts";
import { decodeMeta, findBody } from "../cache/filesystem/entry_format.ts";
import { isExpired } from "../cache/stored_meta.ts";
import { SHARDS } from "../cache/filesystem/entry_name.ts";
import { LEDGER_FOLDER } from "../cache/filesystem/ledger.ts";
import { settleAll } from "../cache/filesystem/settle_all.ts";
import { isGenerationKey } from "../http_cache/generations.ts";
import { currentAgeMs } from "../http_cache/rfc9111/age.ts";
import { isIndex } from "../http_cache/rfc9111/vary.ts";
import type { Files } from "../runtime/files/contract.ts";

/**
 * The state of a file: a response that is usable as it is (`fresh`), after asking the server (`stale`), or no longer (`expired`);
 * an entry without a response, which is the list of a URL's variants or the generation of a URL (`index`); an entry that can't be
 * decoded (`damaged`); or a file that a write is about to complete or has left (`unfinished`).
 */
export type EntryState = "fresh" | "stale" | "expired" | "index" | "damaged" | "unfinished";

/** A number of files and their size. */
export interface Amount {
  files: number;
  bytes: number;
}

/** The responses of one origin in a cache. */
export interface OriginAmount extends Amount {
  /** The origin, such as `https://cdn.example.com`. */
  readonly origin: string;
  fresh: number;
  stale: number;
  expired: number;
}

/** The contents of a cache. */
export interface CacheSurvey {
  readonly all: Amount;
  readonly states: Readonly<Record<EntryState, Amount>>;
  /** The origins, the one with most bytes first. */
  readonly origins: readonly OriginAmount[];
  /** When the oldest and the newest response were stored or validated, in milliseconds since 1970; absent without responses. */
  readonly storedAt?: { readonly oldest: number; readonly newest: number } | undefined;
}

/** The folder of the entries, in the folder of the cache. */
const ROOT = "v1";
/** How many bytes the first read of an entry takes. Most metadata are smaller, so that one read is enough. */
const START_BYTES = 4_096;

/**
 * Returns whether a folder is the folder of a cache. An empty folder is; a folder with only other files is not.
 *
 * @param dir The folder.
 * @param files The file system.
 * @throws {Error} If the folder can't be read.
 */
export async function isCacheFolder(dir: string, files: Files): Promise<boolean> {
  const names = await files.list(dir) ?? [];
  if (names.length === 0) return true;
  const root = `${dir}/${ROOT}`;
  if ((await files.info(root))?.kind !== "folder") return false;
  const shards = await files.list(root) ?? [];
  return shards.length === 0 || shards.some((name) => name === LEDGER_FOLDER || SHARDS.includes(name));
}

/**
 * Reads the metadata of all entries, but no body. It leaves out entries that vanish meanwhile, and files that the cache has not
 * written.
 *
 * @param dir The cache's folder.
 * @param files The file system.
 * @param nowMs The time, in milliseconds since 1970.
 * @throws {Error} If something can't be read.
 */
export async function surveyCache(dir: string, files: Files, nowMs: number): Promise<CacheSurvey> {
  const folders = new EntryFolders(files, `${dir}/${ROOT}`);
  const census = new Census(nowMs);
  for (const shard of await folders.shards()) {
    await settleAll(await folders.list(shard), async (file) => {
      if (!await folders.isOwn(file)) return;
      if (file.isTemp) return census.count(file, undefined);
      const meta = await readMeta(files, folders.pathOf(file), file.bytes);
      if (meta !== "vanished") census.count(file, meta);
    });
  }
  return census.result();
}

async function readMeta(
  files: Files,
  path: string,
  fileBytes: number,
): Promise<CacheMeta | undefined | "vanished"> {
  let start = await files.readStart(path, START_BYTES);
  if (start === undefined) return "vanished";
  const bodyStart = findBody(start, fileBytes);
  if (bodyStart === undefined) return undefined;
  if (bodyStart > start.length) start = await files.readStart(path, bodyStart) ?? start;
  return decodeMeta(start, bodyStart);
}

class Census {
  readonly #nowMs: number;
  readonly #all = amount();
  readonly #states: Record<EntryState, Amount> = {
    fresh: amount(),
    stale: amount(),
    expired: amount(),
    index: amount(),
    damaged: amount(),
    unfinished: amount(),
  };
  readonly #origins = new Map<string, OriginAmount>();
  #oldest = Infinity;
  #newest = -Infinity;

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  count({ bytes, isTemp }: EntryFile, meta: CacheMeta | undefined): void {
    const state = isTemp ? "unfinished" : this.#stateOf(meta);
    add(this.#all, bytes);
    add(this.#states[state], bytes);
    if (meta === undefined || state === "index") return;
    const origin = this.#originOf(meta.url);
    add(origin, bytes);
    if (state === "fresh" || state === "stale" || state === "expired") origin[state]++;
    if (typeof meta.storedAt !== "number") return;
    this.#oldest = Math.min(this.#oldest, meta.storedAt);
    this.#newest = Math.max(this.#newest, meta.storedAt);
  }

  result(): CacheSurvey {
    return {
      all: this.#all,
      states: this.#states,
      origins: [...this.#origins.values()].sort((a, b) =>
        b.bytes - a.bytes || (a.origin < b.origin ? -1 : 1)
      ),
      storedAt: this.#oldest === Infinity ? undefined : { oldest: this.#oldest, newest: this.#newest },
    };
  }

  #stateOf(meta: CacheMeta | undefined): EntryState {
    if (meta === undefined) return "damaged";
    if (isExpired(meta, this.#nowMs)) return "expired";
    // The primary entry of a URL whose responses depend on request headers (`Vary`) holds their names, and no response.
    const isList = Array.isArray(meta.vary) && isIndex(meta);
    if (isList || isGenerationKey(meta.key)) return "index";
    return meta.freshForMs === null || currentAgeMs(meta, this.#nowMs) < meta.freshForMs ? "fresh" : "stale";
  }

  #originOf(url: string): OriginAmount {
    const name = URL.parse(url)?.origin ?? "unknown";
    let origin = this.#origins.get(name);
    if (origin === undefined) {
      origin = { origin: name, files: 0, bytes: 0, fresh: 0, stale: 0, expired: 0 };
      this.#origins.set(name, origin);
    }
    return origin;
  }
}

function amount(): Amount {
  return { files: 0, bytes: 0 };
}

function add(to: Amount, bytes: number): void {
  to.files++;
  to.bytes += bytes;
}
