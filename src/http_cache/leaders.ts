/**
 * One request at a time for calls that ask for the same response.
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
import { LogicalClock } from "./logical_clock.ts";
import { matchesVary, varyNames } from "./rfc9111/vary.ts";
import type { CachedRequest, CacheRules } from "./rules.ts";
import type { Serving } from "./serving.ts";
import type { OnStored, Wanted } from "./wanted.ts";

/** What {@linkcode Leaders} needs. */
export interface LeadersOptions {
  readonly environment: Pick<Environment, "clock" | "deadlines" | "inBackground" | "timersBelongToRequests">;
  readonly rules: CacheRules;
  readonly serving: Serving;
  /** Sends the request to the network. */
  readonly fetch: (call: Call, wanted: Wanted, onStored: OnStored) => Promise<Reply>;
}

/** The outcome of a leader's request; empty if its caller has aborted. */
interface Ended {
  /** The entry that it has stored. */
  readonly entry?: CacheEntry | undefined;
  readonly reply?: Reply | undefined;
  readonly error?: unknown;
}

/** A call that waits for a leader. */
interface Waiting {
  readonly call: Call;
  /** Lets the call go on: with the leader's request if that has ended, else without. */
  readonly wake: (ended: UnderWay | undefined) => void;
}

/** A leader's request, in flight or ended. */
interface UnderWay {
  readonly call: Call;
  readonly url: string;
  /** The moment at which it began, on the logical clock. */
  readonly begunAt: number;
  /** The time at which it began, on the client's clock, in milliseconds. */
  readonly begunAtMs: number;
  /** The calls that wait for this request. A leader that takes over from a slow one shares its set. */
  readonly waiting: Set<Waiting>;
  /** The moment of the request whose response it stores, on the logical clock of the entries. */
  askedAt: number;
  /** Its outcome, once it has ended. */
  ended: Ended;
}

/** Lets one call at a time, the leader, send the same request; the others wait for its response. */
export class Leaders {
  readonly #options: LeadersOptions;
  /** The requests in flight by their keys. */
  readonly #underWay = new Map<string, UnderWay>();
  /** Counts calls that have come and requests that have begun. */
  readonly #logicalClock = new LogicalClock();

  /** Creates the leaders of one client. */
  constructor(options: LeadersOptions) {
    this.#options = options;
  }

  /**
   * Sends the request, unless another call has sent the same one: then the entry that the leader stores is the response. If the
   * call may not use that entry, the most patient of the waiting calls sends the request next, and the others wait again. A
   * leader's request that began after the call had come is as good as the call's own. The call then takes its response even if
   * the cache may not store it, and also its failure, unless the call would have tried harder.
   *
   * A call that waits for a more patient leader sends the request itself once an attempt of its own would have timed out.
   *
   * @param call The call.
   * @param wanted The request, and the stored response if there is one.
   * @param key The key of the request: calls with the same key share a leader.
   * @returns The reply.
   */
  async follow(call: Call, wanted: Wanted, key: string): Promise<Reply> {
    const cameAt = this.#logicalClock.tick();
    for (;;) {
      const underWay = this.#underWay.get(key);
      if (underWay === undefined || !mayStoreFor(underWay.call, call)) {
        return await this.#lead(call, wanted, key);
      }
      const ended = await this.#wait(call, underWay);
      call.throwIfCancelled();
      // The caller already has a stale response, so the call needs no request of its own.
      if (call.hasEnded) throw new Error(`Another request for ${wanted.request.url} was waited for in vain`);
      if (ended === undefined) {
        // Of several calls that cannot wait any longer, only the first one leads.
        if (this.#underWay.get(key) === underWay) return await this.#lead(call, wanted, key, underWay);
        continue;
      }
      if (hasFailed(ended.ended)) call.journey.hasSeenFailure = true;
      const reply = await this.#take(call, wanted.request, ended, cameAt);
      call.throwIfCancelled();
      if (reply !== undefined) return reply;
      const { entry } = ended.ended;
      if (entry !== undefined && fits(entry, call, wanted.request)) {
        wanted = { ...wanted, found: entry, foundAt: ended.askedAt, mayReplace: true };
      }
    }
  }

  /**
   * Notes that the resource of a URL may have changed: later calls must not wait for requests that were sent before, nor for
   * those that were redirected to it.
   */
  forget(changedUrl: string): void {
    for (const [key, { url, call: { redirectedTo = [] } }] of this.#underWay) {
      const requests = [{ url }, ...redirectedTo];
      if (requests.some(({ url }) => withoutFragment(url) === changedUrl)) this.#underWay.delete(key);
    }
  }

  async #lead(call: Call, wanted: Wanted, key: string, before?: UnderWay): Promise<Reply> {
    const own: UnderWay = {
      call,
      url: wanted.request.url,
      begunAt: this.#logicalClock.tick(),
      begunAtMs: this.#options.environment.clock.now(),
      waiting: before?.waiting ?? new Set(),
      askedAt: 0,
      ended: {},
    };
    this.#underWay.set(key, own);
    let stored: MaybePromise<CacheEntry | undefined>;
    try {
      const reply = await this.#options.fetch(call, wanted, (entry, askedAt) => {
        stored = entry;
        own.askedAt = askedAt;
      });
      own.ended = { reply };
      return reply;
    } catch (error) {
      own.ended = { error };
      throw error;
    } finally {
      // The cache may store the body of an error. The caller need not wait for it, but the calls behind the leader must.
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
    // Wake the most patient call first: it sends the next request if one is needed.
    const waiting = [...own.waiting].sort((one, other) => effortOf(other.call) - effortOf(one.call));
    for (const { wake } of waiting) wake(own);
  }

  /** Waits until a leader's request ends; gives `undefined` after the time that an attempt of the call's own may take. */
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
    // The leader may wait for a place in the same batch, so free the place of this call. Do so last: the batch then pulls its
    // next request, and the code of its source may abort this call.
    fallAsleep(call);
    return promise;
  }

  /** Returns how long a call waits for a leader's request at most, in milliseconds; `undefined` for no limit. */
  #longestWaitMs({ settings: { timeoutMs } }: Call, { call, begunAtMs }: UnderWay): number | undefined {
    const { timersBelongToRequests, clock } = this.#options.environment;
    // The runtime may have ended the leader's request together with the incoming request that had started it.
    if (timersBelongToRequests) return Math.max(0, begunAtMs + timeoutMs - clock.now());
    return timeoutMs < call.settings.timeoutMs ? timeoutMs : undefined;
  }

  /** Returns the outcome of a leader's request, if the call may use it. */
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

/** Whether a call selects the entry that a leader has stored, and the entry is not too large for the call. */
function fits({ meta, body }: CacheEntry, { settings }: Call, { sentHeaders }: CachedRequest): boolean {
  return body.length <= settings.maxBodyBytes && matchesVary(meta.vary, sentHeaders);
}

/** Whether the network has failed for a leader, even if its caller got a stale response. */
function hasFailed({ error, reply }: Ended): boolean {
  return isNetworkError(error) || reply?.from === "stale";
}

/** Whether a leader stores its response, or the call does not need that. */
function mayStoreFor(leader: Call, call: Call): boolean {
  return leader.settings.writeCache || !call.settings.writeCache;
}

/** Returns how long all attempts of a call may take together, in milliseconds. */
function effortOf(call: Call): number {
  return call.settings.timeoutMs * (retriesOf(call) + 1);
}

function retriesOf({ settings: { maxRetries = DEFAULT_RETRIES } }: Call): number {
  return maxRetries;
}

/** Whether a call has more time, retries or patience than another one, so that it might have succeeded where that one failed. */
function triesHarder(call: Call, other: Call): boolean {
  return call.settings.timeoutMs > other.settings.timeoutMs ||
    retriesOf(call) > retriesOf(other) || call.patienceMs > other.patienceMs ||
    (call.isOfBatch && !other.isOfBatch);
}

/** Whether a call would have failed as its leader did. */
function failsToo(call: Call, leader: Call, error: unknown): boolean {
  if (isNetworkError(error)) return !triesHarder(call, leader);
  return isBrokenBody(error) && call.settings.as === leader.settings.as;
}

/** Whether the network has delivered a broken body, such as a login page in place of JSON. */
export function isBrokenBody(error: unknown): boolean {
  return isInvalidDataError(error) && (error.reason === "not-json" || error.reason === "truncated");
}
