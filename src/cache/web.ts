/**
 * A cache in the `caches` of the web platform, on runtimes that have them.
 *
 * @example Use it where it exists
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { memoryCache, ttlCache } from "@slipstream/fetch/cache";
 * import { webCache } from "@slipstream/fetch/cache/web";
 * import { assertEquals } from "@std/assert";
 *
 * const adapter = "caches" in globalThis ? webCache("slipstream-example") : memoryCache();
 * let requests = 0;
 * await using client = createClient({
 *   cache: ttlCache(adapter, { ttlMs: 60_000 }),
 *   fetch: () => Promise.resolve(new Response(`[${++requests}]`)),
 * });
 * assertEquals(await client.json("https://example.com/a"), [1]);
 * await adapter.clear?.();
 * ```
 *
 * @module
 */

import { assertKnownOptions } from "../http/option_hints.ts";
import {
  assertFunction,
  assertOptions,
  assertPositiveInteger,
  shapeError,
} from "../primitives/argument_checks.ts";
import type { CacheAdapter, CacheCallOptions, CacheEntry, CacheMeta, SweepResult } from "./cache.ts";
import { type FrameHead, framePartsOf, packFrame, readFrameBody, readHead, readMeta } from "./frame.ts";
import { markOwn } from "./own_adapters.ts";
import { slotName } from "./slot_name.ts";
import { isExpired } from "./stored_meta.ts";
import { WriteOrder } from "./write_order.ts";

/** The part of `CacheStorage` that this adapter uses. */
export interface WebCacheStorage {
  /** Opens a cache, and creates it if it does not exist. */
  open(name: string): Promise<WebCacheStore>;
  /** Removes a cache with its content. */
  delete(name: string): Promise<boolean>;
}

/** The part of `Cache` that this adapter uses. */
export interface WebCacheStore {
  /** Finds the response for a URL. */
  match(url: string): Promise<Response | undefined>;
  /** Stores a response under a URL. */
  put(url: string, response: Response): Promise<void>;
  /** Removes the response for a URL. */
  delete(url: string): Promise<boolean>;
  /** Lists the requests that have responses; not every runtime has this method. */
  keys?(): Promise<readonly { readonly url: string }[]>;
}

/** Options of {@linkcode webCache}. */
export interface WebCacheOptions {
  /**
   * How many bytes one entry may take, body and metadata; a larger entry is not stored.
   * @default {4_194_304}
   */
  readonly maxEntryBytes?: number | undefined;
  /** Returns the time in milliseconds since 1970. @default {Date.now} */
  readonly now?: (() => number) | undefined;
  /** The storage of caches. @default {globalThis.caches} */
  readonly caches?: WebCacheStorage | undefined;
}

const NAMES: readonly (keyof WebCacheOptions)[] = ["maxEntryBytes", "now", "caches"];
/** The base of the entries' URLs. Its host can't exist (RFC 6761 §6.4), so entries can't be mistaken for responses to real requests. */
const BASE_URL = "https://slipstream.invalid/1/";
/** The longest `max-age` of an entry's response, in seconds: a year, also for an entry that never expires. */
const MAX_AGE_S = 31_536_000;

/**
 * Creates a cache in `caches`: in a browser, on Deno, in a worker at the edge. Bun has none.
 *
 * The platform decides how much the cache holds, for how long, and which other code can read it. Deno keeps the files of entries
 * that were replaced or deleted until the whole cache is removed, as {@linkcode CacheAdapter.clear} does.
 *
 * @param name The name of the cache; nothing else should use a cache of that name.
 * @param options How large an entry may be.
 * @returns The adapter. It passes on errors of the platform; a client goes on without the cache then.
 * @throws {TypeError} If the runtime has no `caches`, or an option has the wrong shape or does not exist.
 * @throws {RangeError} If `maxEntryBytes` is not a positive integer.
 */
export function webCache(name: string, options: WebCacheOptions = {}): CacheAdapter {
  return markOwn(new WebCache(name, options));
}

class WebCache implements CacheAdapter {
  readonly name = "web";
  readonly maxEntryBytes: number;
  readonly #cacheName: string;
  readonly #caches: WebCacheStorage;
  readonly #now: () => number;
  readonly #writes = new WriteOrder();

  constructor(name: string, options: WebCacheOptions) {
    const action = "create web cache";
    assertOptions(action, options);
    assertKnownOptions(action, options, NAMES);
    const { maxEntryBytes = 4 * 1024 * 1024, now = Date.now, caches = globalThis.caches } = options;
    if (typeof name !== "string" || name === "") throw shapeError(action, "name", "a non-empty string", name);
    assertPositiveInteger(action, "maxEntryBytes", maxEntryBytes);
    assertFunction(action, "now", now);
    if (!isCacheStorage(caches)) {
      throw shapeError(action, "caches", "a CacheStorage, which not every runtime has", caches);
    }
    this.maxEntryBytes = maxEntryBytes;
    this.#cacheName = name;
    this.#caches = caches;
    this.#now = now;
  }

  async get(key: string, { now = this.#now }: CacheCallOptions = {}): Promise<CacheEntry | undefined> {
    const cache = await this.#open();
    const found = await this.#read(cache, urlOf(key));
    if (found === undefined) return undefined;
    if (found === "corrupt") {
      // The entry is a miss, whether or not it could be removed.
      await this.#removeUseless(cache, urlOf(key)).catch(() => {});
      return undefined;
    }
    const { frame, head, meta } = found;
    if (isExpired(meta, now()) || head.metaBytes + head.bodyBytes > this.maxEntryBytes) return undefined;
    const body = await readFrameBody(frame, head);
    return body && { meta, body };
  }

  async set(
    key: string,
    entry: CacheEntry,
    { now = this.#now }: CacheCallOptions = {},
  ): Promise<boolean> {
    const parts = framePartsOf(entry, this.maxEntryBytes);
    if (parts === undefined) return false;
    const frame = packFrame(parts);
    const headers = {
      "content-type": "application/octet-stream",
      "content-length": `${frame.length}`,
      "cache-control": `max-age=${maxAgeOf(entry.meta, now())}`,
    };
    const url = urlOf(key);
    await this.#writes.run(url, async () => {
      await (await this.#open()).put(url, new Response(frame, { headers }));
    });
    return true;
  }

  delete(key: string): Promise<boolean> {
    const url = urlOf(key);
    return this.#writes.run(url, async () => await (await this.#open()).delete(url));
  }

  async clear(): Promise<void> {
    await this.#writes.settled();
    await this.#caches.delete(this.#cacheName);
  }

  async sweep(): Promise<SweepResult> {
    let removed = 0;
    let freedBytes = 0;
    const cache = await this.#open();
    for (const { url } of await cache.keys?.() ?? []) {
      if (!url.startsWith(BASE_URL)) continue;
      const bytes = await this.#removeUseless(cache, url);
      if (bytes === undefined) continue;
      removed += 1;
      freedBytes += bytes;
    }
    return { removed, freedBytes };
  }

  /** Removes an entry if it is useless, and returns its size. Waits for writes of this program, so that it never removes a new entry. */
  #removeUseless(cache: WebCacheStore, url: string): Promise<number | undefined> {
    return this.#writes.run(url, async () => {
      const found = await this.#read(cache, url);
      if (found === undefined || (found !== "corrupt" && !isExpired(found.meta, this.#now()))) {
        return undefined;
      }
      if (!await cache.delete(url)) return undefined;
      return found === "corrupt" ? 0 : found.frame.length;
    });
  }

  /** Opens the cache. Each operation opens it anew, because a handle stores nothing more if the cache was cleared elsewhere. */
  #open(): Promise<WebCacheStore> {
    return this.#caches.open(this.#cacheName);
  }

  async #read(cache: WebCacheStore, url: string): Promise<Found | "corrupt" | undefined> {
    const response = await cache.match(url);
    if (response === undefined) return undefined;
    const frame = new Uint8Array(await response.arrayBuffer());
    const head = readHead(frame);
    const meta = head?.frameBytes === frame.length && !head.gzipped ? readMeta(frame, head) : undefined;
    return meta === undefined ? "corrupt" : { frame, head: head!, meta };
  }
}

/** Returns for how long a platform that honours `Cache-Control` should keep an entry, in seconds. */
function maxAgeOf({ removeAt }: CacheMeta, nowMs: number): number {
  if (removeAt === null) return MAX_AGE_S;
  return Math.max(0, Math.min(MAX_AGE_S, Math.ceil((removeAt - nowMs) / 1_000)));
}

interface Found {
  readonly frame: Uint8Array;
  readonly head: FrameHead;
  readonly meta: CacheMeta;
}

function urlOf(key: string): string {
  return BASE_URL + slotName(key);
}

function isCacheStorage(value: unknown): value is WebCacheStorage {
  const { open, delete: remove } = (value ?? {}) as Partial<WebCacheStorage>;
  return typeof open === "function" && typeof remove === "function";
}
