/**
 * Files on Bun.
 *
 * @module
 */

import type { Files } from "./contract.ts";
import { nodeModule } from "../node_module.ts";
import { pathOfFileUrl } from "./file_url.ts";

interface Stats {
  readonly size: number;
  readonly mtimeMs: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** The part of `node:fs/promises` that is used here. */
interface FileSystem {
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

interface BunFile {
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  slice(start: number, end: number): BunFile;
}

/** The part of `globalThis.Bun` that is used here. */
interface BunGlobal {
  file(path: string): BunFile;
  readonly hash: { crc32(bytes: Uint8Array): number };
}

/** The files of the Bun process. */
export function bunFiles(): Files {
  const { Bun: bun, process } = globalThis as unknown as {
    Bun: BunGlobal;
    process: { readonly platform: string };
  };
  const fs = nodeModule<FileSystem>("node:fs/promises")!;
  return {
    read: (path) => unless(["ENOENT"], bun.file(path).bytes()),
    readStart: (path, length) => unless(["ENOENT"], bun.file(path).slice(0, length).bytes()),
    // `Bun.write` would write over what there is.
    create: (path, bytes) => isDone(fs.writeFile(path, bytes, { flag: "wx", mode: 0o600 })),
    rename: (from, to) => isDone(fs.rename(from, to)),
    remove: (path) => isDone(fs.unlink(path)),
    async info(path) {
      const info = await unless(["ENOENT"], fs.lstat(path));
      if (info === undefined) return undefined;
      const kind = info.isFile() ? "file" : info.isDirectory() ? "folder" : "other";
      return { kind, bytes: info.size, modifiedAt: info.mtimeMs };
    },
    touch: (path, atMs) => fs.utimes(path, atMs / 1000, atMs / 1000),
    list: (path) => unless(["ENOENT"], fs.readdir(path)),
    makeFolder: async (path) => void await fs.mkdir(path, { recursive: true, mode: 0o700 }),
    removeFolder: (path) => isDone(fs.rmdir(path), ["ENOENT", "ENOTEMPTY", "EEXIST"]),
    pathOf: (url) => pathOfFileUrl(url, process.platform === "win32"),
    crc32: (bytes) => bun.hash.crc32(bytes),
  };
}

/** What an operation gives; `undefined` when it failed with one of the codes. */
async function unless<T>(codes: readonly unknown[], operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (codes.includes((error as { readonly code?: unknown }).code)) return undefined;
    throw error;
  }
}

/** Whether an operation did not fail with one of the codes. */
async function isDone(operation: Promise<void>, codes: readonly unknown[] = ["ENOENT"]): Promise<boolean> {
  return await unless(codes, operation.then(() => true)) ?? false;
}
