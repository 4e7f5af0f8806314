/**
 * Query parameters to add to a URL.
 *
 * @module
 */

import { withoutIgnored } from "./url.ts";

/** The value of a parameter; `undefined` and `null` omit the parameter. */
export type QueryValue = string | number | boolean | bigint | null | undefined;

/** Parameters: a record, in which an array repeats its name for each value, or any input of `URLSearchParams`. */
export type QueryInit =
  | string
  | URLSearchParams
  | Readonly<Record<string, QueryValue | readonly QueryValue[]>>
  | Iterable<readonly [name: string, value: QueryValue]>;

type Pair = [name: string, value: string];

/**
 * Adds parameters to a URL, after its own parameters and before its fragment.
 *
 * @param url The URL, absolute or relative.
 * @param query The parameters of the request itself.
 * @param common The parameters of the batch; those of the request replace the ones of the same name.
 * @returns The URL with the parameters, without the white space that a parser ignores; the same text if there are none.
 * @throws {TypeError} If a parameter is neither text nor a number, a boolean, or an array of these.
 */
export function withQuery(url: string, query: QueryInit | undefined, common?: QueryInit): string {
  const own = pairsOf(query);
  const names = new Set(own.map(([name]) => name));
  const pairs = [...pairsOf(common).filter(([name]) => !names.has(name)), ...own];
  if (pairs.length === 0) return url;
  // Remove white space at the end first: before the added parameters, a parser would not ignore it.
  const clean = withoutIgnored(url);
  const hash = clean.indexOf("#");
  const before = hash === -1 ? clean : clean.slice(0, hash);
  const start = before.indexOf("?");
  // Find the first question mark: a second one is part of the query.
  const isOpen = start === before.length - 1 || before.endsWith("&");
  const separator = start === -1 ? "?" : isOpen ? "" : "&";
  return `${before}${separator}${new URLSearchParams(pairs)}${hash === -1 ? "" : clean.slice(hash)}`;
}

/**
 * Copies the present parameters for requests that are prepared later: the caller may fill the same object anew meanwhile, and an
 * iterator has its parameters only once.
 *
 * @param query The parameters.
 * @returns The copy.
 * @throws {TypeError} If a parameter is neither text nor a number, a boolean, or an array of these.
 */
export function ownQuery(query: QueryInit): QueryInit {
  return pairsOf(query);
}

function pairsOf(query: QueryInit | undefined): Pair[] {
  if (query === undefined) return [];
  if (typeof query === "string") return [...new URLSearchParams(query)];
  if (typeof query !== "object" || query === null) throw new TypeError(refusalOf("'query'", query));
  const isIterable = Symbol.iterator in query;
  const entries: Iterable<unknown> = isIterable ? query : Object.entries(query);
  const pairs: Pair[] = [];
  for (const entry of entries) {
    if (!isEntry(entry)) throw new TypeError(refusalOf("'query'", entry));
    const [name, value] = entry;
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null) pairs.push([name, textOf(name, each)]);
    }
  }
  return pairs;
}

function isEntry(entry: unknown): entry is readonly [name: string, value: unknown] {
  return Array.isArray(entry) && entry.length === 2 && typeof entry[0] === "string";
}

function textOf(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  const isPlain = typeof value === "number" || typeof value === "boolean" || typeof value === "bigint";
  if (isPlain) return String(value);
  throw new TypeError(refusalOf(`'query.${name}'`, value));
}

function refusalOf(name: string, value: unknown): string {
  const what = name === "'query'"
    ? "a record of parameters, pairs of a name and a value, or URLSearchParams"
    : "a string, a number, a boolean, or an array of these";
  return `Cannot fetch as ${name} must be ${what}: received ${
    value === null ? "null" : value instanceof Date ? "a Date; give its toISOString()" : typeof value
  }`;
}
