/**
 * A cache in memory, bounded by bytes and entries.
 *
 * @module
 */

import { LruCache } from "@std/cache/lru-cache";
import { assertFunction, assertOptions, assertPositiveInteger } from "../primitives/argument_checks.ts";
import type { CacheAdapter, CacheCallOptions, CacheEntry } from "./cache.ts";

/** Options of {@linkcode memoryCache}. */
export interface MemoryCacheOptions {
  /**
   * How many bytes all entries may take together, bodies and metadata.
   * @default {67_108_864}
   */
  readonly maxBytes?: number | undefined;
  /**
   * How many bytes one entry may take; a larger one is not stored.
   * @default {4_194_304}
   */
  readonly maxEntryBytes?: number | undefined;
  /**
   * How many entries there may be.
   * @default {1_000}
   */
  readonly maxEntries?: number | undefined;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly now?: (() => number) | undefined;
}

/**
 * Creates a cache that lives as long as the program. The entry that was not used for longest goes first.
 *
 * @param options The bounds.
 * @returns The adapter; its operations are synchronous.
 * @throws {TypeError} If a bound is not a number.
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
 */
export function memoryCache(options: MemoryCacheOptions = {}): CacheAdapter {
  return new MemoryCache(options);
}

const ACTION = "create memory cache";

class MemoryCache implements CacheAdapter {
  readonly name = "memory";
  readonly maxEntryBytes: number;
  readonly #maxBytes: number;
  readonly #now: () => number;
  readonly #entries: LruCache<string, CacheEntry>;
  #bytes = 0;

  constructor(options: MemoryCacheOptions) {
    assertOptions(ACTION, options);
    const {
      maxBytes = 64 * 1024 * 1024,
      maxEntryBytes = 4 * 1024 * 1024,
      maxEntries = 1_000,
      now = Date.now,
    } = options;
    for (const [name, bound] of Object.entries({ maxBytes, maxEntryBytes, maxEntries })) {
      assertPositiveInteger(ACTION, name, bound);
    }
    assertFunction(ACTION, "now", now);
    this.#maxBytes = maxBytes;
    this.maxEntryBytes = Math.min(maxEntryBytes, maxBytes);
    this.#now = now;
    this.#entries = new LruCache(maxEntries, {
      onEject: (_key, entry) => {
        this.#bytes -= sizeOf(entry);
      },
    });
  }

  get(key: string, { now = this.#now }: CacheCallOptions = {}): CacheEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const { removeAt } = entry.meta;
    if (removeAt === null || removeAt > now()) return entry;
    this.delete(key);
    return undefined;
  }

  set(key: string, entry: CacheEntry): boolean {
    const size = sizeOf(entry);
    if (size > this.maxEntryBytes) return false;
    // Overwriting ejects nothing, so the old entry would be counted for ever.
    this.delete(key);
    this.#entries.set(key, { meta: entry.meta, body: entry.body.slice() });
    this.#bytes += size;
    while (this.#bytes > this.#maxBytes) this.delete(this.#entries.keys().next().value!);
    return true;
  }

  delete(key: string): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}

/** What an entry takes: its body, and about what its metadata do. */
function sizeOf({ meta, body }: CacheEntry): number {
  let size = body.length + 2 * (meta.key.length + meta.url.length) + 200;
  for (const [name, value] of meta.headers) size += 2 * (name.length + value.length);
  for (const [name, value] of meta.vary) size += 2 * (name.length + (value?.length ?? 0));
  return size;
}
