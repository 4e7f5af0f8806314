/**
 * Reads how long a server asks clients to wait before the next request.
 *
 * @module
 */

import { parseHttpDate } from "./http_date.ts";
import { decimalOf, distanceMs, rateLimitResetMs } from "./rate_limit_headers.ts";
import { serverNowMs } from "./server_clock.ts";

/** Fields that give the wait in milliseconds, as the services of OpenAI and of Azure do. */
const EXACT_FIELDS = ["retry-after-ms", "x-ms-retry-after-ms"] as const;

/**
 * Returns the wait that a response asks for. A valid `retry-after-ms` or `x-ms-retry-after-ms` comes first: some services send it
 * beside the standard field, and it is more precise. Next, `Retry-After` (RFC 9110 §10.2.3) decides if it is present, even if it
 * is garbage. Otherwise, the rate limit headers of a 429, 403 or 503 count.
 *
 * @param status The response status.
 * @param headers The response headers.
 * @param wallNowMs The present, in milliseconds since 1970. For a point in time, the response's `Date` takes its place if the two
 * differ.
 * @returns Milliseconds, 0 for at once, or `undefined` if the response does not say.
 */
export function retryAfterMs(status: number, headers: Headers, wallNowMs: number): number | undefined {
  for (const field of EXACT_FIELDS) {
    const exactMs = decimalOf(headers.get(field));
    if (exactMs !== undefined) return exactMs;
  }
  const nowMs = serverNowMs(headers, wallNowMs);
  const value = headers.get("retry-after");
  if (value !== null) return parseRetryAfter(value, nowMs);
  return status === 429 || status === 403 || status === 503 ? rateLimitResetMs(headers, nowMs) : undefined;
}

/**
 * Reads a `Retry-After` value: seconds, or an HTTP date. RFC 9110 allows only whole seconds, but popular rate limiters send a
 * fraction: `1.733`. A number that would mean decades counts as a Unix time, which some servers send: in seconds, milliseconds,
 * microseconds or nanoseconds.
 *
 * @param value The field's value.
 * @param wallNowMs The present, in milliseconds since 1970.
 * @returns Milliseconds from now, 0 for a time in the past, or `undefined` for any other value.
 */
export function parseRetryAfter(value: string, wallNowMs: number): number | undefined {
  const number = decimalOf(value);
  if (number !== undefined) return distanceMs(number, wallNowMs);
  const date = parseHttpDate(value.trim(), wallNowMs);
  return date === undefined ? undefined : Math.max(0, date - wallNowMs);
}
