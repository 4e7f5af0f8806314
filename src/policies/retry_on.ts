/**
 * What a caller says about which failures are worth another try.
 *
 * @module
 */

/** A failed round of a request: the response, or what came in its place. */
export interface AttemptFailure {
  /** The URL that was asked, as an error shows it. */
  readonly url: string;
  /** The method. */
  readonly method: string;
  /** How many attempts the request has made so far. */
  readonly attempts: number;
  /** The status of the response, from 400; `undefined` if there was none, or its content could not be used. */
  readonly status: number | undefined;
  /** The headers of the response; `undefined` where there is no `status`. */
  readonly headers: Headers | undefined;
  /** What the request would fail with, where there is no `status`. */
  readonly error: unknown;
}

/**
 * Which failures are worth another try: the statuses that are, in place of the usual ones; or a function that says yes, no, yes after so
 * many milliseconds, or `undefined` for as usual. Neither makes a request repeatable that must not be sent twice, nor does it allow more
 * than `maxRetries` or the retry budget: who asks again and again until something is there, as for a job, has a client with `retryBudget:
 * false`. What a caller aborts is never tried again, and a pause that an origin has asked for holds all the same.
 */
export type RetryOn = readonly number[] | ((failure: AttemptFailure) => boolean | number | undefined);
