/**
 * The part of the default cache that is on disk.
 *
 * @module
 */

import type { CacheAdapter, CacheCallOptions, CacheEntry } from "../cache/cache.ts";

/** How many bytes all files on disk may take together: a race takes about 150 MB. */
export const MAX_DISK_BYTES: number = 2 * 1024 ** 3;
/** How many bytes one file may take. */
const MAX_ENTRY_BYTES = 16 * 1024 ** 2;

/** Where the tier keeps its entries, and when. */
export interface DiskTierOptions {
  /** The folder; it is made when the first entry is written. */
  readonly dir: string;
  /** Whether what is there may answer at present, and what comes may be kept there. */
  readonly isAllowed: () => boolean;
}

/**
 * A folder that the user has not named, behind a cache in memory. The code for files is loaded at the first use. One fault is told, for the
 * one warning that follows from it; from then on a read that fails is a miss, and a write that fails is refused. Without being able
 * to remove entries the tier can't be trusted any more, and is off.
 */
export class DiskTier implements CacheAdapter {
  readonly name = "filesystem";
  readonly maxEntryBytes: number = MAX_ENTRY_BYTES;
  readonly #dir: string;
  readonly #isAllowed: () => boolean;
  #opening: Promise<CacheAdapter> | undefined;
  #isOff = false;
  #isTold = false;

  /** Takes the folder, and does nothing with it yet. */
  constructor({ dir, isAllowed }: DiskTierOptions) {
    this.#dir = dir;
    this.#isAllowed = isAllowed;
  }

  async get(key: string, options?: CacheCallOptions): Promise<CacheEntry | undefined> {
    if (!this.#isUsed) return undefined;
    try {
      return await (await this.#open()).get(key, options);
    } catch (error) {
      this.#tell(error);
      return undefined;
    }
  }

  async set(key: string, entry: CacheEntry, options?: CacheCallOptions): Promise<boolean> {
    if (!this.#isUsed) return false;
    try {
      return await (await this.#open()).set(key, entry, options);
    } catch (error) {
      this.#tell(error);
      return false;
    }
  }

  async delete(key: string, options?: CacheCallOptions): Promise<boolean> {
    if (!this.#isUsed) return false;
    try {
      return await (await this.#open()).delete(key, options);
    } catch (error) {
      this.#isOff = true;
      this.#tell(error);
      return false;
    }
  }

  get #isUsed(): boolean {
    return !this.#isOff && this.#isAllowed();
  }

  #open(): Promise<CacheAdapter> {
    return this.#opening ??= import("../cache/filesystem.ts").then(({ filesystemCache }) =>
      filesystemCache(this.#dir, { maxBytes: MAX_DISK_BYTES, maxEntryBytes: MAX_ENTRY_BYTES })
    );
  }

  /** Throws the first fault of all. */
  #tell(error: unknown): void {
    if (this.#isTold) return;
    this.#isTold = true;
    throw error;
  }
}
