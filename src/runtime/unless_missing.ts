/**
 * Operations on files that may not exist.
 *
 * @module
 */

import { codeOf } from "./error_code.ts";

/**
 * Waits for an operation on a file that may be missing. The error's `code`, which is the same on all runtimes, tells that the
 * file is missing.
 *
 * @typeParam T The result of the operation.
 * @param operation The operation.
 * @param codes The codes of a missing file.
 * @returns The result of the operation; `undefined` if it failed with one of the codes. Rejects with any other error.
 */
export async function unlessMissing<T>(
  operation: Promise<T>,
  codes: readonly unknown[] = ["ENOENT"],
): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (codes.includes(codeOf(error))) return undefined;
    throw error;
  }
}

/**
 * Waits for an operation on a file that may be missing.
 *
 * @param operation The operation.
 * @param codes The codes of a missing file.
 * @returns Whether it has succeeded; `false` if it failed with one of the codes. Rejects with any other error.
 */
export async function isDone(operation: Promise<void>, codes?: readonly unknown[]): Promise<boolean> {
  return await unlessMissing(operation.then(() => true), codes) ?? false;
}
