/**
 * Files whose operations are known to be under way.
 *
 * @module
 */

import { realWork } from "../../primitives/real_work.ts";
import type { Files } from "./contract.ts";

/**
 * Counts the operations on files as real work, so that a test's clock can wait for them.
 *
 * @param files The files.
 * @returns The same files.
 */
export function countedFiles(files: Files): Files {
  return {
    read: (path) => realWork(files.read(path)),
    readStart: (path, length) => realWork(files.readStart(path, length)),
    create: (path, bytes) => realWork(files.create(path, bytes)),
    rename: (from, to) => realWork(files.rename(from, to)),
    remove: (path) => realWork(files.remove(path)),
    info: (path) => realWork(files.info(path)),
    touch: (path, atMs) => realWork(files.touch(path, atMs)),
    list: (path) => realWork(files.list(path)),
    makeFolder: (path) => realWork(files.makeFolder(path)),
    removeFolder: (path) => realWork(files.removeFolder(path)),
    pathOf: files.pathOf,
    crc32: files.crc32,
  };
}
