/**
 * Patience with a database that another process is writing to.
 *
 * @module
 */

/** How often something is tried again. */
const MAX_RETRIES = 2;
/** Up to how long the wait before the first retry is, in milliseconds; twice as long before the second. */
const BASE_DELAY_MS = 25;

/** What waiting takes. */
export interface LockRetryOptions {
  /** A number from 0 (included) to 1 (excluded). */
  readonly random: () => number;
  /** Resolves after so many milliseconds. */
  readonly delay: (delayMs: number) => Promise<void>;
}

/**
 * Runs something, and again up to two times while it throws `database is locked`, after a wait of any length up to 25 and then
 * 50 ms. Any other error, and the last one, is thrown.
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

/** The stores' errors have no codes. */
function isLocked(error: unknown): boolean {
  return error instanceof Error && /database (?:table )?is locked/i.test(error.message);
}
