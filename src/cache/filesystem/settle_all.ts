/**
 * Many operations on files, a few at a time.
 *
 * @module
 */

/** Enough to keep the disk busy, and far from any limit of open files. */
const AT_ONCE = 32;

/**
 * Calls a function for every item, and leaves nothing running: what fails does not keep the others from being tried.
 *
 * @param items The items.
 * @param run What to do with each.
 * @returns The results, in order.
 * @throws {unknown} The first failure.
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
