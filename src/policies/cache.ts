/**
 * Station 3, the cache: answers without the network when it may, and keeps what the network brought.
 *
 * @module
 */

import type { CacheAdapter } from "../cache/cache.ts";
import { isInvalidDataError, OfflineError } from "../errors.ts";
import { type HeaderMap, mergeHeaders } from "../http/headers.ts";
import type { Call } from "./call.ts";
import { cacheKey, isFresh, isStorable, toEntry, toReply } from "./cached_reply.ts";
import { GuardedAdapter } from "./guarded_adapter.ts";
import { decodeReply } from "./decode.ts";
import type { Environment, Policy, Station } from "./policy.ts";
import { Reply } from "./reply.ts";

/** How the cache is used. */
export interface CachePolicyOptions {
  /** Where entries are kept; without one, everything is a miss. */
  readonly adapter: CacheAdapter | undefined;
  /** How long the answer for a URL is fresh, in milliseconds. */
  readonly ttlMs: (url: URL) => number;
  /** Whether the network may not be asked. */
  readonly offline: boolean;
  /** What every request carries, which may select another representation. */
  readonly headers: HeaderMap;
  /** Whether a request carries credentials: its answer is nobody else's business. */
  readonly hasCredentials: (call: Call) => boolean;
  /** The absolute URL that names the resource, whichever mirror serves it. */
  readonly absoluteUrl: (call: Call) => string;
}

/**
 * Looks into the cache first, as the call's cache mode allows, and stores successes on the way back. A fault of the
 * adapter is a miss or a refused write, and one warning for each operation.
 *
 * @param environment What the stations share.
 * @param options How the cache is used.
 * @returns The policy. It throws an `OfflineError` for a miss while offline.
 */
export function cache(environment: Environment, options: CachePolicyOptions): Policy {
  const station = new CacheStation(environment, options);
  return (next) => (call) => station.answer(call, next);
}

/** Where an answer may be found, and stored. */
interface Slot {
  /** The full key. */
  readonly key: string;
  /** The absolute URL. */
  readonly url: string;
}

class CacheStation {
  readonly #environment: Environment;
  readonly #options: CachePolicyOptions;
  readonly #store: GuardedAdapter;

  constructor(environment: Environment, options: CachePolicyOptions) {
    this.#environment = environment;
    this.#options = options;
    this.#store = new GuardedAdapter(environment, options.adapter);
  }

  answer(call: Call, next: Station): Promise<Reply> {
    const { offline, hasCredentials } = this.#options;
    const { request, settings } = call;
    const cacheable = request.method === "GET" && settings.cache !== "no-store" &&
      !("range" in request.headers) &&
      !hasCredentials(call);
    if (!cacheable) return offline ? Promise.reject(offlineError(call)) : next(call);
    const url = this.#options.absoluteUrl(call);
    const slot = { url, key: cacheKey(url, mergeHeaders(this.#options.headers, request.headers)) };
    return offline ? this.#answerOffline(call, slot) : this.#answerOnline(call, next, slot);
  }

  async #answerOnline(call: Call, next: Station, slot: Slot): Promise<Reply> {
    const { cache, readCache, writeCache } = call.settings;
    if (readCache && cache !== "reload") {
      const hit = await this.#lookUp(call, slot, cache !== "default");
      if (hit !== undefined) return hit;
    }
    if (cache === "only-if-cached") return unsatisfiable(slot.url);
    const requestedAtMs = this.#environment.clock.wallNow();
    call.needsBytes = writeCache;
    const reply = await next(call);
    if (writeCache && isStorable(reply)) this.#keep(reply, slot, requestedAtMs);
    return reply;
  }

  async #answerOffline(call: Call, slot: Slot): Promise<Reply> {
    const hit = call.settings.readCache ? await this.#lookUp(call, slot, true) : undefined;
    if (hit === undefined) throw offlineError(call);
    return hit;
  }

  /** The cached reply, if there is one that may be used; what can't be decoded is removed. */
  async #lookUp(call: Call, { key }: Slot, evenStale: boolean): Promise<Reply | undefined> {
    const { clock, counters, reporter } = this.#environment;
    const entry = await this.#store.get(key);
    if (entry === undefined || entry.body.length > call.settings.maxBodyBytes) return undefined;
    const fresh = isFresh(entry.meta, clock.wallNow());
    if (!fresh && !evenStale) return undefined;
    const reply = toReply(entry, fresh ? "cache" : "stale");
    try {
      await decodeReply(call, reply);
    } catch (error) {
      const { offline } = this.#options;
      // Another schema may like it better; offline, what there is may be the only copy.
      if (!isInvalidDataError(error) || (offline && error.reason === "schema")) throw error;
      if (!offline && error.reason !== "schema") await this.#store.delete(key);
      return undefined;
    }
    if (fresh) counters.fresh++;
    else counters.stale++;
    if (reporter.active) {
      const kind = fresh ? "fresh" : "stale";
      reporter.emit({ type: "cacheHit", requestId: call.id, atMs: clock.now(), kind });
    }
    return reply;
  }

  /** Stores a reply without making the caller wait; a body that the caller reads is stored when it has been read. */
  #keep(reply: Reply, { key, url }: Slot, requestedAtMs: number): void {
    const ttlMs = this.#ttlMs(url);
    if (!(ttlMs > 0)) return;
    const storedAtMs = this.#environment.clock.wallNow();
    const save = async (body: Uint8Array<ArrayBuffer> | undefined) => {
      if (body === undefined) return;
      await this.#store.set(toEntry(reply, body, { key, url, requestedAtMs, storedAtMs, ttlMs }));
    };
    if (reply.body instanceof Uint8Array) {
      reply.shared = true;
      this.#environment.inBackground(save(reply.body));
    } else if (reply.openBody !== undefined) {
      this.#environment.inBackground(reply.openBody.collect(this.#store.maxEntryBytes).then(save));
    }
  }

  #ttlMs(url: string): number {
    try {
      return this.#options.ttlMs(new URL(url));
    } catch (error) {
      // The fetch has succeeded, and stays so.
      this.#store.warn("find its time to live", error);
      return 0;
    }
  }
}

function offlineError(call: Call): OfflineError {
  const about = call.describe();
  return new OfflineError(
    `${about.method} ${about.url} was not sent: the client is offline, and the cache has no answer`,
    about,
  );
}

/** RFC 9111 §5.2.1.7: without a stored response the answer is 504. */
function unsatisfiable(url: string): Reply {
  return new Reply({ status: 504, headers: new Headers(), url }, { from: "cache", body: new Uint8Array(0) });
}
