/**
 * The cache adapter over any file system.
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

/** An entry that was used so short a while ago is not looked at, nor marked as used again. */
const LOOK_INTERVAL_MS = 60_000;
/** How many entries are remembered to have been looked at. */
const MAX_SEEN = 10_000;
/** For how long nothing is written after a fault that every write would meet: a full disk does not empty at once. */
const COOL_DOWN_MS = 10_000;
/** How often a folder may vanish under a write. */
const MAX_ATTEMPTS = 3;
/** Metadata are mostly smaller, so that one read is enough to judge an entry. */
const START_BYTES = 4_096;

/** What {@linkcode FilesystemCache} works with; checked already. */
export interface FilesystemCacheSetup {
  /** The file system. */
  readonly files: Files;
  /** The folder of the user. */
  readonly dir: string;
  /** How many bytes all entries may take. */
  readonly maxBytes: number;
  /** How many bytes one entry may take. */
  readonly maxEntryBytes: number;
  /** Milliseconds since 1970, where they are not those of the file system. */
  readonly now?: (() => number) | undefined;
  /** Where scans begin. */
  readonly random: () => number;
}

interface ReadOptions extends Pick<CacheCallOptions, "waitUntil"> {
  readonly now: () => number;
}

/** Entries as files: written beside and renamed, so that no reader sees a part of one. */
export class FilesystemCache implements CacheAdapter {
  readonly name = "filesystem";
  readonly maxEntryBytes: number;
  readonly #files: Files;
  readonly #now: () => number;
  readonly #datesFiles: boolean;
  readonly #folders: EntryFolders;
  readonly #bound: ByteBound;
  /** No other process writes under this name, on whichever machine. */
  readonly #writer = crypto.randomUUID();
  #writes = 0;
  #pausedUntil = -Infinity;
  /** When entries were last seen to be files, and marked as used, by path. */
  readonly #seenAt = new Map<string, number>();
  /** When folders were last seen to be folders, by name. */
  readonly #shardSeenAt = new Map<string, number>();
  /** By path. */
  readonly #order = new WriteOrder();

  /** Touches no file. */
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
    // Before anything else: the caller may change its bytes as soon as it can.
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

  /** Reads an entry that was looked at a short while ago; `undefined` when it has to be looked at. */
  async #readSeen(place: EntryName): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const path = this.#folders.pathOf(place);
    if (!isRecent(this.#seenAt.get(path), this.#now())) return undefined;
    try {
      return await this.#files.read(path);
    } catch {
      // Something else has taken its place, which a look will tell.
      return undefined;
    }
  }

  /** Reads an entry after a look at what is there, and marks it as used. */
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
    // A read-only folder can still be read.
    const touched = this.#files.touch(path, nowMs).then(() => {}, () => {});
    try {
      return await this.#files.read(path);
    } finally {
      // It may go on after the result, if the client waits for its end.
      if (waitUntil === undefined) await touched;
      else waitUntil(touched);
    }
  }

  /** What is in the place of an entry; its folder is looked at once a minute, like an entry. */
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

  /** Whether something may be read as an entry: a pipe would never end, and what is too large was not written as one. */
  #isSound({ isFile, bytes }: EntryFile): boolean {
    return isFile && bytes <= this.maxEntryBytes;
  }

  /** Removes what is of no use, if it still is when its turn has come. */
  async #discard(place: EntryName, now: () => number): Promise<void> {
    const path = this.#folders.pathOf(place);
    this.#seenAt.delete(path);
    // Whatever is in flight replaces or removes it.
    if (this.#order.has(path)) return;
    try {
      await this.#order.run(this.#folders.pathOf(place), async () => {
        const file = await this.#folders.find(place);
        if (file !== undefined && !(await this.#isUsable(file, now))) await this.#remove(file);
      });
    } catch {
      // It is a miss, whether it can be removed or not.
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

  /** How large the file is that a new one will replace; a folder, which nothing can replace, is removed. */
  async #makePlace(place: EntryName): Promise<number> {
    const file = await this.#folders.find(place);
    if (file?.isFolder) await this.#folders.remove(file);
    return file?.bytes ?? 0;
  }

  /** Writes an entry, also when another program removes its folder meanwhile; how large the file was that it replaces. */
  async #write(place: EntryName, bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      await this.#folders.make(place.shard);
      const replacedBytes = await this.#replace(place, bytes);
      if (replacedBytes !== undefined) return replacedBytes;
    }
    throw new Error(`Cannot store an entry as its folder '${place.shard}' keeps vanishing`);
  }

  /**
   * Puts a file into the place of an entry. Gives the size of the one that was there until then; `undefined` when the folder,
   * or what was written, has been removed.
   */
  async #replace(place: EntryName, bytes: Uint8Array<ArrayBuffer>): Promise<number | undefined> {
    const path = this.#folders.pathOf(place);
    const temp = this.#folders.pathOf({ ...place, name: tempName(this.#writer, ++this.#writes) });
    let isRenamed = false;
    try {
      if (!(await this.#files.create(temp, bytes))) return undefined;
      const nowMs = this.#now();
      if (this.#datesFiles && !await this.#files.touch(temp, nowMs)) return undefined;
      // As late as can be, because other processes write and remove as well.
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

  /** Whether an entry has expired, or is damaged; a body that was damaged is found when it is read. */
  async #isUseless(file: EntryFile): Promise<boolean> {
    if (!file.isFile) return false;
    const path = this.#folders.pathOf(file);
    let start = await this.#files.readStart(path, START_BYTES);
    if (start === undefined) return false;
    if (!hasMagic(start)) return await this.#folders.isOwn(file);
    const bodyStart = findBody(start, file.bytes);
    // Another process may have replaced it after its size was read.
    if (bodyStart === undefined) return (await this.#files.info(path))?.bytes === file.bytes;
    // No metadata are so long; they would be read as a whole.
    if (bodyStart > this.maxEntryBytes) return true;
    if (bodyStart > start.length) start = await this.#files.readStart(path, bodyStart) ?? start;
    const meta = decodeMeta(start, bodyStart);
    return meta === undefined || isExpired(meta, this.#now());
  }
}

/** Whether something was so short a while ago that it need not be looked at again; a clock may go back. */
function isRecent(atMs = -Infinity, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) < LOOK_INTERVAL_MS;
}
