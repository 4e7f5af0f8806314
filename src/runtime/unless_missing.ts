/**
 * Operations on files that may not be there.
 *
 * @module
 */

import { codeOf } from "./error_code.ts";

/**
 * Waits for an operation on a file that may be missing. The error tells so by its `code`, which is the same on all runtimes.
 *
 * @typeParam T What the operation gives.
 * @param operation The operation.
 * @param codes The codes that say so.
 * @returns What the operation gives; `undefined` if it failed with one of the codes. Rejects with any other error.
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
