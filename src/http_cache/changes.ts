/**
 * Requests that may change a resource, and the stored responses that they invalidate.
 *
 * @module
 */

import type { CacheEntry } from "../cache/cache.ts";
import type { CacheContext } from "../policies/cache_plan.ts";
import type { Call } from "../policies/call.ts";
import type { Environment, Handler } from "../policies/policy.ts";
import type { Reply } from "../policies/reply.ts";
import { redirectsTo, toCachedResponse } from "./cached_response.ts";
import type { Entries } from "./entries.ts";
import type { Fetching } from "./fetching.ts";
import type { Change } from "./rfc9111/invalidation.ts";
import { contradicts, identifies } from "./rfc9111/validation.ts";
import type { CachedRequest, CacheRules } from "./rules.ts";
import { aliasesOf, resourceUrl } from "./request_identity.ts";

/** What {@linkcode Changes} needs. */
export interface ChangesOptions {
  readonly environment: Pick<Environment, "clock" | "inBackground">;
  readonly context: CacheContext;
  readonly rules: CacheRules;
  readonly entries: Entries;
  readonly fetching: Pick<Fetching, "forget">;
  readonly next: Handler;
  /** Returns the request as the cache sees it; `undefined` if the request must bypass the cache. */
  readonly describe: (call: Call) => CachedRequest | undefined;
}

const NO_FIELDS = new Headers();

/** Sends requests other than GET, and removes the stored responses that they invalidate (RFC 9111 §4.4). */
export class Changes {
  readonly #options: ChangesOptions;

  /** Creates the changes of one client. */
  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  /**
   * Sends a request other than GET. If the request may have changed its resource, removes the stored responses of its URL, in all
   * partitions and variants, and under the URLs that other mirrors have for the resource. Does the same for the URLs to which
   * redirects have led the request, and for URLs of the same origin that the response names.
   *
   * @param call The request.
   * @returns The reply.
   */
  async send(call: Call): Promise<Reply> {
    const { entries, environment, next, rules } = this.#options;
    // After an error or an abort, the server may have carried out the request all the same.
    const assumeChange = () => {
      if (call.attempts > 0) this.#invalidate(call, undefined);
    };
    call.journey.exchange = { keepsBody: false, sentAtMs: 0, answeredAtMs: 0 };
    const askedAt = entries.nextMoment();
    call.signal.addEventListener("abort", assumeChange, { once: true });
    let reply: Reply;
    try {
      reply = await next(call);
    } catch (error) {
      assumeChange();
      throw error;
    } finally {
      call.signal.removeEventListener("abort", assumeChange);
    }
    this.#invalidate(call, reply);
    if (call.request.method === "HEAD" && reply.status === 200 && rules.knowsVariants) {
      environment.inBackground(this.#compare(call, reply, askedAt));
    }
    return reply;
  }

  /**
   * Compares the response to a HEAD with the stored response to a GET: removes the stored one if the two contradict each other,
   * and freshens it if the HEAD confirms it.
   */
  async #compare(call: Call, reply: Reply, askedAt: number): Promise<void> {
    const { entries, describe } = this.#options;
    const request = describe(call);
    const found = request === undefined ? undefined : await entries.find(request);
    if (found === undefined) return;
    const { via = [] } = found.meta;
    const hops = redirectsTo(reply, call);
    // A redirect now leads elsewhere: the stored response is out of date.
    const isElsewhere = hops?.length !== via.length ||
      (via.length > 0 && aliasesOf(hops.at(-1)!.to.url, [])[0] !== via.at(-1)!.to);
    // A stored 404 is out of date if the HEAD now gets a 200.
    const isOther = isElsewhere || found.meta.status !== reply.status;
    if (isOther || contradicts(found.meta, reply.headers)) {
      await entries.removeSelected(request!, askedAt);
    } else if (via.length === 0 && identifies(found.meta, reply.headers)) {
      await this.#freshen(call, request!, found, { reply, askedAt });
    }
  }

  async #freshen(
    call: Call,
    request: CachedRequest,
    found: CacheEntry,
    { reply, askedAt }: { readonly reply: Reply; readonly askedAt: number },
  ): Promise<void> {
    const { entries, environment: { clock }, rules } = this.#options;
    const { cache, writeCache } = call.settings;
    if (cache === "no-store" || !writeCache || "range" in request.headers || !rules.isCacheable(request)) {
      return;
    }
    const response = toCachedResponse(call, reply, clock.wallNow());
    const { meta, storable } = rules.freshen(found.meta, response, request);
    if (entries.isOutdated(request, meta, askedAt)) return;
    await (storable
      ? entries.refresh(request, { ...found, meta }, askedAt)
      : entries.removeSelected(request, askedAt));
  }

  #invalidate(call: Call, reply: Reply | undefined): void {
    const { entries, environment, fetching, rules, context: { mirrors } } = this.#options;
    const changed = this.#changesBy(call, reply).flatMap((change) => rules.invalidatedUrls(change));
    for (const url of new Set(changed.flatMap((url) => aliasesOf(url, mirrors)))) {
      fetching.forget(url);
      // Later reads see the removal at once, however long the adapter takes.
      environment.inBackground(entries.removeAll(url));
    }
  }

  /**
   * Lists the requests that were sent, including those of redirects, in their order. Without a reply, the server may have carried
   * out all of them.
   */
  #changesBy(call: Call, reply: Reply | undefined): readonly Change[] {
    const { request: { method }, target } = call;
    const hops = call.journey.exchange?.hops ?? [];
    const url = target?.url ?? resourceUrl(call, this.#options.context);
    const last = hops.at(-1)?.to ?? { method, url };
    const { status = 200, headers: fields = NO_FIELDS } = reply ?? {};
    const changes: Change[] = hops.map(({ from, status, headers }) => ({ ...from, status, fields: headers }));
    changes.push({ ...last, status, fields });
    // Add the URL that names the resource independent of the mirror.
    const name = resourceUrl(call, this.#options.context);
    changes.push({ method, url: name, status: hops[0]?.status ?? status, fields: NO_FIELDS });
    // The redirects of an attempt that was stopped are not among the hops.
    const redirectedTo = reply === undefined ? call.redirectedTo ?? [] : [];
    for (const to of redirectedTo) changes.push({ ...to, status, fields: NO_FIELDS });
    return [...changes, ...this.#hiddenChange(call, reply)];
  }

  /**
   * Adds the final URL if the runtime has followed redirects by itself, with an unknown method. As with `Location`, only a final
   * URL of the same origin counts: no server may invalidate the stored responses of another one.
   */
  #hiddenChange(call: Call, reply: Reply | undefined): readonly Change[] {
    const { request: { method }, target } = call;
    if (reply === undefined || target === undefined || redirectsTo(reply, call) !== undefined) return [];
    const name = resourceUrl(call, this.#options.context);
    const fields = new Headers({ location: reply.url });
    return [target.url, name].map((url) => ({ method, url, status: 302, fields }));
  }
}
