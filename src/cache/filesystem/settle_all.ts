/**
 * Many file operations, a few at a time.
 *
 * @module
 */

/** How many operations run at once: enough to keep the disk busy, and far below any limit of open files. */
const AT_ONCE = 32;

/**
 * Calls a function for every item, also after one has failed, and waits for all of the calls.
 *
 * @param items The items.
 * @param run Handles an item.
 * @returns The results, in the order of the items.
 * @throws {unknown} The first failure, after all calls have settled.
 */
export async function settleAll<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    for (const outcome of await Promise.allSettled(items.slice(start, start + AT_ONCE).map(run))) {
      if (outcome.status === "fulfilled") results.push(outcome.value);
      else failures.push(outcome.reason);
    }
  }
  if (failures.length > 0) throw failures[0];
  return results;
}
