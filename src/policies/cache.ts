/**
 * Handler 3, the cache: answers without the network when it may, and keeps what the network brought.
 *
 * @module
 */

import type { CacheAdapter, CacheEntry } from "../cache/cache.ts";
import { requestDirectives } from "../cache/rfc9111/cache_control.ts";
import type { Reuse } from "../cache/rfc9111/reuse.ts";
import { sha256 } from "../cache/sha256.ts";
import { OfflineError } from "../errors.ts";
import { type HeaderMap, mergeHeaders } from "../http/headers.ts";
import { Entries } from "./cache/entries.ts";
import { Fetching } from "./cache/fetching.ts";
import { GuardedAdapter } from "./cache/guarded_adapter.ts";
import { HttpRules } from "./cache/http_rules.ts";
import type { LifetimeOptions, TtlResponse } from "./cache/lifetimes.ts";
import type { CachedRequest, CacheRules } from "./cache/rules.ts";
import { Serving } from "./cache/serving.ts";
import { TtlRules } from "./cache/ttl_rules.ts";
import type { Call } from "./call.ts";
import type { ValueSource } from "./event.ts";
import type { Environment, Handler, Policy } from "./policy.ts";
import { Reply } from "./reply.ts";

/** A request, as whoever partitions the cache sees it. */
export interface PartitionRequest {
  /** The absolute URL. */
  readonly url: string;
  /** The headers by their lower-case names, without those of a mirror's own. */
  readonly headers: Readonly<Record<string, string>>;
}

/** How the cache is used. */
export interface CachePolicyOptions {
  /** Where entries are kept; without one, everything is a miss. */
  readonly adapter: CacheAdapter | undefined;
  /** Whose word counts for how long a response is good: the server's, or the user's. */
  readonly mode: "http" | "ttl";
  /** How long a response is fresh, in milliseconds; in mode `"http"` where the server does not say. */
  readonly ttlMs: ((url: URL, response: TtlResponse) => number) | undefined;
  /** How long 404 and 410 are fresh, in milliseconds. */
  readonly negative: LifetimeOptions["negative"];
  /** For how long a stale response may be served while a new one is fetched, in milliseconds. */
  readonly staleWhileRevalidateMs: number | undefined;
  /** For how long a stale response may be served when no new one can be had, in milliseconds. */
  readonly staleIfErrorMs: number | undefined;
  /** Whose response it is; `null` for nobody's who could ask again, which then is not kept. */
  readonly partition: ((request: PartitionRequest) => string | null) | undefined;
  /** Whether the network may not be asked. */
  readonly offline: boolean;
  /** What every request carries, which may select another representation. */
  readonly headers: HeaderMap;
  /** Whether a request carries credentials: its answer is nobody else's business. */
  readonly hasCredentials: (call: Call) => boolean;
  /** The absolute URL that names the resource, whichever mirror serves it. */
  readonly absoluteUrl: (call: Call) => string;
  /** Whether not all mirrors are sent these headers, by their lower-case names, alike. */
  readonly variesByMirror: (call: Call, names: readonly string[]) => boolean;
}

/**
 * Looks into the cache first, as the rules and the call's cache mode allow; asks whether what is stale is still right; and
 * stores what comes back. Requests for the same that come meanwhile wait for it. A fault of the adapter is a miss or a
 * refused write, and one warning for each operation.
 *
 * @param environment What the policies share.
 * @param options How the cache is used.
 * @returns The policy. It throws an `OfflineError` for a miss while offline.
 */
export function cache(environment: Environment, options: CachePolicyOptions): Policy {
  return (next) => {
    const handler = new CacheHandler(environment, options, next);
    return (call) => handler.answer(call);
  };
}

const NO_FIELDS = new Headers();

/** Marks the partition of redirects that were not followed, which are other answers. */
const UNFOLLOWED = " unfollowed";

class CacheHandler {
  readonly #environment: Environment;
  readonly #options: CachePolicyOptions;
  readonly #next: Handler;
  readonly #store: GuardedAdapter;
  readonly #rules: CacheRules;
  readonly #entries: Entries;
  readonly #serving: Serving;
  readonly #fetching: Fetching;

  constructor(environment: Environment, options: CachePolicyOptions, next: Handler) {
    const { mode, ttlMs, negative, staleWhileRevalidateMs, staleIfErrorMs, offline } = options;
    const store = new GuardedAdapter(environment, options.adapter);
    const onError = (error: unknown) => store.warn("find its time to live", error);
    const Rules = mode === "http" ? HttpRules : TtlRules;
    const rules = new Rules({ ttlMs, negative, onError }, { staleWhileRevalidateMs, staleIfErrorMs });
    const entries = new Entries(rules, store);
    const serving = new Serving(environment, rules, entries, offline);
    const { maxEntryBytes } = store;
    this.#environment = environment;
    this.#options = options;
    this.#next = next;
    this.#store = store;
    this.#rules = rules;
    this.#entries = entries;
    this.#serving = serving;
    const { variesByMirror } = options;
    this.#fetching = new Fetching({
      environment,
      rules,
      entries,
      serving,
      next,
      maxEntryBytes,
      variesByMirror,
    });
  }

  answer(call: Call): Promise<Reply> {
    const { offline } = this.#options;
    if (call.request.method !== "GET") {
      return offline ? Promise.reject(offlineError(call)) : this.#sendChange(call);
    }
    const request = call.settings.cache === "no-store" ? undefined : this.#describe(call);
    if (request === undefined || !this.#rules.isCacheable(request)) {
      return offline ? Promise.reject(offlineError(call)) : this.#next(call);
    }
    return offline ? this.#answerOffline(call, request) : this.#answerOnline(call, request);
  }

  /** What a request is for the cache; `undefined` when it must not be part of it. */
  #describe(call: Call): CachedRequest | undefined {
    const url = this.#urlOf(call);
    const headers = mergeHeaders(this.#options.headers, call.request.headers);
    const partition = this.#partitionOf(call, { url, headers });
    if (partition === null) return undefined;
    const { redirect = "follow" } = call.request.init ?? {};
    const hash = partition === "" ? "" : sha256(partition);
    return {
      url,
      headers,
      directives: requestDirectives(headers),
      partition: redirect === "manual" ? hash + UNFOLLOWED : hash,
    };
  }

  /** The one spelling of the URL that all others are the same as. */
  #urlOf(call: Call): string {
    return new URL(this.#options.absoluteUrl(call)).href;
  }

  #partitionOf(call: Call, request: PartitionRequest): string | null {
    const { partition, hasCredentials } = this.#options;
    if (partition === undefined) return hasCredentials(call) ? null : "";
    try {
      const name = partition(request);
      if (name === null || typeof name === "string") return name;
      throw new TypeError(
        `Cannot find the partition as it must be a string or null: received ${typeof name}`,
      );
    } catch (error) {
      // Nobody knows whose it is.
      this.#store.warn("find the partition", error);
      return null;
    }
  }

  /** What may have changed something makes stored responses wrong. */
  async #sendChange(call: Call): Promise<Reply> {
    // Whatever the server has answered, and also if nobody waits for it any more, it may have done it.
    const assumeChange = () => {
      if (call.attempts > 0) this.#invalidate(call, 200, NO_FIELDS);
    };
    call.signal.addEventListener("abort", assumeChange, { once: true });
    let reply: Reply;
    try {
      reply = await this.#next(call);
    } catch (error) {
      assumeChange();
      throw error;
    } finally {
      call.signal.removeEventListener("abort", assumeChange);
    }
    this.#invalidate(call, reply.status, reply.headers);
    return reply;
  }

  #invalidate(call: Call, status: number, fields: Headers): void {
    const { method } = call.request;
    const urls = this.#rules.invalidatedUrls({ method, url: this.#urlOf(call), status, fields });
    if (urls.length === 0) return;
    const hash = this.#describe(call)?.partition ?? "";
    for (const url of urls) {
      this.#fetching.forget(url);
      for (const partition of new Set(["", UNFOLLOWED, hash, hash + UNFOLLOWED])) {
        // Whoever reads from now on sees it, however long the adapter takes.
        this.#environment.inBackground(this.#entries.removeAll(url, partition));
      }
    }
  }

  async #answerOffline(call: Call, request: CachedRequest): Promise<Reply> {
    const found = call.settings.readCache ? usableBy(call, await this.#find(call, request)) : undefined;
    const reply = found === undefined
      ? undefined
      : await this.#serving.serve(call, request, found, sourceOf(this.#reuseOf(call, request, found)));
    if (reply === undefined) throw offlineError(call);
    return reply;
  }

  async #answerOnline(call: Call, request: CachedRequest): Promise<Reply> {
    const { cache, readCache } = call.settings;
    const mayRead = readCache && cache !== "reload";
    // Also who does not read must know of the variants that there are, or lose them.
    const isLookedUp = mayRead || this.#options.mode === "http";
    const stored = isLookedUp ? await this.#find(call, request) : undefined;
    const found = mayRead ? usableBy(call, stored) : undefined;
    const reply = found === undefined ? undefined : await this.#answerFrom(call, request, found);
    if (reply !== undefined) return reply;
    if (cache === "only-if-cached" || request.directives.has("only-if-cached")) {
      return unsatisfiable(request.url);
    }
    const wanted = { request, found, mayReplace: stored !== undefined || !isLookedUp };
    return mayRead && !call.streams
      ? await this.#fetching.fetchOnce(call, wanted)
      : await this.#fetching.fetch(call, wanted);
  }

  async #find(call: Call, request: CachedRequest): Promise<CacheEntry | undefined> {
    const found = await this.#entries.find(request);
    // Who has left meanwhile is not served, and causes nothing.
    call.throwIfCancelled();
    return found;
  }

  /** Answers with what was found, if that may be done without asking. */
  async #answerFrom(call: Call, request: CachedRequest, found: CacheEntry): Promise<Reply | undefined> {
    const { cache } = call.settings;
    const reuse = this.#reuseOf(call, request, found);
    const mayBeOfAnyAge = cache === "force-cache" || cache === "only-if-cached";
    if (reuse === "validate" && !mayBeOfAnyAge) return undefined;
    const reply = await this.#serving.serve(call, request, found, sourceOf(reuse));
    if (reply !== undefined && reuse === "stale-while-revalidate" && !mayBeOfAnyAge) {
      this.#fetching.refresh(call, request, found);
    }
    return reply;
  }

  #reuseOf({ settings }: Call, request: CachedRequest, { meta }: CacheEntry): Reuse {
    if (settings.cache === "no-cache") return "validate";
    return this.#rules.reuseOf(meta, request, this.#environment.clock.wallNow());
  }
}

/** An entry that is not too large for a call. */
function usableBy({ settings }: Call, entry: CacheEntry | undefined): CacheEntry | undefined {
  return entry !== undefined && entry.body.length <= settings.maxBodyBytes ? entry : undefined;
}

/** Where a value came from that a stored response gave. */
function sourceOf(reuse: Reuse): ValueSource {
  return reuse === "fresh" ? "cache" : "stale";
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
