/**
 * Files on Bun.
 *
 * @module
 */

import { unlessMissing } from "../unless_missing.ts";
import type { Files } from "./contract.ts";
import { nodeFiles } from "./node.ts";

interface BunFile {
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  slice(start: number, end: number): BunFile;
}

/** The part of `globalThis.Bun` that is used here. */
interface BunGlobal {
  file(path: string): BunFile;
  readonly hash: { crc32(bytes: Uint8Array): number };
}

/**
 * Returns the files of the Bun process. Bun's own API can read files, but can't create one only where there is none, nor handle
 * folders: the modules of Node do that.
 */
export function bunFiles(): Files {
  const { Bun: bun } = globalThis as unknown as { readonly Bun: BunGlobal };
  return {
    ...nodeFiles(),
    read: (path) => unlessMissing(bun.file(path).bytes()),
    readStart: (path, length) => unlessMissing(bun.file(path).slice(0, length).bytes()),
    crc32: (bytes) => bun.hash.crc32(bytes),
  };
}
