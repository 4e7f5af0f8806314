/**
 * Reads the rate limits that a response states in its headers, used up or not.
 *
 * @module
 */

import { serverNowMs } from "./http_date.ts";
import type { LimitReading } from "./limit_reading.ts";
import {
  dateDistanceMs,
  distanceMs,
  parseItems,
  REMAINING_HEADERS,
  RESET_HEADERS,
  type StructuredItem,
} from "./rate_limit_headers.ts";

/** The headers that may state the size of a quota. */
const LIMIT_HEADERS = ["ratelimit-limit", "x-ratelimit-limit", "x-rate-limit-limit"];

/** The headers in which a service states several limits as `count:seconds`, separated by commas: `20:1,100:120`. */
export interface LimitHeaders {
  /** The name of the header with the limits: `x-app-rate-limit`, for `20:1,100:120`. */
  readonly limits: string;
  /** The name of the header with the counts in the same windows: `x-app-rate-limit-count`, for `1:1,5:120`. */
  readonly counts?: string | undefined;
  /**
   * Which requests share the limits: all requests to the origin, or those with the same limit key.
   * @default {"key" for requests that have one, "origin" for others}
   */
  readonly per?: "origin" | "key" | undefined;
}

/**
 * Reads `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers), and also `RateLimit-Limit`, `-Remaining` and
 * `-Reset`, and the same fields with the prefix `X-RateLimit` or `X-Rate-Limit`. Their reset is a distance in seconds, a Unix
 * time in seconds or a finer unit, or a date.
 *
 * @param headers The response headers.
 * @param wallNowMs The present, in milliseconds since 1970. For a point in time, the response's `Date` takes its place if the two
 * differ.
 * @returns The limits. A pair of `-Remaining` and `-Reset` counts only if both can be read.
 */
export function readLimitHeaders(headers: Headers, wallNowMs: number): LimitReading[] {
  const readings = readStructured(headers);
  const nowMs = serverNowMs(headers, wallNowMs);
  for (const [index, name] of REMAINING_HEADERS.entries()) {
    const prefix = name.slice(0, -"remaining".length);
    const remaining = firstNumber(headers.get(name));
    const reset = firstOf(headers, RESET_HEADERS.filter((other) => other.startsWith(prefix)));
    if (remaining === undefined || reset === null) continue;
    const number = firstNumber(reset);
    const resetMs = number === undefined ? dateDistanceMs(reset, nowMs) : distanceMs(number, nowMs);
    if (resetMs === undefined) continue;
    const limit = firstNumber(headers.get(LIMIT_HEADERS[index]!));
    readings.push({ name: prefix, limit, remaining, resetMs });
  }
  return readings;
}

function readStructured(headers: Headers): LimitReading[] {
  const policies = new Map(itemsOf(headers, "ratelimit-policy").map((item) => [item.name, item.parameters]));
  const items = itemsOf(headers, "ratelimit");
  if (items.some(({ name, value }) => name === "remaining" && value !== "")) return [readDictionary(items)];
  const readings: LimitReading[] = [];
  for (const { name, parameters } of items) {
    const policy = policies.get(name);
    policies.delete(name);
    readings.push({
      name: `ratelimit ${name}`,
      limit: numberOf(policy?.get("q")),
      windowMs: msOf(policy?.get("w")),
      remaining: numberOf(parameters.get("r")),
      // A quota without a time is full again after its window.
      resetMs: msOf(parameters.get("t") ?? policy?.get("w")),
    });
  }
  for (const [name, policy] of policies) {
    readings.push({
      name: `ratelimit ${name}`,
      limit: numberOf(policy.get("q")),
      windowMs: msOf(policy.get("w")),
    });
  }
  return readings;
}

/** Reads the form of an earlier draft: `limit=100, remaining=50, reset=30`. */
function readDictionary(items: readonly StructuredItem[]): LimitReading {
  const valueOf = (name: string): string | undefined => items.find((item) => item.name === name)?.value;
  return {
    name: "ratelimit",
    limit: numberOf(valueOf("limit")),
    remaining: numberOf(valueOf("remaining")),
    resetMs: msOf(valueOf("reset")),
  };
}

function itemsOf(headers: Headers, name: string): StructuredItem[] {
  const value = headers.get(name);
  return value === null ? [] : parseItems(value);
}

function firstOf(headers: Headers, names: readonly string[]): string | null {
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) return value;
  }
  return null;
}

/** Returns the first number of a value, which may also contain other limits and parameters: `100, 100;w=60`. */
function firstNumber(value: string | null): number | undefined {
  return numberOf(value?.split(/[,;]/)[0]);
}

function numberOf(value: string | undefined): number | undefined {
  const text = value?.trim();
  return text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function msOf(value: string | undefined): number | undefined {
  const seconds = numberOf(value);
  return seconds === undefined ? undefined : seconds * 1_000;
}

/**
 * Reads limits that a service states as `count:seconds`.
 *
 * @param headers The response headers.
 * @param sources The names of the headers.
 * @returns The limits; invalid pairs are ignored.
 */
export function readCountedHeaders(headers: Headers, sources: readonly LimitHeaders[]): LimitReading[] {
  return sources.flatMap(({ limits, counts, per }) => {
    const used = new Map(pairsOf(headers, counts).map(([count, windowMs]) => [windowMs, count]));
    return pairsOf(headers, limits).map(([limit, windowMs]) => ({
      name: limits,
      limit,
      windowMs,
      used: used.get(windowMs),
      per,
    }));
  });
}

function pairsOf(headers: Headers, name: string | undefined): [count: number, windowMs: number][] {
  const value = name === undefined ? null : headers.get(name);
  if (value === null) return [];
  return value.split(",").flatMap((pair) => {
    const [, count, seconds] = /^\s*(\d+)\s*:\s*(\d+(?:\.\d+)?)\s*$/.exec(pair) ?? [];
    return count === undefined ? [] : [[Number(count), Number(seconds) * 1_000]];
  });
}
