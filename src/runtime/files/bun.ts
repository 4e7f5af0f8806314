/**
 * Files on Bun.
 *
 * @module
 */

import type { Files } from "./contract.ts";
import { pathOfFileUrl } from "./file_url.ts";

type FileSystem = typeof import("node:fs/promises");

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
  let loading: Promise<FileSystem> | undefined;
  const load = (): Promise<FileSystem> => loading ??= import("node:fs/promises");
  return {
    read: (path) => unless(["ENOENT"], bun.file(path).bytes()),
    readStart: (path, length) => unless(["ENOENT"], bun.file(path).slice(0, length).bytes()),
    // `Bun.write` would write over what there is.
    create: async (path, bytes) => isDone((await load()).writeFile(path, bytes, { flag: "wx", mode: 0o600 })),
    rename: async (from, to) => isDone((await load()).rename(from, to)),
    remove: async (path) => isDone((await load()).unlink(path)),
    async info(path) {
      const info = await unless(["ENOENT"], (await load()).lstat(path));
      if (info === undefined) return undefined;
      const kind = info.isFile() ? "file" : info.isDirectory() ? "folder" : "other";
      return { kind, bytes: info.size, modifiedAt: info.mtimeMs };
    },
    touch: async (path, atMs) => (await load()).utimes(path, atMs / 1000, atMs / 1000),
    list: async (path) => unless(["ENOENT"], (await load()).readdir(path)),
    makeFolder: async (path) => void await (await load()).mkdir(path, { recursive: true, mode: 0o700 }),
    removeFolder: async (path) => isDone((await load()).rmdir(path), ["ENOENT", "ENOTEMPTY", "EEXIST"]),
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
