/**
 * Reads how long a server asks clients to wait before the next request.
 *
 * @module
 */

import { parseHttpDate, serverNowMs } from "./http_date.ts";
import { decimalOf, distanceMs, rateLimitResetMs } from "./rate_limit_headers.ts";

/** Fields that give the wait in milliseconds, as the services of OpenAI and of Azure do. */
const EXACT_FIELDS = ["retry-after-ms", "x-ms-retry-after-ms"] as const;

/** A field that gives the wait for one of several limits, by the limit's name, as NestJS sends it. */
const FIELD_OF_LIMIT = /^retry-after-(?!ms$|milli)/;

/**
 * Returns the wait that a response asks for. A valid `retry-after-ms` or `x-ms-retry-after-ms` comes first: some services send it
 * beside the standard field, and it is more precise. Next, `Retry-After` (RFC 9110 §10.2.3) decides if it is present, even if it
 * is garbage. Otherwise, the longest wait of a 429's `Retry-After-<limit>` counts, or else the rate limit headers of a 429, 403
 * or 503.
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
  const limitMs = status === 429 ? longestOfLimits(headers, nowMs) : undefined;
  if (limitMs !== undefined) return limitMs;
  return status === 429 || status === 403 || status === 503 ? rateLimitResetMs(headers, nowMs) : undefined;
}

function longestOfLimits(headers: Headers, nowMs: number): number | undefined {
  let longest: number | undefined;
  for (const [field, value] of headers) {
    const waitMs = FIELD_OF_LIMIT.test(field) ? parseRetryAfter(value, nowMs) : undefined;
    if (waitMs !== undefined && waitMs >= (longest ?? 0)) longest = waitMs;
  }
  return longest;
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
