/**
 * Sends requests to the network for the cache, and stores the responses.
 *
 * @module
 */

import type { CacheEntry, MaybePromise } from "../cache/cache.ts";
import { KeptValues } from "../cache/kept_values.ts";
import { isRefusalStatus } from "./rfc9111/storability.ts";
import { conditionalHeaders, confirms } from "./rfc9111/validation.ts";
import { isNetworkError } from "../errors.ts";
import { isEmpty, mergeHeaders } from "../http/headers.ts";
import type { CacheContext } from "../policies/cache_plan.ts";
import type { Call } from "../policies/call.ts";
import type { Environment, Handler } from "../policies/policy.ts";
import type { Reply } from "../policies/reply.ts";
import { deferred } from "../primitives/deferred.ts";
import { toCachedResponse } from "./cached_response.ts";
import type { Entries, EntryPlan } from "./entries.ts";
import { keepDecoded } from "./decode_entry.ts";
import { isBrokenBody, Leaders, type LeadersOptions } from "./leaders.ts";
import { Refreshes } from "./refreshes.ts";
import type { CachedRequest, CachedResponse, CacheRules } from "./rules.ts";
import type { Serving } from "./serving.ts";
import { variesByMirror } from "./request_identity.ts";
import type { OnStored, Wanted } from "./wanted.ts";

/** What {@linkcode Fetching} needs. */
export interface FetchingOptions {
  readonly environment: Environment;
  readonly context: CacheContext;
  readonly rules: CacheRules;
  readonly entries: Entries;
  readonly serving: Serving;
  readonly next: Handler;
  /** Starts a call without a caller; see `background_call.ts`. */
  readonly startInBackground: (original: Call, handler: Handler) => void;
  /** The largest body that the cache stores, in bytes. */
  readonly maxEntryBytes: number;
  /** Whether the adapter keeps decoded values beside the bodies. */
  readonly keepsParsed: boolean;
}

/** A reply of the network. */
interface Brought {
  readonly reply: Reply;
  /** The moment at which its request was sent. */
  readonly askedAt: number;
}

/** Fetches responses that the cache does not have, or must validate. */
export class Fetching {
  readonly #options: FetchingOptions;
  readonly #leaders: Leaders;
  readonly #refreshes: Refreshes;

  /** Creates the fetching of one client. */
  constructor(options: FetchingOptions) {
    const { environment, rules, serving } = options;
    const fetch: LeadersOptions["fetch"] = (call, wanted, onStored) => this.fetch(call, wanted, onStored);
    this.#options = options;
    this.#leaders = new Leaders({ environment, rules, serving, fetch });
    this.#refreshes = new Refreshes(environment.clock);
  }

  /**
   * Fetches a response, unless another call is fetching the same one: then the call waits for that one; see
   * {@linkcode Leaders.follow}.
   */
  fetchOnce(call: Call, wanted: Wanted): Promise<Reply> {
    const { request } = wanted;
    const headers = JSON.stringify(Object.entries(request.headers).sort());
    // A request with `no-cache` must not share a request without it, which does not validate a fresh response.
    const mode = call.settings.cache === "no-cache" ? "no-cache" : "";
    return this.#leaders.follow(
      call,
      wanted,
      `${this.#options.rules.primaryKey(request)}\n${mode}\n${headers}`,
    );
  }

  /** Notes that the resource of a URL may have changed: later calls must not wait for requests that were sent before. */
  forget(changedUrl: string): void {
    this.#leaders.forget(changedUrl);
  }

  /** Sends the request, with the conditions that validate the stored response if there is one. */
  fetch(call: Call, wanted: Wanted, onStored?: OnStored): Promise<Reply> {
    // The server would compare the stored response with the whole, not with the part that is asked for.
    const toValidate = isPartial(wanted.request) ? undefined : wanted.found;
    return this.#send(call, wanted, toValidate, onStored);
  }

  async #send(
    call: Call,
    wanted: Wanted,
    toValidate: CacheEntry | undefined,
    onStored: OnStored | undefined,
  ): Promise<Reply> {
    this.#setHeaders(call, toValidate);
    const { writeCache } = call.settings;
    const asksAnew = wanted.found !== undefined;
    call.journey.exchange = writeCache || asksAnew
      ? { keepsBody: writeCache, ...(asksAnew ? { asksAnew } : {}), sentAtMs: 0, answeredAtMs: 0 }
      : undefined;
    const askedAt = this.#options.entries.nextMoment();
    let reply: Reply;
    try {
      reply = await this.#options.next(call);
    } catch (error) {
      // After an abort, the caller wants no stale response either.
      const rescue = isFailure(error) && !call.cancelled ? await this.rescue(call, wanted) : undefined;
      if (rescue === undefined) throw error;
      return rescue;
    }
    if (reply.status === 304 && call.journey.isValidating) {
      return await this.#confirm(call, wanted, { reply, askedAt }, onStored);
    }
    // A 304 to a request without conditions is a fault of the server or of a proxy.
    const isFault = reply.status >= 500 || reply.status === 304;
    const rescue = isFault ? await this.rescue(call, wanted) : undefined;
    if (rescue !== undefined) {
      reply.openBody?.discard();
      return rescue;
    }
    return isPartial(wanted.request) ? reply : this.#keep(call, wanted, { reply, askedAt }, onStored);
  }

  #setHeaders(call: Call, toValidate: CacheEntry | undefined): void {
    // In a browser, its own cache sends these headers. Another origin might not allow a page to set them (CORS).
    const isBrowser = !this.#options.environment.runtime.showsRedirects;
    const conditions = toValidate === undefined || isBrowser ? {} : conditionalHeaders(toValidate.meta);
    call.journey.ownHeaders = mergeHeaders(call.request.headers, conditions);
    call.journey.isValidating = !isEmpty(conditions);
  }

  /** Serves the stored response in place of a failure, if the rules allow it. */
  async rescue(call: Call, { request, found, foundAt }: Wanted): Promise<Reply | undefined> {
    const { entries, rules, serving, environment: { clock } } = this.#options;
    if (found === undefined || !rules.mayAnswerError(found.meta, request, clock.wallNow())) return undefined;
    // Other calls may share the reply, and may have come after the change.
    if (entries.hasChanged(request, found.meta, foundAt)) return undefined;
    return await serving.serve(call, request, found, "stale");
  }

  /** Handles a 304: the server says that the stored response is still right. */
  async #confirm(
    call: Call,
    wanted: Wanted,
    { reply: notModified, askedAt }: Brought,
    onStored: OnStored | undefined,
  ): Promise<Reply> {
    const { request, found } = wanted;
    const { rules, entries, serving, environment } = this.#options;
    notModified.openBody?.discard();
    const response = this.#responseOf(call, notModified);
    const { meta, storable } = rules.freshen(found!.meta, response, request);
    // Keep the body and its decoded values: they have not changed.
    const entry: CacheEntry = { ...found!, meta };
    // A 304 from another URL, or about another representation, does not confirm the stored response.
    const isConfirmed = response.redirects?.length === 0 && confirms(found!.meta, notModified.headers);
    const reply = isConfirmed ? await serving.serve(call, request, entry, "cache") : undefined;
    // The stored response is not confirmed, or this call cannot use it: request the whole response.
    if (reply === undefined) return await this.#send(call, wanted, undefined, onStored);
    if (!call.settings.writeCache || entries.isOutdated(request, meta, askedAt)) return reply;
    environment.inBackground(
      storable ? entries.refresh(request, entry, askedAt) : entries.removeSelected(request, askedAt),
    );
    if (storable) onStored?.(entry, askedAt);
    return reply;
  }

  /**
   * Stores a reply in the background, without making the caller wait. If the caller reads the body, the cache stores it when the
   * caller has read it to its end. Only for a redirected reply, the caller waits until the generations of the redirects' targets
   * are known.
   */
  #keep(
    call: Call,
    wanted: Wanted,
    brought: Brought,
    onStored: OnStored | undefined,
  ): MaybePromise<Reply> {
    const { reply, askedAt } = brought;
    if (!call.settings.writeCache) return reply;
    const { request, mayReplace } = wanted;
    const { entries, environment, rules, context } = this.#options;
    const response = this.#responseOf(call, reply);
    const isHidden = variesByMirror(call, rules.varyNames(response) ?? [], context);
    const plan = isHidden ? undefined : entries.plan(request, response);
    if (plan === undefined) {
      if (mayReplace && !isPassing(reply.status)) {
        environment.inBackground(entries.removeSelected(request, askedAt));
      }
      return reply;
    }
    if (plan.meta.via === undefined) return this.#keepAs(plan, call, wanted, brought, onStored);
    return entries.bind(plan).then((bound) => this.#keepAs(bound, call, wanted, brought, onStored));
  }

  #keepAs(
    plan: EntryPlan,
    call: Call,
    { request, mayReplace }: Wanted,
    { reply, askedAt }: Brought,
    onStored: OnStored | undefined,
  ): Reply {
    const { entries, environment, keepsParsed, maxEntryBytes } = this.#options;
    const decoded = keepsParsed ? new KeptValues() : undefined;
    // After a change, do not store the response, nor give it to waiting calls: some of them may have come after the change.
    const toEntry = (body: Uint8Array<ArrayBuffer> | undefined): CacheEntry | undefined =>
      body === undefined || entries.isOutdated(request, plan.meta, askedAt)
        ? undefined
        : { meta: plan.meta, body, decoded };
    const save = async (body: Uint8Array<ArrayBuffer> | undefined) => {
      // The server has replaced the stored response, so remove it even if the new one could not be stored.
      if (body === undefined && mayReplace) await entries.removeSelected(request, askedAt);
      const entry = toEntry(body);
      if (entry !== undefined) await entries.store(request, plan, entry, askedAt);
    };
    if (reply.body instanceof Uint8Array) {
      reply.shared = true;
      const { body } = reply;
      environment.inBackground(save(body));
      // Keep the value after the adapter has the entry, and before the caller gets the value.
      keepDecoded(call, reply, decoded);
      onStored?.(toEntry(body), askedAt);
    } else if (reply.openBody !== undefined) {
      const collected = reply.openBody.collect(maxEntryBytes);
      // A body that breaks off is a network failure: `collected` rejects, and the stored response stays.
      environment.inBackground(collected.then(save));
      onStored?.(collected.then(toEntry, () => undefined), askedAt);
    }
    return reply;
  }

  #responseOf(call: Call, reply: Reply): CachedResponse {
    return toCachedResponse(call, reply, this.#options.environment.clock.wallNow());
  }

  /** Refreshes a stale response in the background after it was served. At most one refresh of an entry runs at a time. */
  refresh(call: Call, request: CachedRequest, found: CacheEntry): void {
    const { key } = found.meta;
    if (!mayRefresh(call, request)) return;
    const end = this.#refreshes.tryBegin(key);
    const foundAt = this.#options.entries.now;
    if (end !== undefined) this.#start(call, { request, found, foundAt, mayReplace: true }, end);
  }

  /**
   * Refreshes a stale response before it is served, where the runtime may have ended an earlier refresh together with the
   * incoming request that had started it.
   *
   * @returns The new entry, or the stale one if the refresh has failed; `undefined` if the caller need not wait.
   */
  refreshFirst(call: Call, request: CachedRequest, found: CacheEntry): Promise<CacheEntry> | undefined {
    if (!this.#options.environment.timersBelongToRequests || !mayRefresh(call, request)) return undefined;
    const end = this.#refreshes.tryTakeOver(found.meta.key);
    if (end === undefined) return undefined;
    const { promise, resolve } = deferred<CacheEntry>();
    let stored: MaybePromise<CacheEntry | undefined>;
    const ended = async (succeeded: boolean): Promise<void> => {
      end(succeeded);
      resolve(await stored ?? found);
    };
    const wanted = { request, found, foundAt: this.#options.entries.now, mayReplace: true };
    this.#start(call, wanted, ended, (entry) => void (stored = entry));
    return promise;
  }

  /** Sends the request in the background. */
  #start(call: Call, wanted: Wanted, end: (succeeded: boolean) => void, onStored?: OnStored): void {
    this.#options.startInBackground(call, async (background) => {
      let succeeded = false;
      try {
        const reply = await this.fetch(background, wanted, onStored);
        succeeded = reply.from !== "stale" && !isPassing(reply.status);
        return reply;
      } finally {
        end(succeeded);
      }
    });
  }
}

/**
 * Whether a call may cause a refresh: not if it asks for a range, which cannot refresh the whole, nor if it wants no request at
 * all.
 */
function mayRefresh(call: Call, request: CachedRequest): boolean {
  return !isPartial(request) && !request.directives.has("only-if-cached") && call.settings.writeCache;
}

/** Whether a request asks for a part of the resource. */
function isPartial({ headers }: CachedRequest): boolean {
  return "range" in headers;
}

/** Whether the network has failed, or has delivered a broken body. */
function isFailure(error: unknown): boolean {
  return isNetworkError(error) || isBrokenBody(error);
}

/**
 * Whether a status is that of a temporary failure, of a refusal, or of a 304 to a request without conditions: it does not refute
 * the stored response.
 */
function isPassing(status: number): boolean {
  return status >= 500 || status === 429 || status === 408 || status === 304 || isRefusalStatus(status);
}
