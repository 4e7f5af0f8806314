/**
 * The time on a server's clock.
 *
 * @module
 */

import { parseHttpDate } from "./http_date.ts";

/**
 * The largest difference that counts as no difference, in milliseconds: a `Date` has whole seconds, and takes some time to
 * arrive.
 */
const CLOCK_TOLERANCE_MS = 2_000;

/**
 * Returns the present on the clock of the server that states a time, because that clock or this machine's may be wrong.
 *
 * @param headers The response headers: its `Date`, and its `Age` if a cache on the way has kept it since (RFC 9111 §4.2.3).
 * @param wallNowMs The present on this machine's clock, in milliseconds since 1970.
 * @returns Milliseconds since 1970; `wallNowMs` if the response has no `Date`, or one of about the same time.
 */
export function serverNowMs(headers: Headers, wallNowMs: number): number {
  const date = headers.get("date");
  const sentAtMs = date === null ? undefined : parseHttpDate(date, wallNowMs);
  if (sentAtMs === undefined) return wallNowMs;
  const age = headers.get("age") ?? "";
  const nowMs = sentAtMs + (/^\d+$/.test(age) ? Number(age) * 1_000 : 0);
  return Math.abs(nowMs - wallNowMs) <= CLOCK_TOLERANCE_MS ? wallNowMs : nowMs;
}
