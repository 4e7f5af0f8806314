/**
 * Decides when, and how often, a stream of events connects again.
 *
 * @module
 */

/** The wait if the server asks for none, about that of a browser (HTML §9.2.3). */
const DEFAULT_WAIT_MS = 3_000;
/** The shortest wait to double from, even if the server has asked for less, and the longest wait to double to. */
const LEAST_GROWING_MS = 1_000;
const MAX_GROWN_MS = 60_000;
/** The longest wait that a server may ask for: a longer one would look like a dead stream. */
const MAX_RETRY_MS = 3_600_000;

/** Options of {@linkcode Reconnection}. */
export interface ReconnectionOptions {
  /** How many connections in a row may be in vain; `Infinity` sets no limit. */
  readonly maxAttempts: number;
  /** The source of random numbers, from 0 (included) to 1 (excluded). */
  readonly random: () => number;
}

/**
 * Counts the connections in a row that were in vain. The wait before the next one is the time that the server has asked for, or 3
 * s, and up to a half more (jitter), so that clients that were cut off together do not come back together. From the second
 * connection in vain on, the wait doubles, up to a minute.
 */
export class Reconnection {
  readonly #maxAttempts: number;
  readonly #random: () => number;
  #inVain = 0;
  #waitedMs = 0;

  /** Creates a count of 0. */
  constructor({ maxAttempts, random }: ReconnectionOptions) {
    this.#maxAttempts = maxAttempts;
    this.#random = random;
  }

  /**
   * Counts a connection that has ended or failed. It was in vain if it brought no event and lasted no longer than the wait before
   * it, or a second if that is more.
   *
   * @param lastedMs How long the connection lasted, in milliseconds; 0 if it has failed to open.
   * @param gotEvents Whether it has brought an event.
   * @returns Whether another connection may follow.
   */
  mayFollow(lastedMs: number, gotEvents: boolean): boolean {
    const wasInVain = !gotEvents && lastedMs <= Math.max(this.#waitedMs, LEAST_GROWING_MS);
    this.#inVain = wasInVain ? this.#inVain + 1 : 0;
    return this.#inVain < this.#maxAttempts;
  }

  /**
   * Returns how long to wait before the next connection.
   *
   * @param retryMs The time that the server has asked for, in milliseconds; at most an hour counts.
   * @returns Milliseconds.
   */
  waitMs(retryMs: number = DEFAULT_WAIT_MS): number {
    const askedMs = Math.min(retryMs, MAX_RETRY_MS);
    const growingMs = Math.max(askedMs, LEAST_GROWING_MS) * 2 ** (this.#inVain - 1);
    const waitMs = this.#inVain < 2 ? askedMs : Math.max(askedMs, Math.min(growingMs, MAX_GROWN_MS));
    return this.#waitedMs = waitMs * (1 + this.#random() / 2);
  }
}
