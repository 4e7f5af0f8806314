/**
 * Station 3, the cache: answers without the network when it may, and keeps what the network brought.
 *
 * @module
 */

import type { CacheAdapter, CacheEntry } from "../cache/cache.ts";
import { isInvalidDataError, OfflineError } from "../errors.ts";
import { readBody } from "../http/body.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { Call } from "./call.ts";
import { cacheKey, isFresh, isStorable, toEntry, toReply } from "./cached_reply.ts";
import { decodeReply } from "./mirrors.ts";
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
  /** What every request carries: who sends credentials is not served from the cache. */
  readonly headers: HeaderMap;
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
  const store = new GuardedAdapter(environment, options.adapter);
  return (next) => (call) => {
    if (options.offline) return answerOffline(environment, options, store, call);
    if (!isCacheable(call, options.headers)) return next(call);
    return answer(environment, options, store, next, call);
  };
}

/** Whether a cache may have a part in a call: a plain GET without credentials. */
function isCacheable({ request, settings }: Call, clientHeaders: HeaderMap): boolean {
  if (request.method !== "GET" || settings.cache === "no-store") return false;
  const { headers } = request;
  return !["authorization", "cookie", "range"].some((name) => name in headers || name in clientHeaders);
}

async function answer(
  environment: Environment,
  options: CachePolicyOptions,
  store: GuardedAdapter,
  next: Station,
  call: Call,
): Promise<Reply> {
  const { settings } = call;
  const url = options.absoluteUrl(call);
  const key = cacheKey(url, call.request.headers);
  if (settings.readCache && settings.cache !== "reload") {
    const hit = await lookUp(environment, store, key, call, settings.cache !== "default");
    if (hit !== undefined) return hit;
  }
  if (settings.cache === "only-if-cached") return unsatisfiable(url);
  const requestedAtMs = environment.clock.wallNow();
  call.needsBytes = settings.writeCache;
  const reply = await next(call);
  if (settings.writeCache && isStorable(reply)) {
    keep(environment, options, store, reply, { key, url, requestedAtMs });
  }
  return reply;
}

async function answerOffline(
  environment: Environment,
  options: CachePolicyOptions,
  store: GuardedAdapter,
  call: Call,
): Promise<Reply> {
  if (call.settings.readCache && isCacheable(call, options.headers)) {
    const key = cacheKey(options.absoluteUrl(call), call.request.headers);
    const hit = await lookUp(environment, store, key, call, true);
    if (hit !== undefined) return hit;
  }
  const about = call.describe();
  throw new OfflineError(
    `${about.method} ${about.url} was not sent: the client is offline, and the cache has no answer`,
    about,
  );
}

/** The cached reply, if there is one that may be used; what can't be decoded is removed. */
async function lookUp(
  environment: Environment,
  store: GuardedAdapter,
  key: string,
  call: Call,
  evenStale: boolean,
): Promise<Reply | undefined> {
  const { clock, counters, reporter } = environment;
  const entry = await store.get(key, call);
  if (entry === undefined) return undefined;
  const fresh = isFresh(entry.meta, clock.wallNow());
  if (!fresh && !evenStale) return undefined;
  const reply = toReply(entry, fresh ? "cache" : "stale");
  try {
    await decodeReply(call, reply);
  } catch (error) {
    if (!isInvalidDataError(error)) throw error;
    await store.delete(key);
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

interface StoreRequest {
  readonly key: string;
  readonly url: string;
  readonly requestedAtMs: number;
}

/** Stores a reply without making the caller wait; a body that the caller reads is stored as it passes by. */
function keep(
  environment: Environment,
  options: CachePolicyOptions,
  store: GuardedAdapter,
  reply: Reply,
  request: StoreRequest,
): void {
  const ttlMs = options.ttlMs(new URL(request.url));
  if (!(ttlMs > 0)) return;
  const storedAtMs = environment.clock.wallNow();
  const save = (body: Uint8Array<ArrayBuffer> | undefined): unknown => {
    if (body === undefined || body.length > store.maxEntryBytes) return undefined;
    return store.set(request.key, toEntry(reply, body, { ...request, storedAtMs, ttlMs }));
  };
  if (reply.body instanceof Uint8Array) {
    reply.shared = true;
    const saved = save(reply.body);
    if (saved instanceof Promise) environment.inBackground(saved);
    return;
  }
  const copy = reply.openBody?.copy();
  if (copy === undefined) return;
  // A body that breaks off is the reader's to notice; here it is just nothing to store.
  environment.inBackground(readBody(copy, store.maxEntryBytes).then(save, () => {}));
}

/** RFC 9111 §5.2.1.7: without a stored response the answer is 504. */
function unsatisfiable(url: string): Reply {
  return new Reply({ status: 504, headers: new Headers(), url, from: "cache", body: new Uint8Array(0) });
}

/** An adapter that can't break anything: a fault is a miss or a refusal, and is told once for each operation. */
class GuardedAdapter {
  readonly maxEntryBytes: number;
  readonly #environment: Environment;
  readonly #adapter: CacheAdapter | undefined;
  readonly #warned = new Set<string>();

  constructor(environment: Environment, adapter: CacheAdapter | undefined) {
    this.#environment = environment;
    this.#adapter = adapter;
    this.maxEntryBytes = adapter?.maxEntryBytes ?? 0;
  }

  async get(key: string, call: Call): Promise<CacheEntry | undefined> {
    try {
      const found = this.#adapter?.get(key, { signal: undefined });
      const entry = found instanceof Promise ? await found : found;
      return entry?.meta.v === 1 && entry.meta.key === key ? entry : undefined;
    } catch (error) {
      if (call.cancelled) return undefined;
      return void this.#warn("get", error);
    }
  }

  set(key: string, entry: CacheEntry): unknown {
    try {
      const stored = this.#adapter?.set(key, entry);
      return stored instanceof Promise ? stored.catch((error) => this.#warn("set", error)) : stored;
    } catch (error) {
      return this.#warn("set", error);
    }
  }

  async delete(key: string): Promise<void> {
    try {
      await this.#adapter?.delete(key);
    } catch (error) {
      this.#warn("delete", error);
    }
  }

  /** Never throws: a broken cache must not break a fetch. */
  #warn(operation: string, error: unknown): void {
    if (this.#warned.has(operation)) return;
    this.#warned.add(operation);
    const { reporter, clock } = this.#environment;
    const message = `The cache '${this.#adapter?.name}' failed to ${operation}; requests go on without it`;
    reporter.emit({ type: "warning", atMs: clock.now(), source: "cache", message, error });
  }
}
