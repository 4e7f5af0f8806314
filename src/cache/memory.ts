/**
 * A cache in memory, bounded by bytes and entries.
 *
 * @module
 */

import { LruCache } from "@std/cache/lru-cache";
import { assertKnownOptions } from "../http/option_hints.ts";
import {
  assertFunction,
  assertOptions,
  assertPositiveInteger,
  shapeError,
} from "../primitives/argument_checks.ts";
import type { CacheAdapter, CacheCallOptions, CacheEntry } from "./cache.ts";
import { KeptValues, keptValuesOf, type ValueHolder } from "./kept_values.ts";
import { markOwn } from "./own_adapters.ts";

/** Options of {@linkcode memoryCache}. */
export interface MemoryCacheOptions {
  /**
   * How many bytes all entries may take together: bodies, metadata, and decoded values.
   * @default {67_108_864}
   */
  readonly maxBytes?: number | undefined;
  /**
   * How many bytes one entry may take, body and metadata; a larger entry is not stored.
   * @default {4_194_304}
   */
  readonly maxEntryBytes?: number | undefined;
  /**
   * How many entries there may be.
   * @default {1_000}
   */
  readonly maxEntries?: number | undefined;
  /**
   * What the cache keeps. `"bytes"`: the body alone, which is parsed and validated again for every hit. `"parsed"`: also the
   * parsed and validated value. The body stays in any case, because `client.text`, `bytes` and `fetch` need it.
   *
   * With `"parsed"`, each caller gets its own copy of the value and may change it. A copy takes a fraction of the time of
   * parsing. A value that its schema returns deeply frozen is not copied: all callers get the same one. The cache keeps one value
   * for each schema object and one for calls without a schema, the latest four of an entry, as long as the entry's body stays the
   * same. So create a schema once, and make its output depend on its input alone. Output that is not plain data (class instances,
   * functions, maps, the same object twice) is not kept: then the body is parsed and validated again, as with `"bytes"`. Neither
   * is output that is nested more than 200 levels deep. Dates and typed arrays are fine. Of an array of more than 64 elements,
   * the copies have the elements, but no other properties.
   *
   * In `maxBytes`, a value counts with 8 bytes for each element and property, 40 for each object or array, and its length plus 24
   * for each string. A value that would make its entry larger than `maxBytes` is not kept.
   * @default {"bytes"}
   */
  readonly keep?: "bytes" | "parsed" | undefined;
  /** Returns the time in milliseconds since 1970. @default {Date.now} */
  readonly now?: (() => number) | undefined;
}

/**
 * Creates a cache that lives as long as the program. The least recently used entry is evicted first.
 *
 * @param options The bounds.
 * @returns The adapter; its operations are synchronous.
 * @throws {TypeError} If a bound is not a number, `keep` is not one of its words, or an option does not exist.
 * @throws {RangeError} If a bound is not a positive integer.
 *
 * @example A client that asks for each file once
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { memoryCache, ttlCache } from "@slipstream/fetch/cache";
 * import { assertEquals } from "@std/assert";
 *
 * let requests = 0;
 * await using client = createClient({
 *   cache: ttlCache(memoryCache({ maxBytes: 10_000_000 }), { ttlMs: 60_000 }),
 *   fetch: () => Promise.resolve(new Response(`[${++requests}]`)),
 * });
 * assertEquals(await client.json("https://example.com/a"), [1]);
 * assertEquals(await client.json("https://example.com/a"), [1]);
 * ```
 *
 * @example Data that is validated once
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { httpCache, memoryCache } from "@slipstream/fetch/cache";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * let checks = 0;
 * const schema = v.pipe(v.array(v.number()), v.check(() => ++checks > 0));
 * await using client = createClient({
 *   cache: httpCache(memoryCache({ keep: "parsed" })),
 *   fetch: () => Promise.resolve(new Response("[1]", { headers: { "cache-control": "max-age=60" } })),
 * });
 * const mine = await client.json("https://example.com/a", { schema });
 * mine.push(2);
 * assertEquals(await client.json("https://example.com/a", { schema }), [1]);
 * assertEquals(checks, 1);
 * ```
 */
export function memoryCache(options: MemoryCacheOptions = {}): CacheAdapter {
  return markOwn(new MemoryCache(options));
}

const NAMES: readonly (keyof MemoryCacheOptions)[] = [
  "maxBytes",
  "maxEntryBytes",
  "maxEntries",
  "keep",
  "now",
];
const ACTION = "create memory cache";

/** An entry, and how many bytes the cache counts for it. */
interface Held {
  readonly entry: CacheEntry;
  bytes: number;
}

class MemoryCache implements CacheAdapter {
  readonly name = "memory";
  readonly maxEntryBytes: number;
  readonly keep: "bytes" | "parsed";
  readonly #maxBytes: number;
  readonly #now: () => number;
  readonly #entries: LruCache<string, Held>;
  #bytes = 0;

  constructor(options: MemoryCacheOptions) {
    assertOptions(ACTION, options);
    assertKnownOptions(ACTION, options, NAMES);
    const {
      maxBytes = 64 * 1024 * 1024,
      maxEntryBytes = 4 * 1024 * 1024,
      maxEntries = 1_000,
      keep = "bytes",
      now = Date.now,
    } = options;
    for (const [name, bound] of Object.entries({ maxBytes, maxEntryBytes, maxEntries })) {
      assertPositiveInteger(ACTION, name, bound);
    }
    if (keep !== "bytes" && keep !== "parsed") {
      throw shapeError(ACTION, "keep", "'bytes' or 'parsed'", keep);
    }
    assertFunction(ACTION, "now", now);
    this.#maxBytes = maxBytes;
    this.maxEntryBytes = Math.min(maxEntryBytes, maxBytes);
    this.keep = keep;
    this.#now = now;
    this.#entries = new LruCache(maxEntries, {
      onEject: (_key, held) => {
        keptValuesOf(held.entry.decoded)?.release();
        this.#bytes -= held.bytes;
      },
    });
  }

  get(key: string, { now = this.#now }: CacheCallOptions = {}): CacheEntry | undefined {
    const entry = this.#entries.get(key)?.entry;
    if (entry === undefined) return undefined;
    const { removeAt } = entry.meta;
    if (removeAt === null || removeAt > now()) return entry;
    this.delete(key);
    return undefined;
  }

  set(key: string, entry: CacheEntry): boolean {
    const bytes = sizeOf(entry);
    if (bytes > this.maxEntryBytes) return false;
    // Delete first: an overwrite does not call `onEject`, so the old entry would be counted for ever.
    this.delete(key);
    const { meta, body } = entry;
    if (this.keep === "bytes") this.#add(key, { entry: { meta, body: new Uint8Array(body) }, bytes });
    else this.#addWithValues(key, { ...entry, body: new Uint8Array(body) }, bytes);
    this.#shrink();
    return true;
  }

  delete(key: string): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #add(key: string, held: Held): void {
    this.#entries.set(key, held);
    this.#bytes += held.bytes;
  }

  /** Adds an entry together with its decoded values; if it has none yet, the code that decodes the body adds them later. */
  #addWithValues(key: string, { meta, body, decoded }: CacheEntry, bytes: number): void {
    const given = keptValuesOf(decoded) ?? new KeptValues();
    // Values that another cache holds stay there.
    const values = given.isHeld ? new KeptValues() : given;
    const held: Held = { entry: { meta, body, decoded: values }, bytes };
    this.#add(key, held);
    values.hold(this.#holderOf(held));
  }

  /** Creates the holder that counts the bytes of decoded values together with their entry. */
  #holderOf(held: Held): ValueHolder {
    const count = (bytes: number): void => {
      held.bytes += bytes;
      this.#bytes += bytes;
    };
    return {
      take: (bytes) => {
        if (held.bytes + bytes > this.#maxBytes) return false;
        count(bytes);
        this.#shrink();
        return true;
      },
      free: (bytes) => count(-bytes),
    };
  }

  #shrink(): void {
    while (this.#bytes > this.#maxBytes) this.delete(this.#entries.keys().next().value!);
  }
}

/** Returns the size of an entry in bytes: that of its body, plus an estimate for its metadata. */
function sizeOf({ meta, body }: CacheEntry): number {
  let size = body.length + 2 * (meta.key.length + meta.url.length) + 200;
  for (const [name, value] of meta.headers) size += 2 * (name.length + value.length);
  for (const [name, value] of meta.vary) size += 2 * (name.length + (value?.length ?? 0));
  for (const { to, cacheControl } of meta.via ?? []) {
    size += 2 * (to.length + (cacheControl?.length ?? 0)) + 200;
  }
  return size;
}
