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

/** The files for which a function has returned `true`, and the errors that it threw for others. */
export interface Selection {
  readonly selected: readonly EntryFile[];
  readonly failures: readonly unknown[];
}

/** Calls a function for each file, also after it has thrown for one, and selects the files for which it returns `true`. */
export async function selectEach(
  files: readonly EntryFile[],
  run: (file: EntryFile) => Promise<boolean>,
): Promise<Selection> {
  const failures: unknown[] = [];
  const selected = await settleAll(files, async (file) => {
    try {
      return await run(file) ? [file] : [];
    } catch (error) {
      // The function can still handle the other files.
      failures.push(error);
      return [];
    }
  });
  return { selected: selected.flat(), failures };
}

/** Returns the total size of files, in bytes. */
export function sumOf(files: readonly EntryFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
