/**
 * What a store of files needs of the runtime it runs on.
 *
 * @module
 */

/** What is at a path; a symbolic link is not followed. */
export interface FileInfo {
  /** What it is; a link is `"other"`. */
  readonly kind: "file" | "folder" | "other";
  /** How large it is, in bytes. */
  readonly bytes: number;
  /** When it was last written or touched, in milliseconds since 1970; 0 if that is unknown. */
  readonly modifiedAt: number;
}

/** Files and folders. What can't be done rejects with the runtime's own error, except where something is just absent. */
export interface Files {
  /** The whole file, in a buffer of its own; `undefined` when there is none. */
  read(path: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Up to `length` bytes of its beginning; `undefined` when there is none. */
  readStart(path: string, length: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /**
   * Writes a new file that its owner alone may read. What was written stays there when the rest fails.
   *
   * @returns `false` when its folder does not exist.
   * @throws {Error} If there is something of that name, or it can't be written.
   */
  create(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<boolean>;
  /** Gives a file another name, at once and in place of the file that has it; `false` when it does not exist. */
  rename(from: string, to: string): Promise<boolean>;
  /** Removes a file, or a link and not what it leads to; `false` when there is none. */
  remove(path: string): Promise<boolean>;
  /** What is there; `undefined` for nothing. */
  info(path: string): Promise<FileInfo | undefined>;
  /** Sets when a file was last used, in milliseconds since 1970; `false` when there is none. */
  touch(path: string, atMs: number): Promise<boolean>;
  /** The names in a folder, in any order; `undefined` when it does not exist. */
  list(path: string): Promise<string[] | undefined>;
  /** Makes a folder that its owner alone may enter, and those above it; fine if it exists. */
  makeFolder(path: string): Promise<void>;
  /** Removes a folder; `false` when it does not exist or is not empty. */
  removeFolder(path: string): Promise<boolean>;
  /**
   * The path that a file URL means on this system.
   *
   * @throws {TypeError} If it means none.
   */
  pathOf(url: URL): string;
  /** The CRC-32 of bytes, as in zlib, by the fastest means there are. */
  crc32(bytes: Uint8Array<ArrayBuffer>): number;
}
