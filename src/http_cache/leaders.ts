/**
 * One request at a time for what several calls ask for.
 *
 * @module
 */

import type { CacheEntry, MaybePromise } from "../cache/cache.ts";
import { isInvalidDataError, isNetworkError } from "../errors.ts";
import { isSuccessStatus } from "../http/classify.ts";
import { withoutFragment } from "../http/url.ts";
import { fallAsleep } from "../lanes/errand.ts";
import type { Call, Pending } from "../policies/call.ts";
import type { Environment } from "../policies/policy.ts";
import type { Reply } from "../policies/reply.ts";
import { DEFAULT_RETRIES } from "../policies/retry.ts";
import { deferredAcrossRequests } from "../primitives/deferred.ts";
import { matchesVary, varyNames } from "./rfc9111/vary.ts";
import type { CachedRequest, CacheRules } from "./rules.ts";
import type { Serving } from "./serving.ts";
import type { OnStored, Wanted } from "./wanted.ts";

/** What the leaders work with. */
export interface LeadersOptions {
  readonly environment: Pick<Environment, "clock" | "deadlines" | "inBackground" | "timersBelongToRequests">;
  readonly rules: CacheRules;
  readonly serving: Serving;
  /** Asks the network. */
  readonly fetch: (call: Call, wanted: Wanted, onStored: OnStored) => Promise<Reply>;
}

/** What has become of a leader's request; nothing, if its caller has left. */
interface Ended {
  /** What it has stored. */
  readonly entry?: CacheEntry | undefined;
  readonly reply?: Reply | undefined;
  readonly error?: unknown;
}

/** One that waits. */
interface Waiting {
  readonly call: Call;
  /** Lets it go on: with the request that has ended, or without. */
  readonly wake: (ended: UnderWay | undefined) => void;
}

/** A leader's request. */
interface UnderWay {
  readonly call: Call;
  readonly url: string;
  /** The moment at which it was begun, in the order of calls. */
  readonly begunAt: number;
  /** The same on the clock. */
  readonly begunAtMs: number;
  /** Those that wait for it; and those that have waited for the one before it, if that goes on. */
  readonly waiting: Set<Waiting>;
  /** What has become of it, when it has ended. */
  ended: Ended;
}

/** Lets one call at a time ask for the same; the others wait for what it brings. */
export class Leaders {
  readonly #options: LeadersOptions;
  /** By what was asked for. */
  readonly #underWay = new Map<string, UnderWay>();
  /** How often a call has come, or begun to ask. */
  #moment = 0;

  /** Takes what it works with. */
  constructor(options: LeadersOptions) {
    this.#options = options;
  }

  /**
   * Asks, unless another call is asking for the same: then what that one stores is the response. If this call may not use it,
   * the most patient of those that have waited asks next, and the others wait again. A request that was begun
   * after a call had come is as good as the call's own: it takes the response even if that may not be stored, and a failure
   * too unless it would have tried harder.
   *
   * A call that waits for a more patient one asks itself when an attempt of its own would have taken too long.
   *
   * @param call The call.
   * @param wanted What it asks for.
   * @param key What requests for the same have in common.
   * @returns The reply.
   */
  async follow(call: Call, wanted: Wanted, key: string): Promise<Reply> {
    const cameAt = ++this.#moment;
    for (;;) {
      const underWay = this.#underWay.get(key);
      if (underWay === undefined || !mayStoreFor(underWay.call, call)) {
        return await this.#lead(call, wanted, key);
      }
      const ended = await this.#wait(call, underWay);
      call.throwIfCancelled();
      // It was answered with what is stale, and needs no request of its own.
      if (call.hasEnded) throw new Error(`Another request for ${wanted.request.url} was waited for in vain`);
      if (ended === undefined) {
        // Of several that can't wait any longer, one asks.
        if (this.#underWay.get(key) === underWay) return await this.#lead(call, wanted, key, underWay);
        continue;
      }
      if (hasFailed(ended.ended)) call.journey.hasSeenFailure = true;
      const reply = await this.#take(call, wanted.request, ended, cameAt);
      call.throwIfCancelled();
      if (reply !== undefined) return reply;
      const { entry } = ended.ended;
      if (entry !== undefined && fits(entry, call, wanted.request)) {
        wanted = { ...wanted, found: entry, mayReplace: true };
      }
    }
  }

  /** A URL's resource may have changed: requests from now on must not get what was asked for before. */
  forget(changedUrl: string): void {
    for (const [key, { url }] of this.#underWay) {
      if (withoutFragment(url) === changedUrl) this.#underWay.delete(key);
    }
  }

  async #lead(call: Call, wanted: Wanted, key: string, before?: UnderWay): Promise<Reply> {
    const own: UnderWay = {
      call,
      url: wanted.request.url,
      begunAt: ++this.#moment,
      begunAtMs: this.#options.environment.clock.now(),
      waiting: before?.waiting ?? new Set(),
      ended: {},
    };
    this.#underWay.set(key, own);
    let stored: MaybePromise<CacheEntry | undefined>;
    try {
      const reply = await this.#options.fetch(call, wanted, (entry) => void (stored = entry));
      own.ended = { reply };
      return reply;
    } catch (error) {
      own.ended = { error };
      throw error;
    } finally {
      // The caller need not wait for the body of an error, but the next request has to: it may be kept.
      if (stored instanceof Promise) {
        this.#options.environment.inBackground(stored.then((entry) => this.#end(key, own, entry)));
      } else {
        this.#end(key, own, stored);
      }
    }
  }

  #end(key: string, own: UnderWay, entry: CacheEntry | undefined): void {
    own.ended = own.call.cancelled && entry === undefined ? {} : { ...own.ended, entry };
    if (this.#underWay.get(key) === own) this.#underWay.delete(key);
    // The first to go on asks next, if one has to.
    const waiting = [...own.waiting].sort((one, other) => effortOf(other.call) - effortOf(one.call));
    for (const { wake } of waiting) wake(own);
  }

  /** Waits for a request to end; in vain, if an attempt of the call's own would have taken too long. */
  #wait(call: Call, underWay: UnderWay): Promise<UnderWay | undefined> {
    const { deadlines } = this.#options.environment;
    const waitMs = this.#longestWaitMs(call, underWay);
    const { promise, resolve } = deferredAcrossRequests<UnderWay | undefined>();
    const wake = (ended: UnderWay | undefined) => {
      if (deadline !== undefined) deadlines.remove(deadline);
      underWay.waiting.delete(waiting);
      if (call.pending === pending) call.pending = undefined;
      resolve(ended);
    };
    const waiting: Waiting = { call, wake };
    const pending: Pending = {
      cancel: () => wake(undefined),
      purpose: () => "another request for the same",
      leader: underWay.call,
    };
    const deadline = waitMs === undefined
      ? undefined
      : deadlines.add({ onDeadline: () => wake(undefined) }, waitMs);
    underWay.waiting.add(waiting);
    call.pending = pending;
    // The leader may wait for a place in the same batch. What is asked for another request then may have stopped this one.
    fallAsleep(call);
    return promise;
  }

  /** How long a call waits for a request at most, in milliseconds; `undefined` for as long as it takes. */
  #longestWaitMs({ settings: { timeoutMs } }: Call, { call, begunAtMs }: UnderWay): number | undefined {
    const { timersBelongToRequests, clock } = this.#options.environment;
    // The incoming request that it belongs to may have ended, and it with that.
    if (timersBelongToRequests) return Math.max(0, begunAtMs + timeoutMs - clock.now());
    return timeoutMs < call.settings.timeoutMs ? timeoutMs : undefined;
  }

  /** What a request has brought, if a call may use it. */
  async #take(
    call: Call,
    request: CachedRequest,
    { call: leader, begunAt, ended: { entry, reply, error } }: UnderWay,
    cameAt: number,
  ): Promise<Reply | undefined> {
    const { rules, serving, environment: { clock } } = this.#options;
    const isOwn = begunAt > cameAt;
    if (entry !== undefined) {
      if (!fits(entry, call, request)) return undefined;
      if (!isOwn && rules.reuseOf(entry.meta, request, clock.wallNow()) === "validate") return undefined;
      return await serving.serve(call, request, entry, "shared");
    }
    if (!isOwn) return undefined;
    if (reply !== undefined) {
      if (!isSuccessStatus(reply.status) && triesHarder(call, leader)) return undefined;
      const selects = ({ headers }: Pick<Reply, "headers">) =>
        varyNames(headers)?.includes("accept") !== false;
      const responses = [reply, ...leader.journey.exchange?.hops ?? []];
      if (call.settings.as !== leader.settings.as && responses.some(selects)) return undefined;
      return await serving.share(call, leader, reply);
    }
    if (error === undefined || !failsToo(call, leader, error)) return undefined;
    call.attempts = leader.attempts;
    throw error;
  }
}

/** Whether what a leader has stored is what a call selects, and not too large for it. */
function fits({ meta, body }: CacheEntry, { settings }: Call, { sentHeaders }: CachedRequest): boolean {
  return body.length <= settings.maxBodyBytes && matchesVary(meta.vary, sentHeaders);
}

/** Whether a leader has found that the network fails, whatever its caller was answered with. */
function hasFailed({ error, reply }: Ended): boolean {
  return isNetworkError(error) || reply?.from === "stale";
}

/** Whether a leader stores what it gets, if a call wants that. */
function mayStoreFor(leader: Call, call: Call): boolean {
  return leader.settings.writeCache || !call.settings.writeCache;
}

/** How long a call's attempts may take together, in milliseconds. */
function effortOf(call: Call): number {
  return call.settings.timeoutMs * (retriesOf(call) + 1);
}

function retriesOf({ settings: { maxRetries = DEFAULT_RETRIES } }: Call): number {
  return maxRetries;
}

/** Whether a call might have succeeded where another one has failed. */
function triesHarder(call: Call, other: Call): boolean {
  return call.settings.timeoutMs > other.settings.timeoutMs ||
    retriesOf(call) > retriesOf(other) || call.patienceMs > other.patienceMs ||
    (call.isOfBatch && !other.isOfBatch);
}

/** Whether a leader's failure is what a call would have met with. */
function failsToo(call: Call, leader: Call, error: unknown): boolean {
  if (isNetworkError(error)) return !triesHarder(call, leader);
  return isInvalidDataError(error) && (error.reason === "not-json" || error.reason === "truncated") &&
    call.settings.as === leader.settings.as;
}
