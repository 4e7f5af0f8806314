/**
 * The file operations that the cache on disk needs of a runtime.
 *
 * @module
 */

/** The entry at a path; a symbolic link is not followed. */
export interface FileInfo {
  /** The kind of the entry; a link is `"other"`. */
  readonly kind: "file" | "folder" | "other";
  /** The size in bytes. */
  readonly bytes: number;
  /** When the entry was last written or touched, in milliseconds since 1970; 0 if that is unknown. */
  readonly modifiedAt: number;
}

/** Files and folders. A failed operation rejects with the runtime's own error, except where a file is only missing. */
export interface Files {
  /** Reads the whole file into a buffer of its own; resolves with `undefined` if there is none. */
  read(path: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Reads up to `length` bytes from the beginning; resolves with `undefined` if there is no file. */
  readStart(path: string, length: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Writes a new file that only its owner may read. If the write fails, the bytes written so far stay in the file.
   *
   * @returns `false` when its folder does not exist.
   * @throws {Error} If the path exists, or the file can't be written.
   */
  create(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean>;
  /** Renames a file atomically, and replaces a file of that name; resolves with `false` if the file does not exist. */
  rename(from: string, to: string): Promise<boolean>;
  /** Removes a file, or a link without its target; resolves with `false` if there is none. */
  remove(path: string): Promise<boolean>;
  /** Returns the entry at a path; `undefined` if there is none. */
  info(path: string): Promise<FileInfo | undefined>;
  /** Sets when a file was last used, in milliseconds since 1970; resolves with `false` if there is none. */
  touch(path: string, atMs: number): Promise<boolean>;
  /** Returns the names in a folder, in any order; `undefined` if the folder does not exist. */
  list(path: string): Promise<string[] | undefined>;
  /** Creates a folder that only its owner may enter, with all folders above it; resolves also if it exists. */
  makeFolder(path: string): Promise<void>;
  /** Removes a folder; resolves with `false` if it does not exist or is not empty. */
  removeFolder(path: string): Promise<boolean>;
  /**
   * Returns the path that a file URL means on this system.
   *
   * @throws {TypeError} If it means none.
   */
  pathOf(url: URL): string;
  /** Returns the CRC-32 of bytes, as in zlib, by the fastest means of the runtime. */
  crc32(bytes: Uint8Array<ArrayBuffer>): number;
}
