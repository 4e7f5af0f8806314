/**
 * Work that takes its time whatever a clock says: files, for example. A clock that a test moves looks here before it moves on.
 *
 * @module
 */

/** How much is under way, and who waits for its end. Several copies of this module share one. */
interface Tally {
  pending: number;
  /** How much has come to its end. */
  finished: number;
  readonly waiters: Set<() => void>;
}

const TALLY = Symbol.for("@slipstream/fetch/real-work");

const tally: Tally = (globalThis as { [TALLY]?: Tally })[TALLY] ??= {
  pending: 0,
  finished: 0,
  waiters: new Set(),
};

/**
 * Counts work as long as it is under way.
 *
 * @param work The work.
 * @returns The same.
 */
export function realWork<T>(work: Promise<T>): Promise<T> {
  tally.pending++;
  work.then(end, end);
  return work;
}

function end(): void {
  tally.pending--;
  tally.finished++;
  for (const wake of tally.waiters) wake();
}

/** How much work is under way. */
export function pendingRealWork(): number {
  return tally.pending;
}

/**
 * Waits until one piece of work that is under way comes to its end, or for so long.
 *
 * @param timeoutMs How long, in milliseconds of real time.
 * @returns Whether one has come to its end.
 */
export async function realWorkEnd(timeoutMs: number): Promise<boolean> {
  const { finished } = tally;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  tally.waiters.add(resolve);
  try {
    await promise;
    return tally.finished > finished;
  } finally {
    tally.waiters.delete(resolve);
    clearTimeout(timer);
  }
}
