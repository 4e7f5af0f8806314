/**
 * Files that grow, on every runtime that has the modules of Node.js.
 *
 * @module
 */

import { pathOfFileUrl } from "./file_url.ts";

/** A file that is open for reading and writing. */
export interface DiskFile {
  /** Which file it is, whatever its name is now. */
  readonly id: string;
  /** How large it was when it was opened, in bytes. */
  readonly bytes: number;
  /** When it was written last before that, in milliseconds since 1970. */
  readonly modifiedAt: number;
  /** Writes chunks one behind the other, all of them. */
  write(chunks: readonly Uint8Array[], position: number): Promise<void>;
  /** Reads into a buffer; gives how many bytes, 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Lets go of it. */
  close(): Promise<void>;
}

/** What is at a path. */
export interface DiskEntry {
  readonly id: string;
  readonly isFolder: boolean;
}

/** Folders and files. What can't be done rejects with the runtime's own error, except where something is just absent. */
export interface Disk {
  /**
   * The absolute path that a path or a file URL means, without links in its folder.
   *
   * @throws {TypeError} If a URL means none.
   */
  resolve(path: string | URL): Promise<string>;
  /** What is there, a link followed; `undefined` for nothing. */
  entry(path: string): Promise<DiskEntry | undefined>;
  /** Makes a file where there is none. */
  create(path: string): Promise<DiskFile>;
  /** Opens a file that is no link; `undefined` if there is none. */
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
  /** Whether another process is running, as far as that may be known. */
  isRunning(processId: number): boolean;
}

interface Stats {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeMs: bigint;
  readonly birthtimeMs: bigint;
  isDirectory(): boolean;
}

interface FileHandle {
  stat(options: { readonly bigint: true }): Promise<Stats>;
  writev(chunks: readonly Uint8Array[], position: number): Promise<{ readonly bytesWritten: number }>;
  read(
    into: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
  close(): Promise<void>;
}

/** The part of `node:fs/promises` that is used here. */
interface FileSystem {
  readonly constants: Readonly<Record<"O_CREAT" | "O_EXCL" | "O_RDWR" | "O_NOFOLLOW", number | undefined>>;
  realpath(path: string): Promise<string>;
  stat(path: string, options: { readonly bigint: true }): Promise<Stats>;
  open(path: string, flags: number, mode?: number): Promise<FileHandle>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  writeFile(
    path: string,
    text: string,
    options: { readonly mode: number; readonly flag: "wx" },
  ): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  link(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

/** The part of `node:path` that is used here. */
interface Paths {
  resolve(path: string): string;
  dirname(path: string): string;
  basename(path: string): string;
  join(folder: string, name: string): string;
}

interface ProcessGlobal {
  readonly pid: number;
  readonly platform: string;
  kill(pid: number, signal: 0): unknown;
  getBuiltinModule?(name: string): unknown;
}

/**
 * The disk of this machine.
 *
 * @throws {TypeError} If the runtime has none.
 */
export function currentDisk(): Disk {
  const { process } = globalThis as { readonly process?: ProcessGlobal | undefined };
  const fs = process?.getBuiltinModule?.("node:fs/promises") as FileSystem | undefined;
  const paths = process?.getBuiltinModule?.("node:path") as Paths | undefined;
  if (process === undefined || fs === undefined || paths === undefined) {
    throw new TypeError("Cannot write files as this runtime has none: give a WritableStream");
  }
  return new NodeDisk(process, fs, paths);
}

class NodeDisk implements Disk {
  readonly #process: ProcessGlobal;
  readonly #fs: FileSystem;
  readonly #paths: Paths;

  constructor(process: ProcessGlobal, fs: FileSystem, paths: Paths) {
    this.#process = process;
    this.#fs = fs;
    this.#paths = paths;
  }

  get processId(): number {
    return this.#process.pid;
  }

  async resolve(path: string | URL): Promise<string> {
    const { basename, dirname, join, resolve } = this.#paths;
    const text = typeof path === "string" ? path : pathOfFileUrl(path, this.#process.platform === "win32");
    const absolute = resolve(text);
    return join(await this.#fs.realpath(dirname(absolute)), basename(absolute));
  }

  async entry(path: string): Promise<DiskEntry | undefined> {
    const stats = await unlessMissing(this.#fs.stat(path, { bigint: true }));
    return stats && { id: idOf(stats), isFolder: stats.isDirectory() };
  }

  async create(path: string): Promise<DiskFile> {
    const { O_CREAT = 0, O_EXCL = 0, O_RDWR = 2 } = this.#fs.constants;
    return await openedFile(await this.#fs.open(path, O_CREAT | O_EXCL | O_RDWR, 0o666));
  }

  async open(path: string): Promise<DiskFile | undefined> {
    // What is a link was put there by somebody else.
    const { O_RDWR = 2, O_NOFOLLOW = 0 } = this.#fs.constants;
    const handle = await unlessMissing(this.#fs.open(path, O_RDWR | O_NOFOLLOW));
    return handle && await openedFile(handle);
  }

  async readText(path: string): Promise<string | undefined> {
    return await unlessMissing(this.#fs.readFile(path, "utf8"));
  }

  async writeText(path: string, text: string): Promise<void> {
    // A link that somebody has put there is not followed.
    await this.remove(path);
    await this.#fs.writeFile(path, text, { mode: 0o600, flag: "wx" });
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#fs.rename(from, to);
  }

  async renameToFree(from: string, to: string): Promise<void> {
    await this.#fs.link(from, to);
    await this.#fs.unlink(from);
  }

  async remove(path: string): Promise<void> {
    await unlessMissing(this.#fs.unlink(path));
  }

  isRunning(processId: number): boolean {
    try {
      this.#process.kill(processId, 0);
      return true;
    } catch (error) {
      // One that belongs to somebody else is running too; without the permission to ask, nothing is known.
      return codeOf(error) === "EPERM";
    }
  }
}

async function openedFile(handle: FileHandle): Promise<DiskFile> {
  let stats: Stats;
  try {
    stats = await handle.stat({ bigint: true });
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    id: idOf(stats),
    bytes: Number(stats.size),
    modifiedAt: Number(stats.mtimeMs),
    async write(chunks, position) {
      for (let rest = chunks, at = position; rest.length > 0;) {
        const { bytesWritten } = await handle.writev(rest, at);
        at += bytesWritten;
        rest = behind(rest, bytesWritten);
      }
    },
    read: async (into, position) => (await handle.read(into, 0, into.length, position)).bytesRead,
    close: () => handle.close(),
  };
}

/** The number of a file may be given to another one when it is gone; both are not made in the same moment. */
function idOf({ dev, ino, birthtimeMs }: Stats): string {
  return `${dev}:${ino}:${birthtimeMs}`;
}

/** What is left of chunks of which so many bytes have been written. */
function behind(chunks: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let index = 0;
  let left = bytes;
  while (index < chunks.length && left >= chunks[index]!.length) left -= chunks[index++]!.length;
  const rest = chunks.slice(index);
  if (left > 0) rest[0] = rest[0]!.subarray(left);
  return rest;
}

async function unlessMissing<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | null)?.code;
}
