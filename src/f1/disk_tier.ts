/**
 * The tier of the default cache that is on disk.
 *
 * @module
 */

import type { CacheAdapter, CacheCallOptions, CacheEntry, MaybePromise } from "../cache/cache.ts";

/** How many bytes all files on disk may take together: a race takes about 150 MB. */
export const MAX_DISK_BYTES: number = 2 * 1024 ** 3;
/** How many bytes one file may take. */
const MAX_ENTRY_BYTES = 16 * 1024 ** 2;

/** Options of {@linkcode DiskTier}. */
export interface DiskTierOptions {
  /** The folder; the first write creates it. */
  readonly dir: string;
  /** Whether the tier may be read and written at present. Called before each operation. */
  readonly isAllowed: () => boolean;
}

/**
 * A cache in a folder that the user did not choose, behind a cache in memory. It must not disturb a program whose disk fails. The
 * code for files is loaded at the first use. Only the first fault throws, so that it leads to one warning. Later a read that
 * fails is a miss, and a write that fails stores nothing. Once removing an entry has failed, the tier may hold wrong entries, and
 * turns itself off.
 */
export class DiskTier implements CacheAdapter {
  readonly name = "filesystem";
  readonly maxEntryBytes: number = MAX_ENTRY_BYTES;
  readonly #dir: string;
  readonly #isAllowed: () => boolean;
  #opening: Promise<CacheAdapter> | undefined;
  #isOff = false;
  #hasThrown = false;

  /** Creates a tier, which does not touch the folder yet. */
  constructor({ dir, isAllowed }: DiskTierOptions) {
    this.#dir = dir;
    this.#isAllowed = isAllowed;
  }

  get(key: string, options?: CacheCallOptions): Promise<CacheEntry | undefined> {
    return this.#use((disk) => disk.get(key, options), undefined);
  }

  set(key: string, entry: CacheEntry, options?: CacheCallOptions): Promise<boolean> {
    return this.#use((disk) => disk.set(key, entry, options), false);
  }

  delete(key: string, options?: CacheCallOptions): Promise<boolean> {
    return this.#use((disk) => disk.delete(key, options), false, () => this.#isOff = true);
  }

  /** Runs an operation. Returns `otherwise` while the tier is off, and after any fault but the first one, which it throws. */
  async #use<T>(
    run: (disk: CacheAdapter) => MaybePromise<T>,
    otherwise: T,
    onFault?: () => void,
  ): Promise<T> {
    if (this.#isOff || !this.#isAllowed()) return otherwise;
    try {
      return await run(await this.#open());
    } catch (error) {
      onFault?.();
      if (this.#hasThrown) return otherwise;
      this.#hasThrown = true;
      throw error;
    }
  }

  #open(): Promise<CacheAdapter> {
    return this.#opening ??= import("../cache/filesystem.ts").then(({ filesystemCache }) =>
      filesystemCache(this.#dir, { maxBytes: MAX_DISK_BYTES, maxEntryBytes: MAX_ENTRY_BYTES })
    );
  }
}
