/**
 * The cache policy, through which every request passes: it answers without the network if the rules allow, and stores responses
 * of the network.
 *
 * @module
 */

import { describeKind } from "../primitives/argument_checks.ts";
import type { CacheAdapter, CacheEntry } from "../cache/cache.ts";
import { sha256 } from "../cache/sha256.ts";
import { sentHeaders } from "../http/headers.ts";
import { withAccept } from "../policies/default_headers.ts";
import type { CacheContext, CachePolicyMaker } from "../policies/cache_plan.ts";
import type { Call } from "../policies/call.ts";
import type { ValueSource } from "../policies/event.ts";
import type { Environment, Handler } from "../policies/policy.ts";
import type { Reply } from "../policies/reply.ts";
import { offlineError, unsatisfiable } from "../policies/without_network.ts";
import { AdapterState } from "./adapter_state.ts";
import { startInBackground } from "./background_call.ts";
import { Changes } from "./changes.ts";
import { Entries } from "./entries.ts";
import { EntriesState } from "./entries_state.ts";
import { Fetching } from "./fetching.ts";
import { GuardedAdapter } from "./guarded_adapter.ts";
import type { LifetimeOptions } from "./lifetimes.ts";
import type { Partition, PartitionRequest } from "./partition.ts";
import { requestDirectives } from "./rfc9111/cache_control.ts";
import type { Reuse, StaleWindows } from "./rfc9111/reuse.ts";
import type { CachedRequest, CacheRules } from "./rules.ts";
import { Serving } from "./serving.ts";
import { orStaleInTime } from "./stale_in_time.ts";
import { hasCredentials, resourceUrl } from "./request_identity.ts";
import type { Wanted } from "./wanted.ts";

/** Options of {@linkcode cachePolicy}. */
export interface CachePolicyOptions {
  /** The store of the entries. */
  readonly adapter: CacheAdapter;
  /** The caller's adapters, the fastest first; more than one for tiers. Plans with the same ones share their state. */
  readonly tiers: readonly CacheAdapter[];
  /** The rules that say which responses the cache may use and store, and for how long. */
  readonly Rules: new (lifetimes: LifetimeOptions, windows: StaleWindows) => CacheRules;
  /** How long a response is fresh, in milliseconds; under the rules of HTTP only if the server does not say. */
  readonly ttlMs: LifetimeOptions["ttlMs"];
  /** How long a 404 or 410 is fresh, in milliseconds. */
  readonly negative: LifetimeOptions["negative"];
  /** How long the cache may serve a stale response. */
  readonly windows: StaleWindows;
  /** How long a request waits for a failing network if the cache may serve a stale response, in milliseconds. */
  readonly staleAfterMs: number;
  /** Names the partition of a request's response; `null` if the cache must not store the response. */
  readonly partition: Partition | undefined;
  /** How many bytes of bodies may wait in memory until the adapter has stored them. */
  readonly maxPendingBytes: number;
}

/**
 * Creates the cache policy of a client. The policy looks into the cache first, as far as the rules and the call's cache mode
 * allow it. It validates stale responses, and stores responses of the network. Requests for the same response wait for the one in
 * flight. A fault of the adapter counts as a miss or as a refused write, and causes one warning for each operation.
 *
 * Clients with plans of the same adapter, or of the same tiers, share the state of the adapter and of its entries: the writes in
 * flight, and which entries a change has made wrong, and when. Requests in flight belong to one client each, because a request
 * obeys the limits of its client and ends with it.
 *
 * @param options The adapter, the rules and the limits.
 * @returns The function that makes the policy of one client. For a miss of an offline client, the policy throws an
 * `OfflineError`.
 */
export function cachePolicy(options: CachePolicyOptions): CachePolicyMaker {
  const shared = sharedStates.of(options.tiers);
  return (environment, context) => (next) => {
    const handler = new CacheHandler(environment, context, options, shared, next);
    return (call) => handler.answer(call);
  };
}

/** The state that all clients with the same adapter, or with the same tiers, share. */
class SharedState {
  readonly adapter: AdapterState = new AdapterState();
  readonly entries: EntriesState = new EntriesState();
}

/** The states of all plans, by their tiers. */
class SharedStates {
  readonly #bySlowerTiers = new WeakMap<CacheAdapter, SharedStates>();
  #state: SharedState | undefined;

  /**
   * Returns the state that all plans with the same tiers share. An entry that one plan has invalidated is invalid for the others
   * at once, however long the adapters take to remove it.
   */
  of([tier, ...slower]: readonly CacheAdapter[]): SharedState {
    if (tier === undefined) return this.#state ??= new SharedState();
    const states = this.#bySlowerTiers.get(tier) ?? new SharedStates();
    this.#bySlowerTiers.set(tier, states);
    return states.of(slower);
  }
}

const sharedStates = new SharedStates();

/** Marks the partition of requests with `redirect: "manual"`: for them, the redirect itself is the response. */
const UNFOLLOWED = " unfollowed";

class CacheHandler {
  readonly #environment: Environment;
  readonly #context: CacheContext;
  readonly #partition: Partition | undefined;
  readonly #staleAfterMs: number;
  readonly #next: Handler;
  readonly #store: GuardedAdapter;
  readonly #rules: CacheRules;
  readonly #entries: Entries;
  readonly #serving: Serving;
  readonly #fetching: Fetching;
  readonly #changes: Changes;
  /**
   * The origins that have failed, so that the cache served a stale response, and that have not answered since. All mirrors count
   * as one origin.
   */
  readonly #outages = new WeakSet<object>();

  constructor(
    environment: Environment,
    context: CacheContext,
    options: CachePolicyOptions,
    shared: SharedState,
    next: Handler,
  ) {
    const { adapter, maxPendingBytes, Rules, ttlMs, negative, windows, partition, staleAfterMs } = options;
    const store = new GuardedAdapter(environment, adapter, { state: shared.adapter, maxPendingBytes });
    const onError = (error: unknown) => store.warn("find its time to live", error);
    const rules = new Rules({ ttlMs, negative, onError }, windows);
    const entries = new Entries(rules, store, shared.entries);
    const serving = new Serving(environment, rules, entries, context.offline);
    const { maxEntryBytes, keepsParsed } = store;
    this.#environment = environment;
    this.#context = context;
    this.#partition = partition;
    this.#staleAfterMs = staleAfterMs;
    this.#next = next;
    this.#store = store;
    this.#rules = rules;
    this.#entries = entries;
    this.#serving = serving;
    this.#fetching = new Fetching({
      environment,
      context,
      rules,
      entries,
      serving,
      next,
      startInBackground: (original, handler) => startInBackground(environment, original, handler),
      maxEntryBytes,
      keepsParsed,
    });
    this.#changes = new Changes({
      environment,
      context,
      rules,
      entries,
      fetching: this.#fetching,
      next,
      describe: (call) => this.#describe(call),
    });
  }

  answer(call: Call): Promise<Reply> {
    const { offline } = this.#context;
    if (call.request.method !== "GET") {
      return offline ? Promise.reject(offlineError(call)) : this.#changes.send(call);
    }
    const request = call.settings.cache === "no-store" ? undefined : this.#describe(call);
    if (request === undefined || !this.#rules.isCacheable(request)) {
      return offline ? Promise.reject(offlineError(call)) : this.#next(call);
    }
    return offline ? this.#answerOffline(call, request) : this.#answerOnline(call, request);
  }

  /** Returns the request as the cache sees it; `undefined` if the request must bypass the cache. */
  #describe(call: Call): CachedRequest | undefined {
    const { redirect = "follow", integrity } = call.request.init ?? {};
    // The runtime compares a response with `integrity` only when it arrives: a stored one was never compared with it.
    if (integrity) return undefined;
    const url = resourceUrl(call, this.#context);
    const { headers: common } = this.#context;
    const headers = sentHeaders(common, call.request.headers, call.request.withheld);
    const partition = this.#partitionOf(call, { url, headers });
    if (partition === null) return undefined;
    const hash = partition === "" ? "" : sha256(partition);
    return {
      url,
      headers,
      sentHeaders: call.streams ? headers : withAccept(headers, call.settings.as),
      directives: requestDirectives(headers),
      partition: redirect === "manual" ? hash + UNFOLLOWED : hash,
      refusesRedirects: redirect === "error",
    };
  }

  #partitionOf(call: Call, request: PartitionRequest): string | null {
    const partition = this.#partition;
    if (partition === undefined) return hasCredentials(call, this.#context) ? null : "";
    try {
      const name = partition(request);
      if (name === null || typeof name === "string") return name;
      throw new TypeError(
        `Cannot find the partition as it must be a string or null: received ${describeKind(name)}`,
      );
    } catch (error) {
      // It is unknown whose response this is, so do not store it.
      this.#store.warn("find the partition", error);
      return null;
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
    // Look up the variants also for a request that may not read: otherwise its write would replace their index.
    const isLookedUp = mayRead || this.#rules.knowsVariants;
    const foundAt = this.#entries.now;
    const stored = isLookedUp ? await this.#find(call, request) : undefined;
    const found = mayRead ? usableBy(call, stored) : undefined;
    const reply = found === undefined ? undefined : await this.#answerFrom(call, request, found);
    if (reply !== undefined) return reply;
    if (cache === "only-if-cached" || request.directives.has("only-if-cached")) {
      return unsatisfiable(request.url);
    }
    const wanted = { request, found, foundAt, mayReplace: stored !== undefined || !isLookedUp };
    const work = mayRead && !call.streams
      ? this.#fetching.fetchOnce(call, wanted)
      : this.#fetching.fetch(call, wanted);
    const nowMs = this.#environment.clock.wallNow();
    if (found === undefined || !this.#rules.mayAnswerError(found.meta, request, nowMs)) return await work;
    return await this.#orStale(work, call, wanted);
  }

  /**
   * Waits for the network, or serves a stale response in time. Once a request has waited in vain, later ones wait less until the
   * origin answers.
   */
  async #orStale(work: Promise<Reply>, call: Call, wanted: Wanted): Promise<Reply> {
    const origin = call.lane ?? this.#context;
    work.then(({ from }) => from !== "stale" && this.#outages.delete(origin), () => {});
    const reply = await orStaleInTime(work, call, () => this.#fetching.rescue(call, wanted), {
      environment: this.#environment,
      context: this.#context,
      staleAfterMs: this.#staleAfterMs,
      isOut: this.#outages.has(origin),
    });
    if (reply.from === "stale" && this.#staleAfterMs < Infinity) this.#outages.add(origin);
    return reply;
  }

  async #find(call: Call, request: CachedRequest): Promise<CacheEntry | undefined> {
    // Wait at most a quarter of the call's remaining time for each read: the network needs the rest if the adapter does not
    // answer.
    const leftMs = call.deadlineAtMs - this.#environment.clock.now();
    const found = await this.#entries.find(request, leftMs === Infinity ? undefined : leftMs / 4);
    // Do not serve a caller that has aborted meanwhile, nor send a request for it.
    call.throwIfCancelled();
    return found;
  }

  /** Answers with the stored response, if the rules allow that without validating it first. */
  async #answerFrom(call: Call, request: CachedRequest, found: CacheEntry): Promise<Reply | undefined> {
    const { cache } = call.settings;
    const reuse = this.#reuseOf(call, request, found);
    const mayBeOfAnyAge = cache === "force-cache" || cache === "only-if-cached";
    if (reuse === "validate" && !mayBeOfAnyAge) return undefined;
    const isToRefresh = reuse === "stale-while-revalidate" && !mayBeOfAnyAge;
    const first = isToRefresh ? this.#fetching.refreshFirst(call, request, found) : undefined;
    if (first !== undefined) {
      const entry = await first;
      call.throwIfCancelled();
      return await this.#serving.serve(call, request, entry, entry === found ? "stale" : "shared");
    }
    const reply = await this.#serving.serve(call, request, found, sourceOf(reuse));
    if (reply !== undefined && isToRefresh) this.#fetching.refresh(call, request, found);
    return reply;
  }

  #reuseOf({ settings }: Call, request: CachedRequest, { meta }: CacheEntry): Reuse {
    if (settings.cache === "no-cache") return "validate";
    return this.#rules.reuseOf(meta, request, this.#environment.clock.wallNow());
  }
}

/** Returns the entry, unless it is larger than the call's `maxBodyBytes`. */
function usableBy({ settings }: Call, entry: CacheEntry | undefined): CacheEntry | undefined {
  return entry !== undefined && entry.body.length <= settings.maxBodyBytes ? entry : undefined;
}

/** Returns the source that the caller sees for a stored response. */
function sourceOf(reuse: Reuse): ValueSource {
  return reuse === "fresh" ? "cache" : "stale";
}
