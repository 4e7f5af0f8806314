/**
 * A cache in a key-value store: `Deno.Kv`, or a store with the same methods.
 *
 * @example The second run needs no network
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { ttlCache } from "@slipstream/fetch/cache";
 * import { kvCache } from "@slipstream/fetch/cache/kv";
 *
 * async function loadTwice(kv: Parameters<typeof kvCache>[0]) {
 *   await using client = createClient({ cache: ttlCache(kvCache(kv), { ttlMs: 3_600_000 }) });
 *   await client.json("https://example.com/laps.json");
 *   return await client.json("https://example.com/laps.json"); // from the store
 * }
 *
 * // With `deno run --unstable-kv`: loadTwice(await Deno.openKv())
 * ```
 *
 * @module
 */

import { delay } from "@std/async/delay";
import { assertKnownOptions } from "../http/option_hints.ts";
import {
  assertFunction,
  assertOptions,
  assertPositiveInteger,
  shapeError,
} from "../primitives/argument_checks.ts";
import type { CacheAdapter, CacheCallOptions, CacheEntry, SweepResult } from "./cache.ts";
import { assemble, MAX_CHUNKS, MAX_FRAME_BYTES, type SlotContent, split } from "./kv/chunks.ts";
import { type FrameParts, framePartsOf, packFrame, readFrameBody } from "./frame.ts";
import { gzip } from "./gzip.ts";
import { type LockRetryOptions, retryWhileLocked } from "./kv/lock_retry.ts";
import { markOwn } from "./own_adapters.ts";
import { slotName } from "./slot_name.ts";
import { isExpired } from "./stored_meta.ts";
import type { KvKey, KvKeyPart, KvStore } from "./kv/store.ts";
import { readSlot, removeAll, removeSlot, sweepSlots } from "./kv/slot.ts";
import { WriteOrder } from "./write_order.ts";

export type { KvAtomic, KvKey, KvKeyPart, KvListOptions, KvRecord, KvStore } from "./kv/store.ts";

/** Options of {@linkcode kvCache}. */
export interface KvCacheOptions {
  /**
   * The prefix of all keys; the cache touches nothing else in the store.
   * @default {["slipstream"]}
   */
  readonly prefix?: KvKey | undefined;
  /**
   * How many bytes one entry may take, body and metadata, before compression; a larger entry is not stored. Neither is an entry
   * that takes more than 780,000 bytes after compression.
   * @default {4_194_304}
   */
  readonly maxEntryBytes?: number | undefined;
  /** Returns the time in milliseconds since 1970. @default {Date.now} */
  readonly now?: (() => number) | undefined;
  /** Returns a number from 0 (included) to 1 (excluded), which spreads the retries on a locked database. @default {Math.random} */
  readonly random?: (() => number) | undefined;
  /** Resolves after so many milliseconds; it is the wait before such a retry. @default {setTimeout} */
  readonly delay?: ((delayMs: number) => Promise<void>) | undefined;
}

const NAMES: readonly (keyof KvCacheOptions)[] = ["prefix", "maxEntryBytes", "now", "random", "delay"];
/** The version of the entries' format, which is a part of their keys. */
const FORMAT = 1;
/** The longest expiry that is passed to the store, in milliseconds (31 years): the store accepts no larger number. */
const MAX_EXPIRE_IN_MS = 1e12;

/**
 * Creates a cache in a key-value store. Any number of processes may share it.
 *
 * An entry is written in one atomic operation, in up to twelve chunks of 65,000 bytes, and read from one snapshot of the store: a
 * read always gets the whole of a single write. Bodies above 60,000 bytes are compressed (gzip, RFC 1952). The last writer wins;
 * a write compares nothing, because a comparison locks the database for others. An operation on a locked database is tried up to
 * three times. There is no byte bound: the store removes entries some time after they have become useless, and
 * {@linkcode CacheAdapter.sweep} removes them at once.
 *
 * @param kv The store. The cache never closes it: the program that opened the store closes it, after the client.
 * @param options The prefix of the keys, and how large an entry may be.
 * @returns The adapter. It passes on errors of the store (closed, full, locked for long); a client goes on without the cache
 * then.
 * @throws {TypeError} If `kv` is no store, or an option has the wrong shape or does not exist.
 * @throws {RangeError} If `maxEntryBytes` is not a positive integer.
 */
export function kvCache(kv: KvStore, options: KvCacheOptions = {}): CacheAdapter {
  return markOwn(new KvCache(kv, options));
}

class KvCache implements CacheAdapter {
  readonly name = "kv";
  readonly maxEntryBytes: number;
  readonly #kv: KvStore;
  readonly #root: KvKey;
  readonly #now: () => number;
  readonly #patience: LockRetryOptions;
  readonly #writes = new WriteOrder();

  constructor(kv: KvStore, options: KvCacheOptions) {
    const action = "create kv cache";
    assertOptions(action, options);
    assertKnownOptions(action, options, NAMES);
    const {
      prefix = ["slipstream"],
      maxEntryBytes = 4 * 1024 * 1024,
      now = Date.now,
      random = Math.random,
      delay: wait = delay,
    } = options;
    if (!isStore(kv)) throw shapeError(action, "kv", "a Deno.Kv or alike", kv);
    if (!isPrefix(prefix)) throw shapeError(action, "prefix", "a non-empty array of key parts", prefix);
    assertPositiveInteger(action, "maxEntryBytes", maxEntryBytes);
    for (const [name, value] of Object.entries({ now, random, delay: wait })) {
      assertFunction(action, name, value);
    }
    this.maxEntryBytes = maxEntryBytes;
    this.#kv = kv;
    this.#root = [...prefix, FORMAT];
    this.#now = now;
    this.#patience = { random, delay: (delayMs) => wait(delayMs) };
  }

  async get(
    key: string,
    { signal, now = this.#now }: CacheCallOptions = {},
  ): Promise<CacheEntry | undefined> {
    const slot = this.#slotOf(key);
    let content = await this.#read(slot);
    if (content.kind === "torn" && signal?.aborted !== true) content = await this.#read(slot);
    if (content.kind === "corrupt") await this.#discard(slot);
    if (content.kind !== "frame" || isExpired(content.meta, now())) return undefined;
    const { meta, head, frame } = content;
    if (head.metaBytes + head.bodyBytes > this.maxEntryBytes) return undefined;
    const body = await readFrameBody(frame, head);
    if (body !== undefined) return { meta, body };
    await this.#discard(slot);
    return undefined;
  }

  async set(
    key: string,
    entry: CacheEntry,
    { now = this.#now }: CacheCallOptions = {},
  ): Promise<boolean> {
    const parts = framePartsOf(entry, this.maxEntryBytes);
    if (parts === undefined) return false;
    const { removeAt } = entry.meta;
    return await this.#writes.run(
      slotName(key),
      () => this.#write(this.#slotOf(key), parts, expiryOf(removeAt, now())),
    );
  }

  delete(key: string): Promise<boolean> {
    return this.#writes.run(slotName(key), () => this.#retry(() => removeSlot(this.#kv, this.#slotOf(key))));
  }

  async clear(): Promise<void> {
    await this.#writes.settled();
    await this.#retry(() => removeAll(this.#kv, this.#root));
  }

  sweep(): Promise<SweepResult> {
    const isUseless = (content: SlotContent) =>
      content.kind !== "frame" || isExpired(content.meta, this.#now());
    return this.#retry(() => sweepSlots(this.#kv, this.#root, isUseless));
  }

  async #write(slot: KvKey, parts: FrameParts, expiry: KvExpiry): Promise<boolean> {
    const frame = packFrame(parts, await gzip(parts.body));
    if (frame.length > MAX_FRAME_BYTES) return false;
    const chunks = split(frame);
    return await this.#retry(async () => {
      let atomic = this.#kv.atomic();
      for (let number = 0; number < MAX_CHUNKS; number++) {
        const chunk = chunks[number];
        // An older entry may have had more chunks; to look for them would cost more than to remove them.
        atomic = chunk === undefined
          ? atomic.delete([...slot, number])
          : atomic.set([...slot, number], chunk, expiry);
      }
      return (await atomic.commit()).ok;
    });
  }

  #read(slot: KvKey): Promise<SlotContent> {
    return this.#retry(async () => assemble(await readSlot(this.#kv, slot)));
  }

  async #discard(slot: KvKey): Promise<void> {
    try {
      await removeSlot(this.#kv, slot);
    } catch {
      // The entry is a miss, whether or not it could be removed.
    }
  }

  #retry<T>(run: () => Promise<T>): Promise<T> {
    return retryWhileLocked(run, this.#patience);
  }

  #slotOf(key: string): KvKey {
    return [...this.#root, slotName(key)];
  }
}

/** The option that tells a store when it may remove a record. */
interface KvExpiry {
  readonly expireIn?: number;
}

/** Returns the expiry of an entry: the same for all its chunks, so that they are removed together. */
function expiryOf(removeAt: number | null, now: number): KvExpiry {
  if (removeAt === null || !(removeAt - now < MAX_EXPIRE_IN_MS)) return {};
  return { expireIn: Math.max(1, Math.ceil(removeAt - now)) };
}

function isStore(value: unknown): value is KvStore {
  const { list, atomic } = (value ?? {}) as Partial<KvStore>;
  return typeof list === "function" && typeof atomic === "function";
}

function isPrefix(value: unknown): value is readonly KvKeyPart[] {
  const types = ["string", "number", "bigint", "boolean"];
  return Array.isArray(value) && value.length > 0 &&
    value.every((part) => part instanceof Uint8Array || types.includes(typeof part));
}
