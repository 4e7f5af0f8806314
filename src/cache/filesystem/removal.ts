/**
 * The removal of many files: a failure of one does not stop the others.
 *
 * @module
 */

import type { EntryFile } from "./entry_folders.ts";
import { settleAll } from "./settle_all.ts";

/** The result of the removal of files. */
export interface Removal {
  /** The files that this process has removed. */
  readonly removed: readonly EntryFile[];
  /** The bytes that count no longer although this process removed no file: of foreign files, and of files that others have removed. */
  readonly otherBytes: number;
  /** The errors of the files that could not be removed. */
  readonly failures: readonly unknown[];
}

/** A division of files into useless ones and others. */
export interface Verdict extends Removal {
  /** The useless files. */
  readonly useless: readonly EntryFile[];
  /** The other files, including those that could not be judged. */
  readonly kept: readonly EntryFile[];
}

/**
 * Calls a function for each file, and collects its results and errors.
 *
 * @param files The files.
 * @param run Handles a file, and returns whether it has removed it.
 */
export async function removeEach(
  files: readonly EntryFile[],
  run: (file: EntryFile) => Promise<boolean>,
): Promise<Removal> {
  const failures: unknown[] = [];
  const done = await settleAll(files, async (file) => {
    try {
      return await run(file) ? [file] : [];
    } catch (error) {
      // The other files can still be removed.
      failures.push(error);
      return [];
    }
  });
  return { removed: done.flat(), otherBytes: 0, failures };
}

/** Separates the useless files from the others. */
export async function judgeEach(
  files: readonly EntryFile[],
  isUseless: (file: EntryFile) => Promise<boolean>,
): Promise<Verdict> {
  const useless = new Set<EntryFile>();
  const { failures } = await removeEach(files, async (file) => {
    if (await isUseless(file)) useless.add(file);
    return false;
  });
  const kept = files.filter((file) => !useless.has(file));
  return { useless: [...useless], kept, removed: [], otherBytes: 0, failures };
}

/** Returns the total size of files, in bytes. */
export function sumOf(files: readonly EntryFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
