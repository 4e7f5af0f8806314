/**
 * The disk of every runtime that has the modules of Node.js.
 *
 * @module
 */

import { codeOf } from "../error_code.ts";
import { folderOf, namesOpenFiles } from "../files/open_file_names.ts";
import { FIRST_VERSIONS, nodeModule } from "../node_module.ts";
import { promptLookup } from "../prompt_lookup.ts";
import { unlessMissing } from "../unless_missing.ts";
import type { Disk, DiskFile } from "./contract.ts";
import { pathsOf, resolvePath } from "./paths.ts";
import { hasEnded } from "./process_state.ts";

interface Stats {
  readonly dev: bigint;
  readonly mode: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeMs: bigint;
  readonly birthtimeMs: bigint;
  isDirectory(): boolean;
  isFile(): boolean;
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
    data: string | Uint8Array,
    options: { readonly mode: number; readonly flag: "wx" },
  ): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  link(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

/** The part of `node:fs` that is used here. */
interface SyncFileSystem {
  existsSync(path: string): boolean;
  readFileSync(path: string, encoding: "latin1"): string;
}

interface ProcessGlobal {
  readonly pid: number;
  readonly platform: string;
  cwd(): string;
  kill(pid: number, signal: 0): unknown;
}

/**
 * Returns the disk, by the modules of Node.js.
 *
 * @throws {TypeError} If the runtime has none.
 */
export function nodeDisk(): Disk {
  const { process } = globalThis as { readonly process?: ProcessGlobal | undefined };
  const fs = nodeModule<FileSystem>("node:fs/promises");
  const { existsSync } = nodeModule<SyncFileSystem>("node:fs") ?? {};
  if (process === undefined || fs === undefined || existsSync === undefined) {
    throw new TypeError(
      `Cannot write files as this runtime has none, or is older than ${FIRST_VERSIONS}: give a WritableStream`,
    );
  }
  const paths = pathsOf(process.platform === "win32", () => process.cwd());
  const { O_CREAT = 0, O_EXCL = 0, O_RDWR = 2, O_NOFOLLOW = 0 } = fs.constants;
  const isAbsent = promptLookup(existsSync);
  const remove = async (path: string): Promise<void> => void await unlessMissing(fs.unlink(path));
  return {
    resolve: (path) => resolvePath(path, paths, process.platform === "win32"),
    realFolder: (folder) => fs.realpath(folder),
    join: (folder, name) => paths.join(folder, name),
    async entry(path) {
      if (isAbsent(path)) return undefined;
      const stats = await unlessMissing(fs.stat(path, { bigint: true }));
      if (stats === undefined) return undefined;
      const isFile = stats.isFile() && !namesOpenFiles(folderOf(path));
      const kind = isFile ? "file" : stats.isDirectory() ? "folder" : "special";
      const mode = process.platform === "win32" ? undefined : Number(stats.mode) & 0o777;
      return { id: idOf(stats), kind, mode };
    },
    create: async (path, mode = 0o666) =>
      await openedFile(await fs.open(path, O_CREAT | O_EXCL | O_RDWR, mode)),
    async createWhole(path, bytes, mode = 0o666) {
      try {
        await fs.writeFile(path, bytes, { mode, flag: "wx" });
        return true;
      } catch (error) {
        if (codeOf(error) === "EEXIST") return false;
        throw error;
      }
    },
    async open(path) {
      const handle = await unlessMissing(fs.open(path, O_RDWR | O_NOFOLLOW), ["ENOENT", "ELOOP"]);
      return handle && await openedFile(handle);
    },
    async readText(path) {
      return isAbsent(path) ? undefined : await unlessMissing(fs.readFile(path, "utf8"));
    },
    async writeText(path, text) {
      // Removing the file first makes sure that a symbolic link in its place is not followed.
      await remove(path);
      await fs.writeFile(path, text, { mode: 0o600, flag: "wx" });
    },
    rename: (from, to) => fs.rename(from, to),
    async renameToFree(from, to) {
      await fs.link(from, to);
      await fs.unlink(from);
    },
    remove,
    processId: process.pid,
    isRunning: (processId) => isRunning(processId, readStatFile),
  };
}

/**
 * Returns whether a process is running; see {@linkcode Disk.isRunning}.
 *
 * @param processId The id of the process.
 * @param readStat Reads the `/proc/<id>/stat` of Linux.
 */
export function isRunning(processId: number, readStat: (processId: number) => string): boolean {
  const { process } = globalThis as unknown as { readonly process: ProcessGlobal };
  try {
    process.kill(processId, 0);
    return !hasEnded(() => readStat(processId));
  } catch (error) {
    // EPERM means that the process belongs to another user, and is running. Any other error tells that it is not, or that this
    // can't be known.
    return codeOf(error) === "EPERM";
  }
}

function readStatFile(processId: number): string {
  return nodeModule<SyncFileSystem>("node:fs")!.readFileSync(`/proc/${processId}/stat`, "latin1");
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

/** Returns the identity of a file. A new file may get the inode number of a deleted one, but not the same creation time. */
function idOf({ dev, ino, birthtimeMs }: Stats): string {
  return `${dev}:${ino}:${birthtimeMs}`;
}

/** Returns the rest of some chunks after the bytes that have been written. */
function behind(chunks: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let index = 0;
  let left = bytes;
  while (index < chunks.length && left >= chunks[index]!.length) left -= chunks[index++]!.length;
  const rest = chunks.slice(index);
  if (left > 0) rest[0] = rest[0]!.subarray(left);
  return rest;
}
