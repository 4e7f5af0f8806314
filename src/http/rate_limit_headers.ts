/**
 * The rate limit headers that servers send: `RateLimit` and `RateLimit-Policy` as structured fields
 * (draft-ietf-httpapi-ratelimit-headers), their older forms, and the `X-RateLimit` family.
 *
 * @module
 */

import { splitOutsideQuotes } from "./quoted_text.ts";

/**
 * A number of at least this counts as seconds since 1970 (2001-09-09): as a distance it would be more than 31 years. A number of
 * at least 1,000 times this counts as milliseconds since 1970; of a million times, as microseconds; of a billion times, as
 * nanoseconds.
 */
const FIRST_EPOCH_S = 1_000_000_000;

/**
 * The dates that some servers state instead of a number, in the forms that every runtime reads (ECMA-262 §21.4.3.2): ISO 8601
 * with a zone, and what `toUTCString()` and `toString()` of a `Date` give.
 */
const DATE =
  /^(?:\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)|[A-Z][a-z]{2},? \w+ \w+ \d{4} \d\d:\d\d:\d\d GMT(?:[+-]\d{4}(?: \(.*\))?)?)$/;

/** The headers that may state the time until a reset. */
export const RESET_HEADERS: readonly string[] = [
  "ratelimit-reset",
  "x-ratelimit-retry-after",
  "x-ratelimit-reset-after",
  "x-ratelimit-reset",
  "x-rate-limit-reset",
  "x-rate-limit-retry-after-seconds",
];

/** The headers that may state how many requests are left. */
export const REMAINING_HEADERS: readonly string[] = [
  "ratelimit-remaining",
  "x-ratelimit-remaining",
  "x-rate-limit-remaining",
];

/**
 * Returns how long it takes until the quota is full again.
 *
 * @param headers The response headers.
 * @param wallNowMs The present, in milliseconds since 1970.
 * @returns Milliseconds from now, 0 for a time in the past, or `undefined` if the headers do not say, or say that there is quota
 * left.
 */
export function rateLimitResetMs(headers: Headers, wallNowMs: number): number | undefined {
  const limit = headers.get("ratelimit");
  if (limit !== null) return structuredResetMs(limit, headers.get("ratelimit-policy") ?? "");
  for (const name of REMAINING_HEADERS) {
    const remaining = headers.get(name);
    if (remaining !== null && Number(remaining) > 0) return undefined;
  }
  for (const name of RESET_HEADERS) {
    const value = headers.get(name);
    if (value !== null) return resetMs(value, wallNowMs);
  }
  return undefined;
}

/** Whether a response states a limit in one of these headers, used up or not. */
export function statesLimits(headers: Headers): boolean {
  return headers.has("ratelimit") || headers.has("ratelimit-policy") ||
    REMAINING_HEADERS.some((name) => headers.has(name));
}

function resetMs(value: string, wallNowMs: number): number | undefined {
  const number = decimalOf(value);
  return number === undefined ? dateDistanceMs(value, wallNowMs) : distanceMs(number, wallNowMs);
}

/**
 * Returns how far away a reset is that a server states as a date.
 *
 * @param value The value of the header.
 * @param wallNowMs The present, in milliseconds since 1970.
 * @returns Milliseconds from now, 0 for a time in the past, or `undefined` if the value is no date with a zone.
 */
export function dateDistanceMs(value: string, wallNowMs: number): number | undefined {
  const text = value.trim();
  const dateMs = DATE.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - wallNowMs);
}

/** Reads a number of digits, with or without a fraction; gives `undefined` for any other value. */
export function decimalOf(value: string | null | undefined): number | undefined {
  const text = value?.trim();
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

/**
 * Returns how far away a time is that a server states as a number: a distance in seconds, or, if the number is too large for
 * that, a Unix time in seconds, milliseconds, microseconds or nanoseconds.
 *
 * @param number The number.
 * @param wallNowMs The present, in milliseconds since 1970.
 * @returns Milliseconds from now, 0 for a time in the past.
 */
export function distanceMs(number: number, wallNowMs: number): number {
  if (number < FIRST_EPOCH_S) return number * 1_000;
  let epochMs = number < FIRST_EPOCH_S * 1_000 ? number * 1_000 : number;
  for (let finer = 0; finer < 2 && epochMs >= FIRST_EPOCH_S * 1_000_000; finer++) epochMs /= 1_000;
  return Math.max(0, epochMs - wallNowMs);
}

/** Returns the longest wait of the quotas that are used up. A quota without a time counts with the whole window of its policy. */
function structuredResetMs(limit: string, policy: string): number | undefined {
  const items = parseItems(limit);
  const legacy = items.find((item) => item.name === "reset" && item.value !== "");
  if (legacy !== undefined) {
    const remaining = items.find((item) => item.name === "remaining");
    return remaining !== undefined && Number(remaining.value) > 0 ? undefined : secondsToMs(legacy.value);
  }
  const windows = new Map(parseItems(policy).map((item) => [item.name, item.parameters.get("w")]));
  let longest: number | undefined;
  for (const { name, parameters } of items) {
    if (!/^-?0+$/.test(parameters.get("r") ?? "")) continue;
    const wait = secondsToMs(parameters.get("t") ?? windows.get(name));
    if (wait !== undefined) longest = Math.max(longest ?? 0, wait);
  }
  return longest;
}

function secondsToMs(value: string | undefined): number | undefined {
  const seconds = decimalOf(value);
  return seconds === undefined ? undefined : seconds * 1_000;
}

/** A member of a structured list or dictionary, with its parameters. */
export interface StructuredItem {
  /** The member's name, or its value in a list. */
  readonly name: string;
  /** The text after `=` in a dictionary member; empty in a list. */
  readonly value: string;
  /** The parameters by their names. */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Parses as much of RFC 9651's lists and dictionaries as these headers use, and ignores the rest. Of two strings, the second one
 * is the name, because some servers put the kind of the limit first: `"fixed window";"api";q=500;w=300`.
 */
export function parseItems(text: string): StructuredItem[] {
  return partsOf(text, ",").map((member) => {
    const parts = partsOf(member, ";");
    const [head = "", ...rest] = parts[1]?.startsWith('"') ? parts.slice(1) : parts;
    const [name, value] = splitPair(head);
    return { name: unquote(name), value, parameters: new Map(rest.map(splitPair)) };
  });
}

function partsOf(text: string, separator: string): string[] {
  return splitOutsideQuotes(text, separator, "quote").map((part) => part.trim()).filter((part) =>
    part !== ""
  );
}

function splitPair(text: string): [name: string, value: string] {
  const equals = text.startsWith('"') ? -1 : text.indexOf("=");
  if (equals === -1) return [text, ""];
  return [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
}

function unquote(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}
