/**
 * The directives of `Cache-Control`.
 *
 * @module
 */

import { type HeaderMap, isToken } from "../../http/headers.ts";
import { closingQuote, splitOutsideQuotes } from "../../http/quoted_text.ts";
import { commaList } from "../../primitives/comma_list.ts";
import { parseDeltaMs } from "./delta_seconds.ts";

/** Directives by their lower-case names, each with the values of all its occurrences; `null` stands for no value. */
export type CacheControl = ReadonlyMap<string, readonly (string | null)[]>;

const NONE: CacheControl = new Map();
const ESCAPE = /\\(.)/g;

/** Fields that the cache itself needs: if `no-cache` lists one of them, the cache cannot reuse the response at all. */
const VITAL_FIELDS = new Set(["age", "cache-control", "date", "etag", "expires", "last-modified", "vary"]);

/**
 * Reads a `Cache-Control` field (RFC 9111 §5.2). A malformed value is kept in a form that is neither a number nor a list of
 * names, so that its readers choose the safe side. A quote without an end does not hide the directives after it.
 *
 * @param value The field's value, its lines joined by commas.
 * @returns The directives.
 */
export function parseCacheControl(value: string | null): CacheControl {
  if (value === null || value === "") return NONE;
  const directives = new Map<string, (string | null)[]>();
  for (const part of splitOutsideQuotes(value, ",", "text")) {
    const equals = part.indexOf("=");
    const beforeEquals = equals === -1 ? part : part.slice(0, equals);
    const name = beforeEquals.trim().toLowerCase();
    if (name === "") continue;
    const argument = equals === -1 ? null : readArgument(beforeEquals, part.slice(equals + 1));
    const others = directives.get(name);
    if (others === undefined) directives.set(name, [argument]);
    else others.push(argument);
  }
  return directives;
}

/**
 * Reads the value of a directive. White space beside the `=` is malformed. Keep it, so that no reader takes the value for a
 * number.
 */
function readArgument(beforeEquals: string, afterEquals: string): string {
  const text = afterEquals.trimEnd();
  if (/[\t ]$/.test(beforeEquals)) return ` ${text}`;
  const quoted = text.length >= 2 && text.startsWith('"') && closingQuote(text, 0) === text.length - 1;
  return quoted ? text.slice(1, -1).replace(ESCAPE, "$1") : text;
}

/**
 * Returns the directives of a request. `Pragma: no-cache` counts where there is no `Cache-Control` (RFC 9111 §5.4).
 *
 * @param headers The request's headers.
 * @returns The directives.
 */
export function requestDirectives(headers: HeaderMap): CacheControl {
  const own = headers["cache-control"];
  if (own !== undefined) return parseCacheControl(own);
  return parseCacheControl(headers["pragma"] ?? null).has("no-cache") ? parseCacheControl("no-cache") : NONE;
}

/**
 * Returns the time in a directive.
 *
 * @param directives The directives.
 * @param name The directive's lower-case name.
 * @returns Milliseconds; 0 if a value is malformed or empty; `undefined` if the directive is absent. If the directive occurs
 * several times, the shortest time counts, so that nothing lasts longer than the first occurrence allows (RFC 9111 §4.2.1).
 */
export function directiveMs(directives: CacheControl, name: string): number | undefined {
  const values = directives.get(name);
  if (values === undefined) return undefined;
  const shortest = values.map((value) => parseDeltaMs(value ?? "")).reduce((one, other) =>
    Math.min(one, other)
  );
  return Number.isNaN(shortest) ? 0 : shortest;
}

/**
 * Whether the cache must validate a response before each reuse. `no-cache` says so, unless it lists only fields that the cache
 * can do without (RFC 9111 §5.2.2.4).
 *
 * @param directives The response's directives.
 * @returns Whether it must be validated each time.
 */
export function isNoCache(directives: CacheControl): boolean {
  const values = directives.get("no-cache");
  return values !== undefined && values.some((value) => listedFields(value) === undefined);
}

/**
 * Returns the fields of a response that the cache must not reuse, while it may reuse the others, as in `no-cache="set-cookie"`.
 *
 * @param directives The response's directives.
 * @returns Their lower-case names.
 */
export function noCacheFields(directives: CacheControl): readonly string[] {
  return (directives.get("no-cache") ?? []).flatMap((value) => listedFields(value) ?? []);
}

/** Returns the names in a list; `undefined` if the value is not a list of names, or contains a field that the cache needs. */
function listedFields(value: string | null): readonly string[] | undefined {
  const names = commaList(value?.toLowerCase() ?? "");
  const usable = names.length > 0 && names.every((name) => isToken(name) && !VITAL_FIELDS.has(name));
  return usable ? names : undefined;
}
