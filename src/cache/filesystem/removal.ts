/**
 * The removal of many files, where one that fails does not keep the others.
 *
 * @module
 */

import type { EntryFile } from "./entry_folders.ts";
import { settleAll } from "./settle_all.ts";

/** What became of files that were to be removed. */
export interface Removal {
  /** Those that are gone, because this process has removed them. */
  readonly removed: readonly EntryFile[];
  /** How many bytes count no more although they were not removed: files that are not the cache's, and those that other processes have removed. */
  readonly otherBytes: number;
  /** Why the others are not. */
  readonly failures: readonly unknown[];
}

/** Which files are of no use, and which are, to which belong those that can't be judged. */
export interface Verdict extends Removal {
  readonly useless: readonly EntryFile[];
  readonly kept: readonly EntryFile[];
}

/**
 * Does something with each file.
 *
 * @param files The files.
 * @param run What to do; whether it has removed the file.
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
      // Others can still go.
      failures.push(error);
      return [];
    }
  });
  return { removed: done.flat(), otherBytes: 0, failures };
}

/** Tells the useless files from the rest. */
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

/** How large files are together, in bytes. */
export function sumOf(files: readonly EntryFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
