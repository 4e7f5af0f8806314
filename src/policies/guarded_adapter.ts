/**
 * A cache adapter that can't break anything.
 *
 * @module
 */

import type { CacheAdapter, CacheEntry, MaybePromise } from "../cache/cache.ts";
import { sha256 } from "../cache/sha256.ts";
import { isUsable } from "./cached_reply.ts";
import type { Environment } from "./policy.ts";

/**
 * Wraps an adapter, or none: a fault is a miss or a refused write, and is told once for each operation. Takes full keys; the
 * adapter sees their hashes.
 */
export class GuardedAdapter {
  /** The largest entry that the adapter takes, in bytes. */
  readonly maxEntryBytes: number;
  readonly #environment: Environment;
  readonly #adapter: CacheAdapter | undefined;
  readonly #warned = new Set<string>();
  readonly #hashes = new KeyHashes();

  /** Wraps an adapter; without one, everything is a miss. */
  constructor(environment: Environment, adapter: CacheAdapter | undefined) {
    this.#environment = environment;
    this.#adapter = adapter;
    this.maxEntryBytes = adapter?.maxEntryBytes ?? 0;
  }

  /** The entry of a key, if it is one that can be served. */
  get(key: string): Promise<CacheEntry | undefined> {
    return this.#guard("get", async () => {
      const found = await this.#adapter?.get(this.#hashes.of(key));
      return isUsable(found, key) ? found : undefined;
    });
  }

  /** Stores an entry, or does not. */
  async set(entry: CacheEntry): Promise<void> {
    if (entry.body.length > this.maxEntryBytes) return;
    await this.#guard("set", async () => await this.#adapter?.set(this.#hashes.of(entry.meta.key), entry));
  }

  /** Removes an entry. */
  async delete(key: string): Promise<void> {
    await this.#guard("delete", async () => await this.#adapter?.delete(this.#hashes.of(key)));
  }

  async #guard<T>(operation: string, run: () => MaybePromise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      this.warn(operation, error);
      return undefined;
    }
  }

  /** Tells of a fault, the first time that it happens to an operation. */
  warn(operation: string, error: unknown): void {
    if (this.#warned.has(operation)) return;
    this.#warned.add(operation);
    const { reporter, clock } = this.#environment;
    const message = `The cache '${this.#adapter?.name}' failed to ${operation}; requests go on without it`;
    reporter.emit({ type: "warning", atMs: clock.now(), source: "cache", message, error });
  }
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
