/**
 * The cache adapter that stores entries as files.
 *
 * @module
 */

import type { Files } from "../../runtime/files/contract.ts";
import type { CacheAdapter, CacheCallOptions, CacheEntry, SweepResult } from "../cache.ts";
import { ByteBound } from "./byte_bound.ts";
import { type EntryFile, EntryFolders } from "./entry_folders.ts";
import { isExpired } from "../stored_meta.ts";
import { WriteOrder } from "../write_order.ts";
import { decodeEntry, decodeMeta, encodeEntry, findBody, hasMagic } from "./entry_format.ts";
import { type EntryName, nameOf, tempName } from "./entry_name.ts";
import { Ledger } from "./ledger.ts";
import { isStoreFault } from "./store_fault.ts";

/** For how long after a check an entry is neither checked nor marked as used again, in milliseconds. */
const LOOK_INTERVAL_MS = 60_000;
/** For how many entries the cache remembers when it checked them. */
const MAX_SEEN = 10_000;
/** For how long nothing is written after a fault that would affect every write, in milliseconds: a full disk does not empty at once. */
const COOL_DOWN_MS = 10_000;
/** How often a write is tried if another program keeps removing its folder. */
const MAX_ATTEMPTS = 3;
/** How many bytes of a file are read to judge an entry: mostly enough for its metadata. */
const START_BYTES = 4_096;

/** The checked options of {@linkcode FilesystemCache}, with their defaults. */
export interface FilesystemCacheSetup {
  /** The file system. */
  readonly files: Files;
  /** The folder that the user has named. */
  readonly dir: string;
  /** How many bytes all entries may take. */
  readonly maxBytes: number;
  /** How many bytes one entry may take. */
  readonly maxEntryBytes: number;
  /** Returns the time in milliseconds since 1970, if it is not that of the file system. */
  readonly now?: (() => number) | undefined;
  /** Returns a number from 0 to 1, which decides where scans begin. */
  readonly random: () => number;
}

interface ReadOptions extends Pick<CacheCallOptions, "waitUntil"> {
  readonly now: () => number;
}

/** Stores each entry as a file. It writes a temporary file and renames it, so that no reader sees a part of an entry. */
export class FilesystemCache implements CacheAdapter {
  readonly name = "filesystem";
  readonly maxEntryBytes: number;
  readonly #files: Files;
  readonly #now: () => number;
  readonly #datesFiles: boolean;
  readonly #folders: EntryFolders;
  readonly #bound: ByteBound;
  /** The prefix of temporary files: unique among all processes on all machines. */
  readonly #writer = crypto.randomUUID();
  #writes = 0;
  #pausedUntil = -Infinity;
  /** When each entry was last found to be a file, and marked as used, by path. */
  readonly #seenAt = new Map<string, number>();
  /** When each folder was last found to be a folder and no link, by name. */
  readonly #shardSeenAt = new Map<string, number>();
  /** The writes, by the path of their file. */
  readonly #order = new WriteOrder();

  /** Creates the adapter, without touching a file. */
  constructor({ files, dir, maxBytes, maxEntryBytes, now, random }: FilesystemCacheSetup) {
    this.maxEntryBytes = Math.min(maxEntryBytes, maxBytes);
    this.#files = files;
    this.#now = now ?? Date.now;
    this.#datesFiles = now !== undefined;
    const root = `${dir}/v1`;
    this.#folders = new EntryFolders(files, root);
    const ledger = new Ledger({ files, root, maxBytes, now: this.#now });
    this.#bound = new ByteBound({ folders: this.#folders, ledger, maxBytes, now: this.#now, random });
  }

  async get(
    key: string,
    { signal, now = this.#now, waitUntil }: CacheCallOptions = {},
  ): Promise<CacheEntry | undefined> {
    if (signal?.aborted) return undefined;
    const place = nameOf(key);
    const bytes = await this.#readSeen(place) ?? await this.#readUnseen(place, { now, waitUntil });
    if (bytes === undefined) return undefined;
    const entry = decodeEntry(bytes, this.#files.crc32);
    if (entry !== undefined && !isExpired(entry.meta, now())) return entry;
    await this.#discard(place, now);
    return undefined;
  }

  async set(key: string, entry: CacheEntry): Promise<boolean> {
    if (entry.body.length > this.maxEntryBytes || this.#isPaused()) return false;
    // Encode before the first `await`: the caller may change its bytes afterwards.
    const bytes = encodeEntry(entry, this.#files.crc32);
    if (bytes.length > this.maxEntryBytes) return false;
    const place = nameOf(key);
    await this.#order.run(this.#folders.pathOf(place), async () => {
      try {
        const replacedBytes = () => this.#makePlace(place);
        await this.#bound.write(
          { shard: place.shard, bytes: bytes.length, replacedBytes },
          () => this.#write(place, bytes),
        );
      } catch (error) {
        if (isStoreFault(error)) this.#pausedUntil = this.#now() + COOL_DOWN_MS;
        throw error;
      }
    });
    return true;
  }

  async delete(key: string): Promise<boolean> {
    const place = nameOf(key);
    return await this.#order.run(this.#folders.pathOf(place), async () => {
      this.#seenAt.delete(this.#folders.pathOf(place));
      const file = await this.#folders.find(place);
      return file !== undefined && await this.#remove(file);
    });
  }

  async clear(): Promise<void> {
    await this.#order.settled();
    this.#seenAt.clear();
    await this.#bound.reset(() => this.#folders.clear());
  }

  async sweep(): Promise<SweepResult> {
    return await this.#bound.sweep((file) => this.#isUseless(file));
  }

  /** Reads an entry that was checked less than a minute ago; `undefined` if it has to be checked. */
  async #readSeen(place: EntryName): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const path = this.#folders.pathOf(place);
    if (!isRecent(this.#seenAt.get(path), this.#now())) return undefined;
    try {
      return await this.#files.read(path);
    } catch {
      // Something else has taken the file's place; the check will find out.
      return undefined;
    }
  }

  /** Checks the file in an entry's place, reads it, and marks it as used. */
  async #readUnseen(
    place: EntryName,
    { now, waitUntil }: ReadOptions,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const file = await this.#look(place);
    if (file === undefined) return undefined;
    if (!this.#isSound(file)) {
      await this.#discard(place, now);
      return undefined;
    }
    const path = this.#folders.pathOf(place);
    const nowMs = this.#now();
    this.#rememberSeen(path, nowMs);
    if (isRecent(file.modifiedAt, nowMs)) return await this.#files.read(path);
    // Ignore failures: in a read-only folder entries can be read, but not marked.
    const touched = this.#files.touch(path, nowMs).then(() => {}, () => {});
    try {
      return await this.#files.read(path);
    } finally {
      // If the client waits for work in the background, the marking may go on after this call.
      if (waitUntil === undefined) await touched;
      else waitUntil(touched);
    }
  }

  /** Returns what is in the place of an entry. Checks the entry's folder once a minute only. */
  async #look(place: EntryName): Promise<EntryFile | undefined> {
    const nowMs = this.#now();
    if (isRecent(this.#shardSeenAt.get(place.shard), nowMs)) return await this.#folders.look(place);
    const file = await this.#folders.find(place);
    if (file !== undefined) this.#shardSeenAt.set(place.shard, nowMs);
    return file;
  }

  #rememberSeen(path: string, nowMs: number): void {
    if (this.#seenAt.size >= MAX_SEEN) this.#seenAt.clear();
    this.#seenAt.set(path, nowMs);
  }

  /** Returns whether a file may be read as an entry. A read of a pipe would never end; too large a file was not written as an entry. */
  #isSound({ isFile, bytes }: EntryFile): boolean {
    return isFile && bytes <= this.maxEntryBytes;
  }

  /** Removes a useless entry, unless it is usable again when its turn in the order of writes has come. */
  async #discard(place: EntryName, now: () => number): Promise<void> {
    const path = this.#folders.pathOf(place);
    this.#seenAt.delete(path);
    // A write or removal in flight will replace or remove the entry.
    if (this.#order.has(path)) return;
    try {
      await this.#order.run(path, async () => {
        const file = await this.#folders.find(place);
        if (file !== undefined && !(await this.#isUsable(file, now))) await this.#remove(file);
      });
    } catch {
      // The entry is a miss, whether or not it could be removed.
    }
  }

  async #isUsable(file: EntryFile, now: () => number): Promise<boolean> {
    if (!this.#isSound(file)) return false;
    const bytes = await this.#files.read(this.#folders.pathOf(file));
    const entry = bytes && decodeEntry(bytes, this.#files.crc32);
    return entry !== undefined && !isExpired(entry.meta, now());
  }

  async #remove(file: EntryFile): Promise<boolean> {
    const isRemoved = await this.#folders.remove(file);
    if (isRemoved) this.#bound.forget(file.shard, file.bytes);
    return isRemoved;
  }

  #isPaused(): boolean {
    const leftMs = this.#pausedUntil - this.#now();
    return leftMs > 0 && leftMs <= COOL_DOWN_MS;
  }

  /** Returns the size of the file that a new one will replace. Removes a folder in its place, because a rename can't replace a folder. */
  async #makePlace(place: EntryName): Promise<number> {
    const file = await this.#folders.find(place);
    if (file?.isFolder) await this.#folders.remove(file);
    return file?.bytes ?? 0;
  }

  /** Writes an entry, also if another program removes its folder meanwhile, and returns the size of the file that it replaced. */
  async #write(place: EntryName, bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      await this.#folders.make(place.shard);
      const replacedBytes = await this.#replace(place, bytes);
      if (replacedBytes !== undefined) return replacedBytes;
    }
    throw new Error(`Cannot store an entry as its folder '${place.shard}' keeps vanishing`);
  }

  /**
   * Puts a file into the place of an entry, and returns the size of the file that was there before; `undefined` if another
   * program has removed the folder or the temporary file.
   */
  async #replace(place: EntryName, bytes: Uint8Array<ArrayBuffer>): Promise<number | undefined> {
    const path = this.#folders.pathOf(place);
    const temp = this.#folders.pathOf({ ...place, name: tempName(this.#writer, ++this.#writes) });
    let isRenamed = false;
    try {
      if (!(await this.#files.create(temp, bytes))) return undefined;
      const nowMs = this.#now();
      if (this.#datesFiles && !await this.#files.touch(temp, nowMs)) return undefined;
      // Read the old size as late as possible, because other processes write and remove as well.
      const replaced = await this.#folders.look(place);
      isRenamed = await this.#files.rename(temp, path);
      if (!isRenamed) return undefined;
      this.#rememberSeen(path, nowMs);
      return replaced?.bytes ?? 0;
    } finally {
      // A failed write may leave a part of a file.
      if (!isRenamed) await this.#files.remove(temp).catch(() => {});
    }
  }

  /** Returns whether an entry has expired or its metadata are damaged. Damage of a body is found only when the entry is read. */
  async #isUseless(file: EntryFile): Promise<boolean> {
    if (!file.isFile) return false;
    const path = this.#folders.pathOf(file);
    let start = await this.#files.readStart(path, START_BYTES);
    if (start === undefined) return false;
    if (!hasMagic(start)) return await this.#folders.isOwn(file);
    const bodyStart = findBody(start, file.bytes);
    // The header does not fit the size: the entry is damaged, unless another process has replaced it after its size was read.
    if (bodyStart === undefined) return (await this.#files.info(path))?.bytes === file.bytes;
    // No entry has such long metadata; do not read them.
    if (bodyStart > this.maxEntryBytes) return true;
    if (bodyStart > start.length) start = await this.#files.readStart(path, bodyStart) ?? start;
    const meta = decodeMeta(start, bodyStart);
    return meta === undefined || isExpired(meta, this.#now());
  }
}

/** Returns whether a check was less than a minute ago, and need not be repeated. After a clock was set back, it may be repeated, too. */
function isRecent(atMs = -Infinity, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) < LOOK_INTERVAL_MS;
}
