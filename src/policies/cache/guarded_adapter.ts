/**
 * A cache adapter that can't break anything.
 *
 * @module
 */

import { attempt, isPromise } from "../../cache/attempt.ts";
import type { CacheAdapter, CacheCallOptions, CacheEntry, MaybePromise } from "../../cache/cache.ts";
import { sha256 } from "../../cache/sha256.ts";
import type { Environment } from "../policy.ts";
import { isUsable } from "./cached_reply.ts";

/** What changes an adapter: the newest word on a key that it has not heard the end of. */
interface Write {
  /** What the key is to hold; `undefined` for nothing. */
  entry: CacheEntry | undefined;
  /** Whether `entry` has changed since the adapter was told. */
  isNew: boolean;
}

/**
 * Wraps an adapter, or none: a fault is a miss or a refused write, and is told once for each adapter and operation. Takes
 * full keys; the adapter sees their hashes. Reads see what was written before, however long the adapter takes for it, and
 * writes of one key reach the adapter one after the other.
 */
export class GuardedAdapter {
  /** The largest entry that the adapter takes, in bytes. */
  readonly maxEntryBytes: number;
  readonly #environment: Environment;
  readonly #adapter: CacheAdapter | undefined;
  readonly #warned = new Set<string>();
  readonly #hashes = new KeyHashes();
  /** By hash; an adapter that never answers keeps its own. */
  readonly #writes = new Map<string, Write>();
  #pendingBytes = 0;
  /** The hashes of what could not be removed, and must not be served. */
  readonly #stuck = new Set<string>();
  readonly #options: CacheCallOptions;

  /** Wraps an adapter; without one, everything is a miss. */
  constructor(environment: Environment, adapter: CacheAdapter | undefined) {
    this.#environment = environment;
    this.#adapter = adapter;
    this.maxEntryBytes = adapter === undefined ? 0 : adapter.maxEntryBytes ?? Infinity;
    this.#options = {
      now: () => environment.clock.wallNow(),
      onFault: ({ adapter, operation, error }) => this.#warn(adapter, operation, error),
      waitUntil: (work) => environment.inBackground(work),
    };
  }

  /** The entry of a key, if it is one that can be served. */
  async get(key: string): Promise<CacheEntry | undefined> {
    if (this.#adapter === undefined) return undefined;
    const hash = this.#hashes.of(key);
    const write = this.#writes.get(hash);
    if (write !== undefined) return write.entry;
    if (this.#stuck.has(hash)) return undefined;
    try {
      const found = await this.#adapter.get(hash, this.#options);
      return isUsable(found, key) ? found : undefined;
    } catch (error) {
      this.warn("get", error);
      return undefined;
    }
  }

  /** Stores an entry, or does not: what is too large removes what was there. */
  async set(entry: CacheEntry): Promise<void> {
    await this.#write(entry.meta.key, entry.body.length > this.maxEntryBytes ? undefined : entry);
  }

  /** Removes an entry. */
  async delete(key: string): Promise<void> {
    await this.#write(key, undefined);
  }

  async #write(key: string, entry: CacheEntry | undefined): Promise<void> {
    if (this.#adapter === undefined) return;
    const hash = this.#hashes.of(key);
    // An adapter that takes nothing in must not make the memory its store.
    if (entry !== undefined && this.#pendingBytes + entry.body.length > MAX_PENDING_BYTES) entry = undefined;
    const earlier = this.#writes.get(hash);
    this.#pendingBytes += sizeOf(entry) - sizeOf(earlier?.entry);
    if (earlier !== undefined) {
      earlier.entry = entry;
      earlier.isNew = true;
      return;
    }
    const write: Write = { entry, isNew: true };
    this.#writes.set(hash, write);
    while (write.isNew) {
      write.isNew = false;
      const told = this.#tell(this.#adapter, hash, write.entry);
      if (isPromise(told)) await told;
    }
    this.#writes.delete(hash);
    this.#pendingBytes -= sizeOf(write.entry);
  }

  #tell(adapter: CacheAdapter, hash: string, entry: CacheEntry | undefined): MaybePromise<void> {
    if (entry === undefined) return this.#remove(adapter, hash, this.#options);
    return attempt(() => adapter.set(hash, entry, this.#options), (result) => {
      if ("error" in result) this.warn("set", result.error);
      else if (result.value === true) return void this.#stuck.delete(hash);
      // What could not be replaced must not come back; that the adapter is in trouble, if it is, has been told.
      return this.#remove(adapter, hash, SILENTLY);
    });
  }

  #remove(adapter: CacheAdapter, hash: string, options: CacheCallOptions): MaybePromise<void> {
    return attempt(() => adapter.delete(hash, options), (result) => {
      if (!("error" in result)) return void this.#stuck.delete(hash);
      if (options !== SILENTLY) this.warn("delete", result.error);
      if (this.#stuck.size < MAX_STUCK) this.#stuck.add(hash);
    });
  }

  /** Tells of a fault, the first time that it happens to an operation. */
  warn(operation: string, error: unknown): void {
    this.#warn(this.#adapter?.name ?? "none", operation, error);
  }

  #warn(name: string, operation: string, error: unknown): void {
    const fault = `${name}\n${operation}`;
    if (this.#warned.has(fault)) return;
    this.#warned.add(fault);
    const { reporter, clock } = this.#environment;
    const message = `The cache '${name}' failed to ${operation}; requests go on without it`;
    reporter.emit({ type: "warning", atMs: clock.now(), source: "cache", message, error });
  }
}

/** So many bytes may wait to be written; what comes beyond is not stored. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024;
/** Of so many entries it is remembered that they could not be removed. */
const MAX_STUCK = 100_000;
const SILENTLY: CacheCallOptions = { onFault: () => {} };

function sizeOf(entry: CacheEntry | undefined): number {
  return entry?.body.length ?? 0;
}

/** So many hashes are remembered. */
const MAX_HASHES = 1_024;

/** Hashes of keys. One takes longer than finding its entry in memory, so those of late are remembered. */
class KeyHashes {
  readonly #hashes = new Map<string, string>();

  of(key: string): string {
    let hash = this.#hashes.get(key);
    if (hash === undefined) {
      hash = sha256(key);
      if (this.#hashes.size >= MAX_HASHES) this.#hashes.clear();
      this.#hashes.set(key, hash);
    }
    return hash;
  }
}
