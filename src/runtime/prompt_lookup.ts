/**
 * Synchronous lookups of paths that mostly do not exist.
 *
 * @module
 */

/**
 * A lookup that takes longer than this, in milliseconds, shows that the disk is slow. The next {@linkcode LEFT_TO_THREADS}
 * lookups then go to the system's threads.
 */
const SLOW_MS = 2;
const LEFT_TO_THREADS = 100;

/**
 * Creates a synchronous check that nothing is at a path. For a missing file it costs a fraction of a promise that rejects. The
 * check blocks the whole program: so if the disk has been slow to answer, it skips the next hundred lookups, which the caller
 * makes asynchronously.
 *
 * @param exists Returns whether something is at a path, without a promise.
 * @param now A clock, in milliseconds.
 * @returns A function that tells whether nothing is at a path; `false` also where it has skipped the lookup.
 */
export function promptLookup(
  exists: (path: string) => boolean,
  now: () => number = () => performance.now(),
): (path: string) => boolean {
  let left = 0;
  return (path) => {
    if (left > 0) {
      left--;
      return false;
    }
    const startedAtMs = now();
    const isAbsent = !exists(path);
    if (now() - startedAtMs > SLOW_MS) left = LEFT_TO_THREADS;
    return isAbsent;
  };
}
