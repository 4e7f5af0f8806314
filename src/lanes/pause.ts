/**
 * The pause that an origin has asked for.
 *
 * @module
 */

/** A pause, and the response that asked for it. */
export interface Pause {
  /** When the pause ends, on the client's clock. */
  readonly untilMs: number;
  /** Whether the response named the length; otherwise the client has chosen it. */
  readonly isNamed: boolean;
  /** The response's status. */
  readonly status: number;
  /** The response's headers. */
  readonly headers: Headers;
}

/** The longest pause: a day, in milliseconds. No server's word may close its origin for the rest of the program. */
export const MAX_PAUSE_MS = 86_400_000;
