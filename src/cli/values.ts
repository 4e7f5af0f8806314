/**
 * Parsers for the values of flags: each checks a text, and turns it into an option of the client.
 *
 * @module
 */

import { trimSpace } from "../http/headers.ts";
import { canSend } from "../http/request.ts";
import { shownUrl } from "../http/url.ts";
import { UsageError } from "./args.ts";
import { givenUrl } from "./given_url.ts";

/** A rate: `limit` requests per `intervalMs` milliseconds. */
export interface Rate {
  readonly limit: number;
  readonly intervalMs: number;
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000, m: 60_000, h: 3_600_000 };
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|min|m|h)?$/;
const RATE = /^(\d+(?:\.\d+)?)(?:\/(\d+(?:\.\d+)?)?(ms|s|min|m|h))?$/;
const METHOD = /^[!#$%&'*+.^_`|~0-9A-Z-]+$/;
const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)$/s;

/**
 * Parses a whole number.
 *
 * @param flag The flag's name.
 * @param text The value.
 * @param least The smallest number that is allowed, 0 or 1.
 * @param rule What the error says that the value must be.
 * @throws {UsageError} If the text is something else.
 */
export function parseCount(
  flag: string,
  text: string,
  { least = 1, rule = least === 1 ? "a positive integer" : "an integer of at least 0" }: {
    readonly least?: 0 | 1;
    readonly rule?: string;
  } = {},
): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count >= least) return count;
  throw valueError(flag, rule, text);
}

/**
 * Parses a length of time, in seconds or with a unit: `5`, `250ms`, `1.5min`.
 *
 * @param flag The flag's name.
 * @param text The value.
 * @returns Milliseconds, more than 0.
 * @throws {UsageError} If the text is something else.
 */
export function parseDuration(flag: string, text: string): number {
  const [, amount, unit = "s"] = DURATION.exec(text) ?? [];
  const durationMs = Number(amount) * (UNITS_MS[unit] ?? Number.NaN);
  if (Number.isFinite(durationMs) && durationMs > 0) return durationMs;
  throw valueError(flag, "a positive duration in seconds or with a unit (5, 250ms, 2min)", text);
}

/**
 * Parses a rate: `20`, `20/s`, `100/min`, `5/500ms`. Without an interval it is per second.
 *
 * @param flag The flag's name.
 * @param text The value.
 * @throws {UsageError} If the text is something else.
 */
export function parseRate(flag: string, text: string): Rate {
  const [, amount, intervals = "1", unit = "s"] = RATE.exec(text) ?? [];
  const limit = Number(amount);
  const intervalMs = Number(intervals) * (UNITS_MS[unit] ?? Number.NaN);
  if (Number.isFinite(limit) && limit > 0 && Number.isFinite(intervalMs) && intervalMs > 0) {
    return { limit, intervalMs };
  }
  throw valueError(flag, "a positive rate (20/s, 100/min, 5/500ms)", text);
}

/**
 * Parses headers, each written as `Name: value`. Two lines with the same name give one header with both values, joined by a comma
 * (RFC 9110 §5.3), or by a semicolon for `cookie` (RFC 6265 §4.2.1).
 *
 * @param flag The flag's name.
 * @param texts The values.
 * @throws {UsageError} If a text is something else. The error does not show the header's value, which may be a credential.
 */
export function parseHeaders(flag: string, texts: readonly string[]): Readonly<Record<string, string>> {
  const headers = new Map<string, string>();
  for (const text of texts) {
    const [, name, rest = ""] = HEADER.exec(text) ?? [];
    const value = trimSpace(rest);
    if (name === undefined || !isFieldValue(value)) {
      throw valueError(flag, "'Name: value' in latin-1 letters on one line", `${/^[\w-]*/.exec(text)?.[0]}…`);
    }
    const key = name.toLowerCase();
    const known = headers.get(key);
    headers.set(key, known === undefined ? value : `${known}${key === "cookie" ? ";" : ","} ${value}`);
  }
  return Object.fromEntries(headers);
}

/**
 * Checks the value of a header.
 *
 * @param flag The flag's name.
 * @param text The value.
 * @throws {UsageError} If a header can't have that value.
 */
export function parseHeaderValue(flag: string, text: string): string {
  if (isFieldValue(text)) return text;
  throw valueError(flag, "a text in latin-1 letters on one line", text);
}

function isFieldValue(text: string): boolean {
  // deno-lint-ignore no-control-regex -- RFC 9110 §5.5 forbids exactly these in a field value.
  return !/[\0\r\n]|[^\x00-\xff]/.test(text);
}

/**
 * Parses a method (RFC 9110 §9.1) into upper case.
 *
 * @param flag The flag's name.
 * @param text The value.
 * @throws {UsageError} If the text is something else, or a method that the runtime's `fetch` does not send.
 */
export function parseMethod(flag: string, text: string): string {
  const method = text.toUpperCase();
  if (METHOD.test(method) && canSend(method)) return method;
  throw valueError(flag, "an HTTP method that can be sent, such as GET or POST", text);
}

/**
 * Parses an http or https URL without query and fragment. A missing scheme is added as {@linkcode givenUrl} adds it.
 *
 * @param flag The flag's name.
 * @param text The value.
 * @throws {UsageError} If the text is something else.
 */
export function parseBaseUrl(flag: string, text: string): URL {
  let url: URL | undefined;
  try {
    url = givenUrl(text);
  } catch {
    // The error below names the flag, as this one does not.
  }
  if (url !== undefined && !/[?#]/.test(url.href)) return url;
  const rule = url === undefined ? "an http or https URL" : "a URL without query and fragment";
  throw valueError(flag, rule, shownUrl(text));
}

/**
 * Parses one of several words.
 *
 * @param flag The flag's name.
 * @param text The value.
 * @param choices The words that are allowed.
 * @throws {UsageError} If the text is something else.
 */
export function parseChoice<T extends string>(flag: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((each) => each === text);
  if (choice !== undefined) return choice;
  throw valueError(flag, choices.join(" or "), text);
}

/**
 * Checks that a text is JSON.
 *
 * @param flag The flag's name.
 * @param text The value. The error does not show it, because it may hold a secret.
 * @param rule What the error says that the value must be.
 * @throws {UsageError} If the text is something else.
 */
export function checkJson(flag: string, text: string, rule = "JSON"): void {
  try {
    JSON.parse(text);
  } catch {
    // The parser's own message would quote the text.
    throw new UsageError(`'--${flag}' must be ${rule}`);
  }
}

/** Parses the value of a flag; returns `undefined` if the flag is absent. */
export function optional<T>(
  flag: string,
  text: string | undefined,
  parse: (flag: string, text: string) => T,
): T | undefined {
  return text === undefined ? undefined : parse(flag, text);
}

function valueError(flag: string, rule: string, text: string): UsageError {
  return new UsageError(`'--${flag}' must be ${rule}: received ${JSON.stringify(text)}`);
}
