/**
 * Files on Node, and most of them on Bun.
 *
 * @module
 */

import type { NodeProcess } from "../node.ts";
import { FIRST_VERSIONS, nodeModule } from "../node_module.ts";
import { isDone, unlessMissing } from "../unless_missing.ts";
import type { Files } from "./contract.ts";
import { crc32 } from "./crc32.ts";
import { pathOfFileUrl } from "./file_url.ts";

interface Stats {
  readonly size: number;
  readonly mtimeMs: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

interface FileHandle {
  read(bytes: Uint8Array, offset: number, length: number): Promise<{ readonly bytesRead: number }>;
  close(): Promise<void>;
}

/** The part of `node:fs/promises` that is used here. */
interface FileSystem {
  readFile(path: string): Promise<Uint8Array>;
  open(path: string): Promise<FileHandle>;
  writeFile(
    path: string,
    bytes: Uint8Array,
    options: { readonly flag: "wx"; readonly mode: number },
  ): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  lstat(path: string): Promise<Stats>;
  utimes(path: string, accessed: number, modified: number): Promise<void>;
  readdir(path: string): Promise<string[]>;
  mkdir(path: string, options: { readonly recursive: true; readonly mode: number }): Promise<unknown>;
  rmdir(path: string): Promise<void>;
}

/** The part of `node:zlib` that is used here. */
interface Zlib {
  readonly crc32: typeof crc32;
}

/**
 * Returns the files of the process, by the modules of Node.
 *
 * @throws {TypeError} If the runtime can't load these modules without an import, as before Node.js 20.16 and 22.3, and Bun 1.2.6.
 */
export function nodeFiles(): Files {
  const { process } = globalThis as unknown as { readonly process: NodeProcess };
  const fs = nodeModule<FileSystem>("node:fs/promises");
  if (fs === undefined) {
    throw new TypeError(
      `Cannot keep files as this runtime is older than ${FIRST_VERSIONS}`,
    );
  }
  let checksum: typeof crc32 | undefined;
  return {
    read: async (path) => await unlessMissing(fs.readFile(path).then(ownBytes)),
    readStart: async (path, length) => await unlessMissing(readStart(fs, path, length)),
    create: async (path, bytes) => await isDone(fs.writeFile(path, bytes, { flag: "wx", mode: 0o600 })),
    rename: async (from, to) => await isDone(fs.rename(from, to)),
    remove: async (path) => await isDone(fs.unlink(path)),
    async info(path) {
      const info = await unlessMissing(fs.lstat(path));
      if (info === undefined) return undefined;
      const kind = info.isFile() ? "file" : info.isDirectory() ? "folder" : "other";
      return { kind, bytes: info.size, modifiedAt: info.mtimeMs };
    },
    touch: async (path, atMs) => await isDone(fs.utimes(path, atMs / 1000, atMs / 1000)),
    list: async (path) => await unlessMissing(fs.readdir(path)),
    makeFolder: async (path) => void await fs.mkdir(path, { recursive: true, mode: 0o700 }),
    removeFolder: async (path) => await isDone(fs.rmdir(path), ["ENOENT", "ENOTEMPTY", "EEXIST"]),
    pathOf: (url) => pathOfFileUrl(url, process.platform === "win32"),
    crc32(bytes) {
      checksum ??= nodeModule<Partial<Zlib>>("node:zlib")?.crc32 ?? crc32;
      return checksum(bytes);
    },
  };
}

async function readStart(
  { open }: FileSystem,
  path: string,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(path);
  try {
    const bytes = new Uint8Array(length);
    let filled = 0;
    for (let count = 1; filled < length && count > 0; filled += count) {
      count = (await file.read(bytes, filled, length - filled)).bytesRead;
    }
    return bytes.subarray(0, filled);
  } finally {
    await file.close();
  }
}

/** Returns the bytes of a `Buffer` as a plain `Uint8Array` that owns its buffer. A `Buffer` may be a part of a larger buffer. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  const isWhole = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
  return isWhole ? new Uint8Array(buffer) : new Uint8Array(bytes);
}
