/**
 * How old a response is.
 *
 * @module
 */

import { trimSpace } from "../../http/headers.ts";
import { parseHttpDate } from "../../http/http_date.ts";
import type { CacheMeta } from "../../cache/cache.ts";
import { MAX_DELTA_MS, parseDeltaMs } from "./delta_seconds.ts";
import type { Fields } from "./fields.ts";

/** When a response was asked for, and came. */
export interface ExchangeTimes {
  /** When the request was sent, in milliseconds since 1970. Waiting before that does not age a response. */
  readonly requestedAtMs: number;
  /** When the response's headers came, in milliseconds since 1970. */
  readonly storedAtMs: number;
}

/**
 * How old a response was when it came: `corrected_initial_age` of RFC 9111 §4.2.3.
 *
 * @param fields The response's fields.
 * @param times When it was asked for, and came.
 * @returns Milliseconds, at most {@linkcode MAX_DELTA_MS}.
 */
export function initialAgeMs(fields: Fields, { requestedAtMs, storedAtMs }: ExchangeTimes): number {
  const correctedMs = ageValueMs(fields) + Math.max(0, storedAtMs - requestedAtMs);
  // The date says whole seconds: what is less than one is not age.
  const apparentMs = Math.floor((storedAtMs - dateMs(fields, storedAtMs)) / 1_000) * 1_000;
  return Math.min(Math.max(apparentMs, correctedMs), MAX_DELTA_MS);
}

/** RFC 9111 §5.1: of a list, the first member counts; what is no number of seconds is ignored. */
function ageValueMs(fields: Fields): number {
  const [first = ""] = (fields.get("age") ?? "").split(",").map(trimSpace).filter((member) => member !== "");
  const ageMs = parseDeltaMs(first);
  return Number.isNaN(ageMs) ? 0 : ageMs;
}

/**
 * When a response was made, as it says.
 *
 * @param fields The response's fields.
 * @param storedAtMs When it came, in milliseconds since 1970: holds when it says nothing that can be read.
 * @returns Milliseconds since 1970.
 */
export function dateMs(fields: Fields, storedAtMs: number): number {
  return parseHttpDate(fields.get("date") ?? "", storedAtMs) ?? storedAtMs;
}

/**
 * How old a stored response is: `current_age` of RFC 9111 §4.2.3. After a clock was set back, a response may be from the future.
 * It then is as old as that is far away: after a small step it is good for as long as ever, and after a large one it is not good
 * for years.
 *
 * @param meta What is kept beside the body.
 * @param nowMs The present, in milliseconds since 1970.
 * @returns Milliseconds; always finite.
 */
export function currentAgeMs({ initialAge, storedAt }: CacheMeta, nowMs: number): number {
  return initialAge + Math.abs(nowMs - storedAt);
}
