/**
 * A pause that an origin asked for.
 *
 * @module
 */

/** The response that made an origin pause. */
export interface Pause {
  /** When it ends, on the client's clock. */
  readonly untilMs: number;
  /** Whether the response said how long; otherwise the client has decided. */
  readonly isNamed: boolean;
  /** The response's status. */
  readonly status: number;
  /** The response's headers. */
  readonly headers: Headers;
}

/** No word of a server closes its origin for the rest of the program: a day, in milliseconds. */
export const MAX_PAUSE_MS = 86_400_000;
