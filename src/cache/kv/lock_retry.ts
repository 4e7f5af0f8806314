/**
 * Retries for a database that another process has locked.
 *
 * @module
 */

/** How many retries there are. */
const MAX_RETRIES = 2;
/** The longest wait before the first retry, in milliseconds; the second one may be twice as long. */
const BASE_DELAY_MS = 25;

/** Options of {@linkcode retryWhileLocked}. */
export interface LockRetryOptions {
  /** Returns a number from 0 (included) to 1 (excluded). */
  readonly random: () => number;
  /** Resolves after so many milliseconds. */
  readonly delay: (delayMs: number) => Promise<void>;
}

/**
 * Runs a function, and retries it up to two times while it throws `database is locked`. The waits before the retries are random,
 * up to 25 ms and up to 50 ms (full jitter). Any other error is thrown at once; so is the error of the last retry.
 */
export async function retryWhileLocked<T>(
  run: () => Promise<T>,
  { random, delay }: LockRetryOptions,
): Promise<T> {
  for (let retry = 1;; retry++) {
    try {
      return await run();
    } catch (error) {
      if (retry > MAX_RETRIES || !isLocked(error)) throw error;
      await delay(random() * BASE_DELAY_MS * 2 ** (retry - 1));
    }
  }
}

/** Returns whether an error says that the database is locked. It looks at the message, because the errors of stores have no codes. */
function isLocked(error: unknown): boolean {
  return error instanceof Error && /database (?:table )?is locked/i.test(error.message);
}
