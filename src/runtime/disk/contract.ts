/**
 * The file operations that downloads need: files that grow until they are complete.
 *
 * @module
 */

/** A file that is open for reading and writing. */
export interface DiskFile {
  /** The identity of the file, which stays when the file is renamed. */
  readonly id: string;
  /** The size in bytes when the file was opened. */
  readonly bytes: number;
  /** When the file was last written before that, in milliseconds since 1970. */
  readonly modifiedAt: number;
  /** Writes all of the chunks, one after the other, from a position on; one call at a time. */
  write(chunks: readonly Uint8Array[], position: number): Promise<void>;
  /** Reads into a buffer, and returns the number of bytes; 0 at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Closes the file. */
  close(): Promise<void>;
}

/** A file, a folder or something else at a path. */
export interface DiskEntry {
  readonly id: string;
  /**
   * Whether a file can replace the entry: a folder can't be replaced, and a `special` one (a device, a pipe or a name of an open
   * file) must not be.
   */
  readonly kind: "file" | "folder" | "special";
  /** The permission bits of Unix: who may read, write and execute the file. `undefined` on other systems. */
  readonly mode: number | undefined;
}

/** A path, split into folder and name. */
export interface DiskPath {
  /** The absolute path of the folder. */
  readonly folder: string;
  readonly name: string;
}

/** Folders and files. A failed operation rejects with the runtime's own error, except where a file is only missing. */
export interface Disk {
  /**
   * Returns the absolute path that a path or a file URL means. It looks at the text alone, and not at the disk.
   *
   * @throws {TypeError} If a URL means none.
   */
  resolve(path: string | URL): DiskPath;
  /** Returns the path of a folder, with all symbolic links resolved. */
  realFolder(folder: string): Promise<string>;
  /** Returns the path of an entry in a folder. */
  join(folder: string, name: string): string;
  /** Returns the entry at a path, or at the target of a link there; `undefined` if there is none. */
  entry(path: string): Promise<DiskEntry | undefined>;
  /** Creates a file; rejects if the path exists. The mode is a {@linkcode DiskEntry.mode}, less the bits of the process's umask. */
  create(path: string, mode?: number): Promise<DiskFile>;
  /**
   * Creates a small file with its whole content, as {@linkcode Disk.create} does.
   *
   * @returns `false` if the path exists.
   */
  createWhole(path: string, bytes: Uint8Array<ArrayBuffer>, mode?: number): Promise<boolean>;
  /** Opens a file; resolves with `undefined` if there is none, or a symbolic link. */
  open(path: string): Promise<DiskFile | undefined>;
  /** Reads the whole text of a small file; resolves with `undefined` if there is none. */
  readText(path: string): Promise<string | undefined>;
  /** Writes a small file that only its owner may read, and replaces one that exists. */
  writeText(path: string, text: string): Promise<void>;
  /** Renames a file atomically, and replaces a file of that name. */
  rename(from: string, to: string): Promise<void>;
  /** Renames a file; rejects if the name is taken. */
  renameToFree(from: string, to: string): Promise<void>;
  /** Removes a file; resolves also if there is none. */
  remove(path: string): Promise<void>;
  /** The id of this process. */
  readonly processId: number;
  /**
   * Returns whether another process is running, as far as this one may know. A process that has ended is not, even if its parent
   * has not waited for it yet.
   */
  isRunning(processId: number): boolean;
}
