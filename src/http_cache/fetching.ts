/**
 * Asking the network on behalf of the cache, and storing what it says.
 *
 * @module
 */

import type { CacheEntry, MaybePromise } from "../cache/cache.ts";
import { KeptValues } from "../cache/kept_values.ts";
import { conditionalHeaders, confirms } from "./rfc9111/validation.ts";
import { isInvalidDataError, isNetworkError } from "../errors.ts";
import { isEmpty, mergeHeaders } from "../http/headers.ts";
import type { CacheSurroundings } from "../policies/cache_plan.ts";
import type { Call } from "../policies/call.ts";
import type { Environment, Handler } from "../policies/policy.ts";
import type { Reply } from "../policies/reply.ts";
import { deferred } from "../primitives/deferred.ts";
import { toCachedResponse } from "./cached_response.ts";
import type { Entries, EntryPlan } from "./entries.ts";
import { keepDecoded } from "./decode_entry.ts";
import { Leaders, type LeadersOptions } from "./leaders.ts";
import { Refreshes } from "./refreshes.ts";
import type { CachedRequest, CachedResponse, CacheRules } from "./rules.ts";
import type { Serving } from "./serving.ts";
import { variesByMirror } from "./request_identity.ts";
import type { OnStored, Wanted } from "./wanted.ts";

/** What the fetching works with. */
export interface FetchingOptions {
  readonly environment: Environment;
  readonly surroundings: CacheSurroundings;
  readonly rules: CacheRules;
  readonly entries: Entries;
  readonly serving: Serving;
  readonly next: Handler;
  /** Starts a call without a caller; see `background_call.ts`. */
  readonly startInBackground: (original: Call, handler: Handler) => void;
  /** The largest body that is stored, in bytes. */
  readonly maxEntryBytes: number;
  /** Whether what bodies are decoded to is stored with them. */
  readonly keepsParsed: boolean;
}

/** What the network has brought. */
interface Brought {
  readonly reply: Reply;
  /** The moment at which it was asked for. */
  readonly askedAt: number;
}

/** Fetches what the cache does not have, or must ask about. */
export class Fetching {
  readonly #options: FetchingOptions;
  readonly #leaders: Leaders;
  readonly #refreshes: Refreshes;

  /** Takes what it works with. */
  constructor(options: FetchingOptions) {
    const { environment, rules, serving } = options;
    const fetch: LeadersOptions["fetch"] = (call, wanted, onStored) => this.fetch(call, wanted, onStored);
    this.#options = options;
    this.#leaders = new Leaders({ environment, rules, serving, fetch });
    this.#refreshes = new Refreshes(environment.clock);
  }

  /** Fetches, unless another call is fetching the same: then it waits for that one, see {@linkcode Leaders.follow}. */
  fetchOnce(call: Call, wanted: Wanted): Promise<Reply> {
    const { request } = wanted;
    const headers = JSON.stringify(Object.entries(request.headers).sort());
    // A request that validates does not want what was asked for before.
    const mode = call.settings.cache === "no-cache" ? "no-cache" : "";
    return this.#leaders.follow(
      call,
      wanted,
      `${this.#options.rules.primaryKey(request)}\n${mode}\n${headers}`,
    );
  }

  /** A URL's resource may have changed: requests from now on must not get what was asked for before. */
  forget(changedUrl: string): void {
    this.#leaders.forget(changedUrl);
  }

  /** Asks the network, on the condition that what was found is out of date. */
  async fetch(call: Call, wanted: Wanted, onStored?: OnStored): Promise<Reply> {
    const { request } = wanted;
    const isPartial = "range" in request.headers;
    this.#setHeaders(call, isPartial || wanted.isRefuted === true ? { ...wanted, found: undefined } : wanted);
    const { cache, writeCache } = call.settings;
    const asksAnew = wanted.found !== undefined || cache === "reload" || cache === "no-cache";
    call.journey.exchange = writeCache || asksAnew
      ? { keepsBody: writeCache, ...(asksAnew ? { asksAnew } : {}), sentAtMs: 0, answeredAtMs: 0 }
      : undefined;
    const askedAt = this.#options.entries.nextMoment();
    let reply: Reply;
    try {
      reply = await this.#options.next(call);
    } catch (error) {
      // The caller's own abort is no failure that something stale could make good.
      const rescue = isFailure(error) && !call.cancelled ? await this.rescue(call, wanted) : undefined;
      if (rescue === undefined) throw error;
      return rescue;
    }
    if (reply.status === 304 && call.journey.isValidating) {
      return await this.#confirm(call, wanted, { reply, askedAt }, onStored);
    }
    // A 304 that was not asked for is the mistake of something on the way.
    const isFault = reply.status >= 500 || reply.status === 304;
    const rescue = isFault ? await this.rescue(call, wanted) : undefined;
    if (rescue !== undefined) {
      reply.openBody?.discard();
      return rescue;
    }
    return isPartial ? reply : this.#keep(call, wanted, { reply, askedAt }, onStored);
  }

  #setHeaders(call: Call, { request, found }: Wanted): void {
    // A browser's own cache asks and says all of this itself. Of a page, other origins need not have allowed these headers.
    const isBrowser = !this.#options.environment.runtime.showsRedirects;
    const conditions = found === undefined || isBrowser ? {} : conditionalHeaders(found.meta);
    call.journey.ownHeaders = mergeHeaders(call.request.headers, conditions);
    call.journey.isValidating = !isEmpty(conditions);
    const { cache } = call.settings;
    if (isBrowser || "cache-control" in request.headers) return;
    // As the fetch standard has it: caches on the way are to ask as well, or to let the request through.
    if (cache === "no-cache") {
      call.journey.ownHeaders = mergeHeaders(call.headers, { "cache-control": "max-age=0" });
    } else if (cache === "reload") {
      call.journey.ownHeaders = mergeHeaders({ pragma: "no-cache", ...call.headers }, {
        "cache-control": "no-cache",
      });
    }
  }

  /** What was found, in place of a failure, if it may be used so. */
  async rescue(call: Call, { request, found }: Wanted): Promise<Reply | undefined> {
    const { rules, serving, environment: { clock } } = this.#options;
    if (found === undefined || !rules.mayAnswerError(found.meta, request, clock.wallNow())) return undefined;
    return await serving.serve(call, request, found, "stale");
  }

  /** The server has said that what was found is still right. */
  async #confirm(
    call: Call,
    { request, found }: Wanted,
    { reply: notModified, askedAt }: Brought,
    onStored: OnStored | undefined,
  ): Promise<Reply> {
    const { rules, entries, serving, environment } = this.#options;
    notModified.openBody?.discard();
    const response = this.#responseOf(call, notModified);
    const { meta, storable } = rules.freshen(found!.meta, response, request);
    // The body is the same, and so is what it was decoded to.
    const entry: CacheEntry = { ...found!, meta };
    // The word of another URL, or on another representation, says nothing of what was found.
    const isConfirmed = response.redirects?.length === 0 && confirms(found!.meta, notModified.headers);
    const reply = isConfirmed ? await serving.serve(call, request, entry, "cache") : undefined;
    // What was found is of no use to this caller, so the server must send something.
    if (reply === undefined) {
      return await this.fetch(call, { request, found, mayReplace: true, isRefuted: true }, onStored);
    }
    if (!call.settings.writeCache || entries.isOutdated(request, meta, askedAt)) return reply;
    environment.inBackground(
      storable ? entries.refresh(request, entry, askedAt) : entries.removeSelected(request, askedAt),
    );
    if (storable) onStored?.(entry);
    return reply;
  }

  /**
   * Stores a reply without making the caller wait; a body that the caller reads is stored when it has been read. Only if redirects have
   * led to it, what is known of their targets is read first.
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
    const { entries, environment, rules, surroundings } = this.#options;
    const response = this.#responseOf(call, reply);
    const isHidden = variesByMirror(call, rules.varyNames(response) ?? [], surroundings);
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
    // Neither stored nor given to the callers that wait, of which some may have come after the change.
    const toEntry = (body: Uint8Array<ArrayBuffer> | undefined): CacheEntry | undefined =>
      body === undefined || entries.isOutdated(request, plan.meta, askedAt)
        ? undefined
        : { meta: plan.meta, body, decoded };
    const save = async (body: Uint8Array<ArrayBuffer> | undefined) => {
      // What the server has replaced is not served again, although this could not be kept.
      if (body === undefined && mayReplace) await entries.removeSelected(request, askedAt);
      const entry = toEntry(body);
      if (entry !== undefined) await entries.store(request, plan, entry, askedAt);
    };
    if (reply.body instanceof Uint8Array) {
      reply.shared = true;
      const { body } = reply;
      environment.inBackground(save(body));
      // Once the adapter has taken it, and before the caller gets the value.
      keepDecoded(call, reply, decoded);
      onStored?.(toEntry(body));
    } else if (reply.openBody !== undefined) {
      const collected = reply.openBody.collect(maxEntryBytes);
      // One that breaks off is a failure of the network, and leaves what is stored alone.
      environment.inBackground(collected.then(save));
      onStored?.(collected.then(toEntry, () => undefined));
    }
    return reply;
  }

  #responseOf(call: Call, reply: Reply): CachedResponse {
    return toCachedResponse(call, reply, this.#options.environment.clock.wallNow());
  }

  /** Brings what is stale up to date when its caller has it already; once for all that come meanwhile. */
  refresh(call: Call, request: CachedRequest, found: CacheEntry): void {
    const { key } = found.meta;
    if (!mayRefresh(call, request)) return;
    const end = this.#refreshes.tryBegin(key);
    if (end !== undefined) this.#start(call, { request, found, mayReplace: true }, end);
  }

  /**
   * Brings what is stale up to date before its caller has it, where an earlier refresh may have ended with the incoming request that
   * it belonged to.
   *
   * @returns What to answer with, as soon as there is something new, or it can't be had; `undefined` if nothing has to be waited for.
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
    this.#start(call, { request, found, mayReplace: true }, ended, (entry) => void (stored = entry));
    return promise;
  }

  /** Asks in the background. */
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

/** A part can't bring the whole up to date, and a caller that wants the cache alone wants no request. */
function mayRefresh(call: Call, { headers, directives }: CachedRequest): boolean {
  return !("range" in headers) && !directives.has("only-if-cached") && call.settings.writeCache;
}

/** Whether the network has failed, or something on the way has answered in place of the origin, such as a login page. */
function isFailure(error: unknown): boolean {
  if (isInvalidDataError(error)) return error.reason === "not-json" || error.reason === "truncated";
  return isNetworkError(error);
}

/** Whether a status is that of a failure which may pass, or of a 304 that was not asked for: it says nothing of what was found. */
function isPassing(status: number): boolean {
  return status >= 500 || status === 429 || status === 408 || status === 304;
}
