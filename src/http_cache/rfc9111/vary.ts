/**
 * Variants: responses of one URL that depend on request headers.
 *
 * A URL has one primary slot. It holds a response without `Vary`, or else an index with the names of the headers in `Vary`. Each
 * variant then has a key of its own. The keys of variants contain the index's generation, so that removing the index puts all
 * variants out of reach.
 *
 * @module
 */

import { type HeaderMap, isToken, trimSpace } from "../../http/headers.ts";
import { withoutFragment } from "../../http/url.ts";
import type { CacheEntry, CacheMeta } from "../../cache/cache.ts";
import { sha256 } from "../../cache/sha256.ts";
import { commaList } from "../../primitives/comma_list.ts";
import type { Fields } from "./fields.ts";

/**
 * A request header: its lower-case name, and the SHA-256 of its value; `null` if it is absent. The value itself may be a
 * credential, so the cache never stores it.
 */
export type SelectingHeader = readonly [name: string, digest: string | null];

/** The index of a URL's variants, which its primary slot holds. */
export interface VariantIndex {
  /** The lower-case names of the headers that select a variant, sorted. */
  readonly names: readonly string[];
  /** Any unique text, which separates the variants of this index from those of an earlier one. */
  readonly generation: string;
}

/** The parts of an index entry. */
export interface IndexEntryOptions extends VariantIndex {
  /** The primary key. */
  readonly key: string;
  readonly url: string;
  /** When the index is stored, in milliseconds since 1970. */
  readonly storedAtMs: number;
  /** The time after which no variant is of use, in milliseconds since 1970; `null` for never. */
  readonly removeAt: number | null;
}

/** Fields whose values are case-insensitive (RFC 9110 §12.5). */
const CASELESS = new Set(["accept-charset", "accept-encoding", "accept-language"]);

/**
 * Returns the names in `Vary`.
 *
 * @param fields The response's fields.
 * @returns The names in lower case, sorted, each once; `undefined` if `Vary` holds `*` or an invalid name, so that no request is
 * known to select the response.
 */
export function varyNames(fields: Fields): readonly string[] | undefined {
  const names = commaList(fields.get("vary")?.toLowerCase() ?? "");
  if (names.some((name) => name === "*" || !isToken(name))) return undefined;
  return [...new Set(names)].sort();
}

/**
 * Returns the part of a request that selects a variant (RFC 9111 §4.1). White space at commas makes no difference, nor does case
 * in a case-insensitive field.
 *
 * @param names The lower-case names.
 * @param headers All headers of the request. Those that the runtime adds by itself are missing, but are the same for all
 * requests.
 * @returns The headers and the digests of their values, in the order of the names.
 */
export function selectedHeaders(names: readonly string[], headers: HeaderMap): readonly SelectingHeader[] {
  return names.map((name) => [name, digest(name, headers[name])]);
}

function digest(name: string, value: string | undefined): string | null {
  if (value === undefined) return null;
  const text = trimSpace(value);
  // Inside quotes, white space is part of the value.
  const spaced = text.includes('"') ? text : text.split(",").map(trimSpace).join(",");
  return sha256(CASELESS.has(name) ? spaced.toLowerCase() : spaced);
}

/**
 * Whether a request selects a stored response.
 *
 * @param vary The headers that have selected the response.
 * @param headers All headers of the request.
 * @returns Whether all of them are the same.
 */
export function matchesVary(vary: readonly SelectingHeader[], headers: HeaderMap): boolean {
  return vary.every(([name, value]) => digest(name, headers[name]) === value);
}

/**
 * Returns the key of a URL's primary slot.
 *
 * @param url The absolute URL.
 * @param partition The partition of the response; empty for one that all requests may share.
 * @returns The key, of any length.
 */
export function primaryKey(url: string, partition: string): string {
  return `v1 http\nGET\n${withoutFragment(url)}\n${partition}\n`;
}

/**
 * Returns the key of a variant.
 *
 * @param primary The primary key.
 * @param index The index in the primary slot.
 * @param headers All headers of the request.
 * @returns The key, of any length.
 */
export function variantKey(primary: string, { names, generation }: VariantIndex, headers: HeaderMap): string {
  return `${primary}${generation}\n${JSON.stringify(selectedHeaders(names, headers))}`;
}

/**
 * Extends an index after a response has arrived. It adds names and never removes one, so that the keys fit all responses, even if
 * these vary by different headers.
 *
 * @param known The index in the primary slot, if there is one.
 * @param names The names in the response's `Vary`.
 * @param createGeneration Makes a unique text, for a URL that has no index yet.
 * @returns The extended index; the same object if no name is new.
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
 * Makes the entry that holds an index.
 *
 * @param options The parts of the entry.
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
 * Whether metadata are those of an index. They name headers, as those of a variant do; but only the key of a variant ends with
 * the list of their values.
 *
 * @param meta The metadata.
 * @returns Whether they are; `false` for those of a response.
 */
export function isIndex({ key, vary }: Pick<CacheMeta, "key" | "vary">): boolean {
  return vary.length > 0 && !key.endsWith("]");
}

/**
 * Reads the index in a primary slot.
 *
 * @param entry The entry in the slot.
 * @returns The index; `undefined` when the entry is a response.
 */
export function readIndexEntry({ meta, body }: CacheEntry): VariantIndex | undefined {
  if (!isIndex(meta)) return undefined;
  return { names: meta.vary.map(([name]) => name), generation: new TextDecoder().decode(body) };
}
