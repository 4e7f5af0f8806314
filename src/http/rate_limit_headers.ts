/**
 * The rate limit headers that servers send: `RateLimit` and `RateLimit-Policy` as structured fields
 * (draft-ietf-httpapi-ratelimit-headers), their older forms, and the `X-RateLimit` family.
 *
 * @module
 */

import { splitOutsideQuotes } from "./quoted_text.ts";

/**
 * A number from here on is seconds since 1970 (2001-09-09): as a distance it would be more than 31 years. From there times 1,000 on
 * it is milliseconds.
 */
const FIRST_EPOCH_S = 1_000_000_000;

/** Where the time until a reset may stand. */
export const RESET_HEADERS: readonly string[] = [
  "ratelimit-reset",
  "x-ratelimit-retry-after",
  "x-ratelimit-reset-after",
  "x-ratelimit-reset",
  "x-rate-limit-reset",
];

/** Where it may stand how many requests are left. */
export const REMAINING_HEADERS: readonly string[] = [
  "ratelimit-remaining",
  "x-ratelimit-remaining",
  "x-rate-limit-remaining",
];

/**
 * How long until the quota is refilled.
 *
 * @param headers The response headers.
 * @param wallNowMs The present, in milliseconds since 1970.
 * @returns Milliseconds from now, 0 when that is past, or `undefined` when the headers do not say, or say that there is
 * quota left.
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

/** Whether a response states a limit by one of these headers, used up or not. */
export function statesLimits(headers: Headers): boolean {
  return headers.has("ratelimit") || headers.has("ratelimit-policy") ||
    REMAINING_HEADERS.some((name) => headers.has(name));
}

function resetMs(value: string, wallNowMs: number): number | undefined {
  const number = decimalOf(value);
  return number === undefined ? undefined : distanceMs(number, wallNowMs);
}

/** The number that a value is; `undefined` if it is anything but digits, with or without a fraction. */
export function decimalOf(value: string | null | undefined): number | undefined {
  const text = value?.trim();
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

/**
 * How far away a moment is that a server names by a number: a distance in seconds, or a Unix time in seconds or milliseconds if it
 * can be nothing else.
 *
 * @param number The number.
 * @param wallNowMs The present, in milliseconds since 1970.
 * @returns Milliseconds from now, 0 for a moment that has passed.
 */
export function distanceMs(number: number, wallNowMs: number): number {
  if (number < FIRST_EPOCH_S) return number * 1_000;
  const epochMs = number < FIRST_EPOCH_S * 1_000 ? number * 1_000 : number;
  return Math.max(0, epochMs - wallNowMs);
}

/** The longest wait among the quotas that are used up; a quota that names no time waits for its policy's whole window. */
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
  /** What follows `=` in a dictionary member; empty in a list. */
  readonly value: string;
  /** By their names. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** As much of RFC 9651's lists and dictionaries as these headers use; what does not fit is left out. */
export function parseItems(text: string): StructuredItem[] {
  return partsOf(text, ",").map((member) => {
    const [head = "", ...rest] = partsOf(member, ";");
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
