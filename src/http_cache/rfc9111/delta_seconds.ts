/**
 * Numbers of seconds in header fields.
 *
 * @module
 */

/** The largest number of seconds, in milliseconds: larger ones count as this one (RFC 9111 §1.2.2). */
export const MAX_DELTA_MS: number = 2 ** 31 * 1_000;

const DIGITS = /^[0-9]+$/;

/**
 * Reads a number of seconds (RFC 9111 §1.2.2).
 *
 * @param text The digits, and nothing else.
 * @returns Milliseconds, at most {@linkcode MAX_DELTA_MS}; `NaN` if the text is anything else.
 */
export function parseDeltaMs(text: string): number {
  return DIGITS.test(text) ? Math.min(Number(text) * 1_000, MAX_DELTA_MS) : NaN;
}
