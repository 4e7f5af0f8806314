/**
 * How long a server asks to wait before the next request.
 *
 * @module
 */

import { parseHttpDate } from "./http_date.ts";
import { distanceMs, rateLimitResetMs } from "./rate_limit_headers.ts";

/**
 * The wait that a response asks for. `retry-after-ms`, which some services send beside the standard field, is the more precise one.
 * Then `Retry-After` (RFC 9110 §10.2.3) decides when it is there, even when it is garbage; otherwise a 429 or 503 may say it by its
 * rate limit headers.
 *
 * @param status The response status.
 * @param headers The response headers.
 * @param wallNowMs The present, in milliseconds since 1970.
 * @returns Milliseconds, 0 for at once, or `undefined` when the response does not say.
 */
export function retryAfterMs(status: number, headers: Headers, wallNowMs: number): number | undefined {
  const exact = headers.get("retry-after-ms")?.trim();
  if (exact !== undefined && /^\d+(\.\d+)?$/.test(exact)) return Number(exact);
  const value = headers.get("retry-after");
  if (value !== null) return parseRetryAfter(value, wallNowMs);
  return status === 429 || status === 503 ? rateLimitResetMs(headers, wallNowMs) : undefined;
}

/**
 * Reads a `Retry-After` value: seconds, or an HTTP date. A number that would mean decades is a Unix time, which some servers send, in
 * seconds or milliseconds. RFC 9110 has whole seconds only, and one value; a server that sends fractions has said how long to wait all
 * the same, and so has one whose field comes twice, as from a proxy: then the longest wait is meant, if all can be read.
 *
 * @param value The field's value.
 * @param wallNowMs The present, in milliseconds since 1970.
 * @returns Milliseconds from now, 0 for a moment that has passed, or `undefined` for anything else.
 */
export function parseRetryAfter(value: string, wallNowMs: number): number | undefined {
  const waits = value.split(BETWEEN_VALUES).map((text) => parseOne(text.trim(), wallNowMs));
  const known = waits.filter((wait) => wait !== undefined);
  return known.length < waits.length ? undefined : Math.max(...known);
}

/** The comma between two values; the one within a date is behind the name of a day. */
const BETWEEN_VALUES = /(?<=\d|GMT)\s*,/i;

function parseOne(text: string, wallNowMs: number): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return distanceMs(Number(text), wallNowMs);
  const date = parseHttpDate(text, wallNowMs);
  return date === undefined ? undefined : Math.max(0, date - wallNowMs);
}
