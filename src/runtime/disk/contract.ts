/**
 * Files that grow until they are whole, as far as downloads need them.
 *
 * @module
 */

/** A file that is open for reading and writing. */
export interface DiskFile {
  /** Which file it is, whatever its name is now. */
  readonly id: string;
  /** How large it was when it was opened, in bytes. */
  readonly bytes: number;
  /** When it was written last before that, in milliseconds since 1970. */
  readonly modifiedAt: number;
  /** Writes chunks one behind the other, all of them; one call at a time. */
  write(chunks: readonly Uint8Array[], position: number): Promise<void>;
  /** Reads into a buffer; gives how many bytes, 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Closes it. */
  close(): Promise<void>;
}

/** What is at a path. */
export interface DiskEntry {
  readonly id: string;
  /** Whether it can be replaced by a file: a folder can't, and a device, a pipe or a name of an open file must not. */
  readonly kind: "file" | "folder" | "special";
  /** Who may read, write and run it, as Unix has it; `undefined` on other systems. */
  readonly mode: number | undefined;
}

/** Where something is. */
export interface DiskPath {
  /** The absolute path of its folder. */
  readonly folder: string;
  readonly name: string;
}

/** Folders and files. What can't be done rejects with the runtime's own error, except where something is just absent. */
export interface Disk {
  /**
   * The absolute path that a path or a file URL means, by its letters alone.
   *
   * @throws {TypeError} If a URL means none.
   */
  resolve(path: string | URL): DiskPath;
  /** The path of a folder without links. */
  realFolder(folder: string): Promise<string>;
  /** The path of what is in a folder. */
  join(folder: string, name: string): string;
  /** What is there, a link followed; `undefined` for nothing. */
  entry(path: string): Promise<DiskEntry | undefined>;
  /** Makes a file where there is none; the mode is that of {@linkcode DiskEntry}, as far as the process gives such rights to new files. */
  create(path: string, mode?: number): Promise<DiskFile>;
  /**
   * Makes a small file with all that is in it, as {@linkcode Disk.create} does.
   *
   * @returns `false` if something has that name.
   */
  createWhole(path: string, bytes: Uint8Array<ArrayBuffer>, mode?: number): Promise<boolean>;
  /** Opens a file; `undefined` if there is none, or a link. */
  open(path: string): Promise<DiskFile | undefined>;
  /** The whole text of a small file; `undefined` if there is none. */
  readText(path: string): Promise<string | undefined>;
  /** Writes a small file that its owner alone may read, in place of the one that is there. */
  writeText(path: string, text: string): Promise<void>;
  /** Gives a file another name, at once and in place of the file that has it. */
  rename(from: string, to: string): Promise<void>;
  /** Gives a file another name, at once; rejects if something has it. */
  renameToFree(from: string, to: string): Promise<void>;
  /** Removes a file; fine if there is none. */
  remove(path: string): Promise<void>;
  /** The number of this process. */
  readonly processId: number;
  /** Whether another process is running, as far as that may be known; one that has ended is not, also if its parent hasn't noticed. */
  isRunning(processId: number): boolean;
}
