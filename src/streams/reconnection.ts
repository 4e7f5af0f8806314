/**
 * When a stream of events is connected again, and how often.
 *
 * @module
 */

/** What a browser waits, about (HTML §9.2.3). */
const DEFAULT_WAIT_MS = 3_000;
/** What the wait grows from that a server has set to less, and what it grows to. */
const LEAST_GROWING_MS = 1_000;
const MAX_GROWN_MS = 60_000;
/** What a server may ask for; more would look as if nothing went on any more. */
const MAX_RETRY_MS = 3_600_000;

/** What a reconnection is made of. */
export interface ReconnectionOptions {
  /** How many connections in a row may be in vain; `Infinity` for any number. */
  readonly maxAttempts: number;
  /** The source of random numbers, from 0 (included) to 1 (excluded). */
  readonly random: () => number;
}

/**
 * Counts the connections that were in vain. The wait before the next one is what the server has asked for, or 3 s, and up to a half more,
 * so that clients that were cut off together do not come back together. It doubles with each further connection in vain, up to a minute.
 */
export class Reconnection {
  readonly #maxAttempts: number;
  readonly #random: () => number;
  #inVain = 0;
  #waitedMs = 0;

  /** Nothing was in vain yet. */
  constructor({ maxAttempts, random }: ReconnectionOptions) {
    this.#maxAttempts = maxAttempts;
    this.#random = random;
  }

  /**
   * A connection has ended, or could not be made.
   *
   * @param lastedMs How long it lasted, in milliseconds; 0 if it could not be made.
   * @param gotEvents Whether it has brought events.
   * @returns Whether there is to be another one.
   */
  mayFollow(lastedMs: number, gotEvents: boolean): boolean {
    const wasInVain = !gotEvents && lastedMs <= Math.max(this.#waitedMs, LEAST_GROWING_MS);
    this.#inVain = wasInVain ? this.#inVain + 1 : 0;
    return this.#inVain < this.#maxAttempts;
  }

  /**
   * How long to wait before the next connection.
   *
   * @param retryMs What the server has asked for, if it has, in milliseconds; an hour at most counts.
   * @returns Milliseconds.
   */
  waitMs(retryMs: number = DEFAULT_WAIT_MS): number {
    const askedMs = Math.min(retryMs, MAX_RETRY_MS);
    const growingMs = Math.max(askedMs, LEAST_GROWING_MS) * 2 ** (this.#inVain - 1);
    const waitMs = this.#inVain < 2 ? askedMs : Math.max(askedMs, Math.min(growingMs, MAX_GROWN_MS));
    return this.#waitedMs = waitMs * (1 + this.#random() / 2);
  }
}
