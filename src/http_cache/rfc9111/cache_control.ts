/**
 * The directives of `Cache-Control`.
 *
 * @module
 */

import type { HeaderMap } from "../../http/headers.ts";
import { closingQuote, splitOutsideQuotes } from "../../http/quoted_text.ts";
import { isToken } from "../../http/token.ts";
import { commaList } from "../../primitives/comma_list.ts";
import { parseDeltaMs } from "./delta_seconds.ts";

/** Directives by their lower-case names, each with the values of its occurrences; `null` for one without a value. */
export type CacheControl = ReadonlyMap<string, readonly (string | null)[]>;

const NONE: CacheControl = new Map();
const ESCAPE = /\\(.)/g;

/** Fields that the cache itself lives on: a response that lists one as not to be reused can't be reused at all. */
const VITAL_FIELDS = new Set(["age", "cache-control", "date", "etag", "expires", "last-modified", "vary"]);

/**
 * Reads a `Cache-Control` field (RFC 9111 §5.2). What is malformed is kept as a value that is no number and no list of
 * names, so that its readers take the careful course; a quote that never ends hides nothing that follows.
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

/** White space beside the `=` is malformed, and kept so that the value is not taken for a number. */
function readArgument(beforeEquals: string, afterEquals: string): string {
  const text = afterEquals.trimEnd();
  if (/[\t ]$/.test(beforeEquals)) return ` ${text}`;
  const quoted = text.length >= 2 && text.startsWith('"') && closingQuote(text, 0) === text.length - 1;
  return quoted ? text.slice(1, -1).replace(ESCAPE, "$1") : text;
}

/**
 * The directives of a request. `Pragma: no-cache` counts where there is no `Cache-Control` (RFC 9111 §5.4).
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
 * The time that a directive says.
 *
 * @param directives The directives.
 * @param name The directive's lower-case name.
 * @returns Milliseconds. Of several occurrences it is the shortest, so that nothing lasts longer than the first one
 * allows (RFC 9111 §4.2.1); 0 when one of them is malformed or empty; `undefined` when there is none.
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
 * Whether nothing of a response may be reused before it was validated: `no-cache`, unless it names the fields that it is
 * meant for, and the cache can do without them (RFC 9111 §5.2.2.4).
 *
 * @param directives The response's directives.
 * @returns Whether it must be validated each time.
 */
export function isNoCache(directives: CacheControl): boolean {
  const values = directives.get("no-cache");
  return values !== undefined && values.some((value) => listedFields(value) === undefined);
}

/**
 * The fields of a response that may not be reused, while the others may: `no-cache="set-cookie"`.
 *
 * @param directives The response's directives.
 * @returns Their lower-case names.
 */
export function noCacheFields(directives: CacheControl): readonly string[] {
  return (directives.get("no-cache") ?? []).flatMap((value) => listedFields(value) ?? []);
}

/** The names in a list; `undefined` when it is none, or has one that the cache can't do without. */
function listedFields(value: string | null): readonly string[] | undefined {
  const names = commaList(value?.toLowerCase() ?? "");
  const usable = names.length > 0 && names.every((name) => isToken(name) && !VITAL_FIELDS.has(name));
  return usable ? names : undefined;
}
