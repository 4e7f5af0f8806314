/**
 * What time it is at a server.
 *
 * @module
 */

import { parseHttpDate } from "./http_date.ts";

/** A clock that is no further off than this is right, in milliseconds: a date has whole seconds, and takes its time to come. */
const CLOCK_TOLERANCE_MS = 2_000;

/**
 * The present as the server has it that names a moment: its clock or this machine's may be off.
 *
 * @param headers The response headers: its `Date`, and its `Age` if a cache on the way has kept it since (RFC 9111 §4.2.3).
 * @param wallNowMs The present as this machine has it, in milliseconds since 1970.
 * @returns Milliseconds since 1970: `wallNowMs` if the response does not say, or says about the same.
 */
export function serverNowMs(headers: Headers, wallNowMs: number): number {
  const date = headers.get("date");
  const sentAtMs = date === null ? undefined : parseHttpDate(date, wallNowMs);
  if (sentAtMs === undefined) return wallNowMs;
  const age = headers.get("age") ?? "";
  const nowMs = sentAtMs + (/^\d+$/.test(age) ? Number(age) * 1_000 : 0);
  return Math.abs(nowMs - wallNowMs) <= CLOCK_TOLERANCE_MS ? wallNowMs : nowMs;
}
