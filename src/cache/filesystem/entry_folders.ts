/**
 * The folders that hold the entries. Files of other programs are left alone, and links are not followed.
 *
 * @module
 */

import type { FileInfo, Files } from "../../runtime/files/contract.ts";
import { hasMagic, HEADER_BYTES, isBlank } from "./entry_format.ts";
import { type EntryName, isEntryName, isMarkedName, isTempName, SHARDS } from "./entry_name.ts";
import { settleAll } from "./settle_all.ts";
import { asStoreFault } from "./store_fault.ts";

/** The largest file that is hashed to compare its content with its name: the largest entry by default. */
const MAX_HASHED_BYTES = 16 * 1024 ** 2;

/** A file of the cache, or something that another program has put into the place of one. */
export interface EntryFile extends EntryName {
  /** Whether it is a temporary file, of a write in flight or of one that a crash has ended. */
  readonly isTemp: boolean;
  /** Whether it is a file, and not a link, a folder or a device. */
  readonly isFile: boolean;
  /** Whether it is a folder. */
  readonly isFolder: boolean;
  /** How large it is, in bytes; 0 for a folder. */
  readonly bytes: number;
  /** When it was last used, in milliseconds since 1970. */
  readonly modifiedAt: number;
}

/**
 * The files of the cache, by folder. Each operation checks at its beginning that a folder is a real one and no link. Only the
 * owner may write there, so no other user should be able to swap the folder after that check.
 */
export class EntryFolders {
  readonly #files: Files;
  readonly #root: string;

  /**
   * Creates the object, without reading or creating a folder yet.
   *
   * @param files The file system.
   * @param root The folder that contains the folders of entries.
   */
  constructor(files: Files, root: string) {
    this.#files = files;
    this.#root = root;
  }

  /** Returns the path of a file. */
  pathOf({ shard, name }: EntryName): string {
    return `${this.#root}/${shard}/${name}`;
  }

  /**
   * Creates a folder unless it exists.
   *
   * @throws {Error} If something else is in its place, or it can't be created.
   */
  async make(shard: string): Promise<void> {
    // A fault of the root is one of the whole store: no other folder could be created either.
    await this.#onRoot(async () => {
      const kind = await this.#kindOf(this.#root);
      if (kind === undefined) await this.#files.makeFolder(this.#root);
      else if (kind !== "folder") throw notFolder(this.#root);
    });
    const path = this.#folderOf(shard);
    const kind = await this.#onRoot(() => this.#kindOf(path));
    if (kind === undefined) await this.#onRoot(() => this.#files.makeFolder(path));
    // The folder may be a link, which may lead anywhere.
    else if (kind !== "folder") throw notFolder(path);
  }

  /** Lists the folders that exist. */
  async shards(): Promise<string[]> {
    return await this.#onRoot(async () => {
      if (await this.#kindOf(this.#root) !== "folder") return [];
      const names = new Set(await this.#files.list(this.#root));
      return SHARDS.filter((shard) => names.has(shard));
    });
  }

  /** Lists the files of a folder whose names are those of entries or temporary files. */
  async list(shard: string): Promise<EntryFile[]> {
    if (!(await this.#isFolder(shard))) return [];
    const names = await this.#files.list(this.#folderOf(shard)) ?? [];
    const own = names.filter((name) => isEntryName(name) || isTempName(name));
    const found = await settleAll(own, (name) => this.look({ shard, name }));
    return found.filter((file) => file !== undefined);
  }

  /** Returns what is in the place of an entry; `undefined` if there is nothing, or if its folder is a link. */
  async find(entry: EntryName): Promise<EntryFile | undefined> {
    return await this.#isFolder(entry.shard) ? await this.look(entry) : undefined;
  }

  /** Returns what is in the place of an entry whose folder was checked before; `undefined` if there is nothing. */
  async look({ shard, name }: EntryName): Promise<EntryFile | undefined> {
    const info = await this.#files.info(this.pathOf({ shard, name }));
    if (info === undefined) return undefined;
    const { kind, modifiedAt } = info;
    const isFolder = kind === "folder";
    const bytes = isFolder ? 0 : info.bytes;
    return { shard, name, isTemp: isTempName(name), isFile: kind === "file", isFolder, bytes, modifiedAt };
  }

  /**
   * Removes a file that {@linkcode list} or {@linkcode find} has just returned; returns `false` if it is gone.
   *
   * @throws {Error} If the file can't be removed, for example because it is a folder with content.
   */
  async remove(file: EntryFile): Promise<boolean> {
    const path = this.pathOf(file);
    if (!file.isFolder) return await this.#files.remove(path);
    if (await this.#files.removeFolder(path)) return true;
    if (await this.#kindOf(path) === undefined) return false;
    throw new Error(`Cannot remove '${path}' as it is a folder that is not empty`);
  }

  /**
   * Returns whether a file that {@linkcode list} has just returned was written by a cache, and not by another program that names
   * its files in the same way. A cache's file begins with the magic number. After a power loss it may also be empty or begin with
   * zeros, because the name of a file may reach the disk before its bytes. A program that stores files by their SHA-256 may have
   * files like that, too; they are recognized because their names are the hashes of their contents.
   *
   * @throws {Error} If the file can't be read.
   */
  async isOwn(file: EntryFile): Promise<boolean> {
    if (!file.isFile) return false;
    const start = await this.#files.readStart(this.pathOf(file), HEADER_BYTES);
    if (start === undefined) return false;
    return hasMagic(start) || isBlank(start) && !await this.#isNamedByContent(file);
  }

  async #isNamedByContent(file: EntryFile): Promise<boolean> {
    if (file.isTemp || isMarkedName(file.name)) return false;
    // Do not read so large a file to find that out; treat it as foreign, so that it stays.
    if (file.bytes > MAX_HASHED_BYTES) return true;
    const bytes = await this.#files.read(this.pathOf(file));
    return bytes !== undefined && await contentName(bytes) === `${file.shard}${file.name}`;
  }

  /**
   * Removes a file that {@linkcode list} has just returned, if {@linkcode isOwn} says that it is the cache's own.
   *
   * @returns Whether the file was removed, was left alone because it is foreign, or was gone before.
   * @throws {Error} If the file can't be read or removed.
   */
  async removeOwn(file: EntryFile): Promise<"removed" | "foreign" | "gone"> {
    if (await this.isOwn(file)) return await this.remove(file) ? "removed" : "gone";
    return await this.#kindOf(this.pathOf(file)) === undefined ? "gone" : "foreign";
  }

  /**
   * Removes all files of the cache, and then the folders that are empty.
   *
   * @throws {unknown} The first failure, after everything else is removed.
   */
  async clear(): Promise<void> {
    const failures: unknown[] = [];
    for (const shard of await this.shards()) {
      await this.#clearFolder(shard).catch((error) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
    if (await this.#kindOf(this.#root) === "folder") await this.#files.removeFolder(this.#root);
  }

  async #clearFolder(shard: string): Promise<void> {
    await settleAll(await this.list(shard), (file) => this.removeOwn(file));
    if (await this.#isFolder(shard)) await this.#files.removeFolder(this.#folderOf(shard));
  }

  async #isFolder(shard: string): Promise<boolean> {
    return await this.#onRoot(async () =>
      await this.#kindOf(this.#root) === "folder" && await this.#kindOf(this.#folderOf(shard)) === "folder"
    );
  }

  /** Runs an operation on the root or a folder, whose errors are faults of the whole store. */
  async #onRoot<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      throw asStoreFault(error);
    }
  }

  async #kindOf(path: string): Promise<FileInfo["kind"] | undefined> {
    return (await this.#files.info(path))?.kind;
  }

  #folderOf(shard: string): string {
    return `${this.#root}/${shard}`;
  }
}

function notFolder(path: string): Error {
  return new Error(`Cannot keep entries in '${path}' as it is no folder`);
}

async function contentName(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
