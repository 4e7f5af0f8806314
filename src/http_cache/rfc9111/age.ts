/**
 * The age of a response.
 *
 * @module
 */

import { trimSpace } from "../../http/headers.ts";
import { parseHttpDate } from "../../http/http_date.ts";
import type { CacheMeta } from "../../cache/cache.ts";
import { MAX_DELTA_MS, parseDeltaMs } from "./delta_seconds.ts";
import type { Fields } from "./fields.ts";

/** The times of a request and of its response. */
export interface ExchangeTimes {
  /** When the request was sent, in milliseconds since 1970. Waiting before that does not age a response. */
  readonly requestedAtMs: number;
  /** When the response's headers arrived, in milliseconds since 1970. */
  readonly storedAtMs: number;
}

/**
 * Returns how old a response was when it arrived: `corrected_initial_age` of RFC 9111 §4.2.3.
 *
 * @param fields The response's fields.
 * @param times The times of the request and of the response.
 * @returns Milliseconds, at most {@linkcode MAX_DELTA_MS}.
 */
export function initialAgeMs(fields: Fields, { requestedAtMs, storedAtMs }: ExchangeTimes): number {
  const correctedMs = ageValueMs(fields) + Math.max(0, storedAtMs - requestedAtMs);
  // `Date` has whole seconds, so a difference of less than a second does not count.
  const apparentMs = Math.floor((storedAtMs - dateMs(fields, storedAtMs)) / 1_000) * 1_000;
  return Math.min(Math.max(apparentMs, correctedMs), MAX_DELTA_MS);
}

/**
 * Returns the value of `Age`, in milliseconds. RFC 9111 §5.1: in a list, the first member counts; an invalid value is ignored.
 */
function ageValueMs(fields: Fields): number {
  const [first = ""] = (fields.get("age") ?? "").split(",").map(trimSpace).filter((member) => member !== "");
  const ageMs = parseDeltaMs(first);
  return Number.isNaN(ageMs) ? 0 : ageMs;
}

/**
 * Returns when the server made a response, by its `Date`.
 *
 * @param fields The response's fields.
 * @param storedAtMs When the response arrived, in milliseconds since 1970: the result if `Date` is absent or unreadable.
 * @returns Milliseconds since 1970.
 */
export function dateMs(fields: Fields, storedAtMs: number): number {
  return parseHttpDate(fields.get("date") ?? "", storedAtMs) ?? storedAtMs;
}

/**
 * Returns how old a stored response is: `current_age` of RFC 9111 §4.2.3. After the clock was set back, a response may lie in the
 * future. The distance to that time then counts as its age: after a small step the response stays fresh, and after a large step
 * it does not stay fresh for years.
 *
 * @param meta The stored metadata.
 * @param nowMs The present, in milliseconds since 1970.
 * @returns Milliseconds; always finite.
 */
export function currentAgeMs({ initialAge, storedAt }: CacheMeta, nowMs: number): number {
  return initialAge + Math.abs(nowMs - storedAt);
}
