/**
 * The option `retryOn`: the caller's word on which failures are worth another try.
 *
 * @module
 */

/** A failed round of a request: its response, or the error in place of a response. */
export interface AttemptFailure {
  /** The URL of the attempt, as an error shows it. */
  readonly url: string;
  /** The method. */
  readonly method: string;
  /** How many attempts the request has made so far. */
  readonly attempts: number;
  /** The status of the response, from 400; `undefined` if there was no response, or its content could not be used. */
  readonly status: number | undefined;
  /** The headers of the response; `undefined` if there is no `status`. */
  readonly headers: Headers | undefined;
  /** The error that the request would fail with; `undefined` if there is a `status`. */
  readonly error: unknown;
}

/**
 * The failures that are worth another try: a list of statuses in place of the usual ones; or a function that returns `true`,
 * `false`, the number of milliseconds to wait before a retry, or `undefined` for the usual decision. Neither repeats a request
 * that must not be sent twice, and neither exceeds `maxRetries` or the retry budget. A caller that polls until something is
 * there, as for a job, needs a client with `retryBudget: false`. The client never retries after the caller's abort, and it keeps
 * to a pause that an origin has asked for in any case. If the function throws, the request rejects with that error; if it returns
 * anything else, with a `TypeError`.
 */
export type RetryOn = readonly number[] | ((failure: AttemptFailure) => boolean | number | undefined);
