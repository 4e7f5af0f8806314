/**
 * A cache adapter whose faults break no request.
 *
 * @module
 */

import { isPromise, withResult } from "../cache/with_result.ts";
import type { CacheAdapter, CacheEntry, MaybePromise } from "../cache/cache.ts";
import type { Environment } from "../policies/policy.ts";
import { AdapterState, MAX_PENDING_BYTES, type PendingLimit, type PendingWrite } from "./adapter_state.ts";
import { isUsable } from "./cached_reply.ts";
import type { TimedCallOptions } from "./prompt_adapter.ts";

/** Options of {@linkcode GuardedAdapter}. */
export interface GuardedAdapterOptions extends Partial<PendingLimit> {
  /** The state of the adapter, shared with other clients. @default {nothing} */
  readonly state?: AdapterState | undefined;
}

/**
 * Wraps an adapter for one client. A fault is a miss or a refused write, and causes one warning for each adapter and operation.
 * This class takes full keys; the adapter gets their hashes. A read sees every earlier write of all clients, even if the adapter
 * has not finished it. The writes of one key reach the adapter one after the other.
 */
export class GuardedAdapter {
  /** The largest entry that the adapter takes, in bytes. */
  readonly maxEntryBytes: number;
  /** Whether the adapter keeps decoded values beside the bodies. */
  readonly keepsParsed: boolean;
  readonly #environment: Environment;
  readonly #adapter: CacheAdapter;
  readonly #state: AdapterState;
  readonly #limit: PendingLimit;
  readonly #warned = new Set<string>();
  readonly #options: TimedCallOptions;
  /** The same options without warnings, for a removal after a fault that has caused a warning already. */
  readonly #silently: TimedCallOptions;

  /** Wraps an adapter. Clients with the same adapter share its state. */
  constructor(
    environment: Environment,
    adapter: CacheAdapter,
    { state = new AdapterState(), maxPendingBytes = MAX_PENDING_BYTES }: GuardedAdapterOptions = {},
  ) {
    this.#environment = environment;
    this.#adapter = adapter;
    this.#state = state;
    this.#limit = { maxPendingBytes };
    this.maxEntryBytes = adapter.maxEntryBytes ?? Infinity;
    this.keepsParsed = adapter.keep === "parsed";
    this.#options = {
      now: () => environment.clock.wallNow(),
      onFault: ({ adapter, operation, error }) => this.#warn(adapter, operation, error),
      waitUntil: (work) => environment.inBackground(work),
      isWanted: (entry, hash) => {
        const key = entry.meta?.key;
        return typeof key === "string" && this.#state.hashes.of(key) === hash && isUsable(entry, key);
      },
      environment,
    };
    this.#silently = { ...this.#options, onFault: () => {} };
  }

  /** Returns the entry of a key, if the cache can serve it. A read that takes longer than `patienceMs` counts as a miss. */
  async get(key: string, patienceMs?: number): Promise<CacheEntry | undefined> {
    const { hashes, writes } = this.#state;
    const hash = hashes.of(key);
    const write = writes.get(hash);
    if (write !== undefined) return write.entry;
    try {
      const options = patienceMs === undefined ? this.#options : { ...this.#options, patienceMs };
      const found = await this.#adapter.get(hash, options);
      return isUsable(found, key) ? found : undefined;
    } catch (error) {
      this.warn("get", error);
      return undefined;
    }
  }

  /** Stores an entry. One that is too large is not stored, but removes the earlier entry of its key. */
  set(entry: CacheEntry): Promise<void> {
    return this.#write(entry.meta.key, entry.body.length > this.maxEntryBytes ? undefined : entry);
  }

  /** Removes an entry. */
  delete(key: string): Promise<void> {
    return this.#write(key, undefined);
  }

  #write(key: string, entry: CacheEntry | undefined): Promise<void> {
    const hash = this.#state.hashes.of(key);
    const { write, isUnderWay } = this.#state.note(hash, entry, this.#limit);
    if (!isUnderWay) write.ended = this.#tellAll(hash, write);
    return write.ended;
  }

  /** Writes to the adapter, and again as long as a newer entry has come meanwhile. */
  async #tellAll(hash: string, write: PendingWrite): Promise<void> {
    while (write.isNew) {
      write.isNew = false;
      const told = this.#tell(hash, write.entry);
      if (isPromise(told)) await told;
    }
    this.#state.end(hash, write);
  }

  #tell(hash: string, entry: CacheEntry | undefined): MaybePromise<void> {
    if (entry === undefined) return this.#remove(hash, this.#options);
    return withResult(() => this.#adapter.set(hash, entry, this.#options), (result) => {
      if ("error" in result) this.warn("set", result.error);
      else if (result.value === true) return;
      // Remove the old entry that could not be replaced, or it would come back. Do so without a second warning.
      return this.#remove(hash, this.#silently);
    });
  }

  #remove(hash: string, options: TimedCallOptions): MaybePromise<void> {
    return withResult(() => this.#adapter.delete(hash, options), (result) => {
      if ("error" in result && options !== this.#silently) this.warn("delete", result.error);
    });
  }

  /** Emits a warning for the first fault of each operation. */
  warn(operation: string, error: unknown): void {
    this.#warn(this.#adapter.name, operation, error);
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
