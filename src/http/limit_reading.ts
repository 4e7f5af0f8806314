/**
 * What a response says of a rate limit.
 *
 * @module
 */

/**
 * One limit, as a response states it: how many requests in which time, how many are left until when, or both. Of several limits a response
 * has several.
 */
export interface LimitReading {
  /** The name of the limit, which tells it from others of the same window. */
  readonly name?: string | undefined;
  /** How many requests there may be in the window: a positive number. */
  readonly limit?: number | undefined;
  /** How long the window is, in milliseconds. */
  readonly windowMs?: number | undefined;
  /** How many requests the server has counted in it. */
  readonly used?: number | undefined;
  /** How many are left, in the window or until the reset. */
  readonly remaining?: number | undefined;
  /** How long it is until the quota is full again, in milliseconds from now. */
  readonly resetMs?: number | undefined;
  /**
   * Whose limit it is: that of all requests to the origin, or of those with the same limit key.
   * @default {"key" for requests that have one, "origin" for others}
   */
  readonly per?: "origin" | "key" | undefined;
}
