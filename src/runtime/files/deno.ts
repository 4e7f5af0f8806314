/**
 * Files on Deno.
 *
 * @module
 */

import { nodeModule } from "../node_module.ts";
import { isDone, unlessMissing } from "../unless_missing.ts";
import type { Files } from "./contract.ts";
import { crc32 } from "./crc32.ts";
import { pathOfFileUrl } from "./file_url.ts";

/** The files of the Deno process. Without the permission every operation rejects with `NotCapable`. */
export const denoFiles: Files = {
  read: (path) => unlessMissing(Deno.readFile(path)),
  async readStart(path, length) {
    const file = await unlessMissing(Deno.open(path));
    if (file === undefined) return undefined;
    try {
      const bytes = new Uint8Array(length);
      let filled = 0;
      for (let count: number | null = 0; filled < length && count !== null;) {
        count = await file.read(bytes.subarray(filled));
        filled += count ?? 0;
      }
      return bytes.subarray(0, filled);
    } finally {
      file.close();
    }
  },
  create: (path, bytes) => isDone(Deno.writeFile(path, bytes, { createNew: true, mode: 0o600 })),
  rename: (from, to) => isDone(Deno.rename(from, to)),
  remove: (path) => isDone(Deno.remove(path)),
  async info(path) {
    const info = await unlessMissing(Deno.lstat(path));
    if (info === undefined) return undefined;
    const kind = info.isFile ? "file" : info.isDirectory ? "folder" : "other";
    return { kind, bytes: info.size, modifiedAt: info.mtime?.getTime() ?? 0 };
  },
  touch: (path, atMs) => isDone(Deno.utime(path, new Date(atMs), new Date(atMs))),
  list: (path) => unlessMissing(Array.fromAsync(Deno.readDir(path), ({ name }) => name)),
  makeFolder: (path) => Deno.mkdir(path, { recursive: true, mode: 0o700 }),
  removeFolder: (path) => isDone(Deno.remove(path), ["ENOENT", "ENOTEMPTY"]),
  pathOf: (url) => pathOfFileUrl(url, Deno.build.os === "windows"),
  crc32(bytes) {
    checkedBytes += bytes.length;
    if (checkedBytes > LOAD_ZLIB_AFTER_BYTES) zlib ??= loadZlib();
    return zlib === undefined ? crc32(bytes) : zlib.crc32(bytes);
  },
};

/** The part of `node:zlib` that is used here. */
interface Zlib {
  crc32(bytes: Uint8Array): number;
}

/**
 * How many bytes plain code checks before `node:zlib` is loaded. That is twenty times as fast, but takes 20 ms to load, in which
 * plain code checks 60 MB. A program that has checked half of that is likely to check more.
 */
const LOAD_ZLIB_AFTER_BYTES = 32 * 1024 * 1024;
let checkedBytes = 0;
let zlib: Zlib | undefined;

function loadZlib(): Zlib {
  return { crc32: nodeModule<Partial<Zlib>>("node:zlib")?.crc32 ?? crc32 };
}
