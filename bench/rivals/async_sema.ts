/**
 * async-sema: a semaphore.
 *
 * @module
 */

// deno-lint-ignore-file no-import-prefix -- a rival is pinned where it is used, and is no dependency of the project
import { Sema } from "npm:async-sema@3.1.1";
import type { Run } from "../support/rival_terms.ts";

/** Creates a function that runs tasks, at most `concurrency` at once. */
export function limit(concurrency: number): Run {
  const semaphore = new Sema(concurrency);
  return async (task) => {
    await semaphore.acquire();
    try {
      return await task();
    } finally {
      semaphore.release();
    }
  };
}
