/**
 * Responses that depend on headers of their request.
 *
 * A URL has one primary slot. A response without `Vary` lies in it; for others it holds an index, which remembers the
 * names of the headers, and each variant lies under a key of its own. Keys of variants carry the index's generation, so
 * that removing the index removes all of them.
 *
 * @module
 */

import { type HeaderMap, trimSpace } from "../../http/headers.ts";
import { isToken } from "../../http/token.ts";
import { withoutFragment } from "../../http/url.ts";
import type { CacheEntry } from "../../cache/cache.ts";
import { sha256 } from "../../cache/sha256.ts";
import { commaList } from "../../primitives/comma_list.ts";
import type { Fields } from "./fields.ts";

/**
 * A header of a request by its lower-case name, and the SHA-256 of its value; `null` when it is absent. The value itself may
 * be a credential, and is kept nowhere.
 */
export type SelectingHeader = readonly [name: string, digest: string | null];

/** What the primary slot of a URL remembers of its variants. */
export interface VariantIndex {
  /** The lower-case names of the headers that select a variant, sorted. */
  readonly names: readonly string[];
  /** Tells the variants of this index from those of an earlier one; any unique text. */
  readonly generation: string;
}

/** What an index entry is made from. */
export interface IndexEntryOptions extends VariantIndex {
  /** The primary key. */
  readonly key: string;
  readonly url: string;
  /** When it is stored, in milliseconds since 1970. */
  readonly storedAtMs: number;
  /** After when none of its variants is of use, in milliseconds since 1970; `null` for never. */
  readonly removeAt: number | null;
}

/** Fields whose values are the same in any case (RFC 9110 §12.5). */
const CASELESS = new Set(["accept-charset", "accept-encoding", "accept-language"]);

/**
 * The names in `Vary`.
 *
 * @param fields The response's fields.
 * @returns The names in lower case, sorted, each once; `undefined` when no request can be known to select the response:
 * `*`, or something that is no name.
 */
export function varyNames(fields: Fields): readonly string[] | undefined {
  const names = commaList(fields.get("vary")?.toLowerCase() ?? "");
  if (names.some((name) => name === "*" || !isToken(name))) return undefined;
  return [...new Set(names)].sort();
}

/**
 * The part of a request that selects a variant (RFC 9111 §4.1). White space at commas makes no difference, nor does case
 * where the field has none.
 *
 * @param names The lower-case names.
 * @param headers All headers of the request. What the runtime adds by itself is the same for all.
 * @returns The headers and the digests of their values, in the order of the names.
 */
export function selectedHeaders(names: readonly string[], headers: HeaderMap): readonly SelectingHeader[] {
  return names.map((name) => [name, digest(name, headers[name])]);
}

function digest(name: string, value: string | undefined): string | null {
  if (value === undefined) return null;
  const text = trimSpace(value);
  // Between quotes, white space is text.
  const spaced = text.includes('"') ? text : text.split(",").map(trimSpace).join(",");
  return sha256(CASELESS.has(name) ? spaced.toLowerCase() : spaced);
}

/**
 * Whether a request selects a stored response.
 *
 * @param vary The headers that the response was selected by.
 * @param headers All headers of the request.
 * @returns Whether each is the same.
 */
export function matchesVary(vary: readonly SelectingHeader[], headers: HeaderMap): boolean {
  return vary.every(([name, value]) => digest(name, headers[name]) === value);
}

/**
 * The key of a URL's primary slot.
 *
 * @param url The absolute URL.
 * @param partition Whose response it is; empty for one that all may share.
 * @returns The key, of any length.
 */
export function primaryKey(url: string, partition: string): string {
  return `v1 http\nGET\n${withoutFragment(url)}\n${partition}\n`;
}

/**
 * The key of a variant.
 *
 * @param primary The primary key.
 * @param index What the primary slot remembers.
 * @param headers All headers of the request.
 * @returns The key, of any length.
 */
export function variantKey(primary: string, { names, generation }: VariantIndex, headers: HeaderMap): string {
  return `${primary}${generation}\n${JSON.stringify(selectedHeaders(names, headers))}`;
}

/**
 * The index after a response has come: names are added and never taken away, so that responses which vary by different
 * headers end up under keys that fit all of them.
 *
 * @param known What the primary slot remembers, if it does.
 * @param names The names of the response.
 * @param createGeneration Makes a unique text, for a URL that has no index yet.
 * @returns The same index when nothing is new.
 */
export function extendIndex(
  known: VariantIndex | undefined,
  names: readonly string[],
  createGeneration: () => string,
): VariantIndex {
  if (known === undefined) return { names, generation: createGeneration() };
  const all = new Set([...known.names, ...names]);
  if (all.size === known.names.length) return known;
  return { names: [...all].sort(), generation: known.generation };
}

/**
 * The entry that holds an index.
 *
 * @param options What it says.
 * @returns The entry, for the primary slot.
 */
export function toIndexEntry(options: IndexEntryOptions): CacheEntry {
  const { key, url, names, generation, storedAtMs, removeAt } = options;
  const meta = {
    v: 1,
    key,
    url,
    status: 200,
    headers: [],
    vary: names.map((name) => [name, null] as const),
    requestedAt: storedAtMs,
    storedAt: storedAtMs,
    initialAge: 0,
    freshForMs: 0,
    removeAt,
  } as const;
  return { meta, body: new TextEncoder().encode(generation) };
}

/**
 * Reads the index in a primary slot.
 *
 * @param entry What lies in the slot.
 * @returns The index; `undefined` when the entry is a response.
 */
export function readIndexEntry({ meta, body }: CacheEntry): VariantIndex | undefined {
  if (meta.vary.length === 0 || !meta.key.endsWith("\n")) return undefined;
  return { names: meta.vary.map(([name]) => name), generation: new TextDecoder().decode(body) };
}
