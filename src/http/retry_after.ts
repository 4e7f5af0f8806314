/**
 * How long a server asks to wait before the next request.
 *
 * @module
 */

import { parseHttpDate } from "./http_date.ts";
import { decimalOf, distanceMs, rateLimitResetMs } from "./rate_limit_headers.ts";
import { serverNowMs } from "./server_clock.ts";

/**
 * The wait that a response asks for. `retry-after-ms`, which some services send beside the standard field, is the more precise one.
 * Then `Retry-After` (RFC 9110 §10.2.3) decides when it is there, even when it is garbage; otherwise a 429, 403 or 503 may say it by its
 * rate limit headers.
 *
 * @param status The response status.
 * @param headers The response headers.
 * @param wallNowMs The present, in milliseconds since 1970; a response that has a `Date` knows better, where a moment is meant.
 * @returns Milliseconds, 0 for at once, or `undefined` when the response does not say.
 */
export function retryAfterMs(status: number, headers: Headers, wallNowMs: number): number | undefined {
  const exactMs = decimalOf(headers.get("retry-after-ms"));
  if (exactMs !== undefined) return exactMs;
  const nowMs = serverNowMs(headers, wallNowMs);
  const value = headers.get("retry-after");
  if (value !== null) return parseRetryAfter(value, nowMs);
  return status === 429 || status === 403 || status === 503 ? rateLimitResetMs(headers, nowMs) : undefined;
}

/**
 * Reads a `Retry-After` value: whole seconds, or an HTTP date. A number that would mean decades is a Unix time, which some servers
 * send, in seconds or milliseconds.
 *
 * @param value The field's value.
 * @param wallNowMs The present, in milliseconds since 1970.
 * @returns Milliseconds from now, 0 for a moment that has passed, or `undefined` for anything else.
 */
export function parseRetryAfter(value: string, wallNowMs: number): number | undefined {
  const text = value.trim();
  if (/^\d+$/.test(text)) return distanceMs(Number(text), wallNowMs);
  const date = parseHttpDate(text, wallNowMs);
  return date === undefined ? undefined : Math.max(0, date - wallNowMs);
}
