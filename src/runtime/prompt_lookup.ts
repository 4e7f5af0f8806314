/**
 * Lookups of paths at which there mostly is nothing.
 *
 * @module
 */

/** A lookup that takes longer, in milliseconds, is left to the system's threads; and so many of those that follow. */
const SLOW_MS = 2;
const LEFT_TO_THREADS = 100;

/**
 * Says at once that there is nothing at a path: a fraction of what it costs to hear so by a promise that rejects. It holds up the whole program
 * while it asks, so that it does not ask a disk that has been slow to answer, but for one lookup in a hundred.
 *
 * @param exists Whether there is something, asked without a promise.
 * @param now A clock, in milliseconds.
 * @returns Whether there is nothing at a path; `false` also where that was not asked.
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
