/**
 * A rate limit that a response states.
 *
 * @module
 */

/**
 * One limit that a response states: how many requests are allowed in which time, how many are left until when, or both. A
 * response may state several limits; the client takes the first 32. It passes over a limit that has neither `remaining` and
 * `resetMs` nor `limit` and `windowMs`.
 */
export interface LimitReading {
  /** The name of the limit, which distinguishes it from others with the same window. */
  readonly name?: string | undefined;
  /** How many requests are allowed in the window: a positive number. */
  readonly limit?: number | undefined;
  /** How long the window is, in milliseconds: a positive number of up to a day. */
  readonly windowMs?: number | undefined;
  /** How many requests the server has counted in the window. */
  readonly used?: number | undefined;
  /** How many requests are left, in the window or until the reset. */
  readonly remaining?: number | undefined;
  /** When the quota is full again, in milliseconds from now. */
  readonly resetMs?: number | undefined;
  /**
   * Which requests share the limit: all requests to the origin, or those with the same limit key.
   * @default {"key" for requests that have one, "origin" for others}
   */
  readonly per?: "origin" | "key" | undefined;
}
