/**
 * Answers calls with stored responses.
 *
 * @module
 */

import type { CacheEntry } from "../cache/cache.ts";
import { isInvalidDataError } from "../errors.ts";
import type { Call } from "../policies/call.ts";
import { decodeReply } from "../policies/decode.ts";
import type { ValueSource } from "../policies/event.ts";
import type { Environment } from "../policies/policy.ts";
import { Reply } from "../policies/reply.ts";
import { sharedReply } from "../policies/single_flight.ts";
import { decodeEntry } from "./decode_entry.ts";
import { toReply } from "./cached_reply.ts";
import type { Entries } from "./entries.ts";
import type { CachedRequest, CacheRules } from "./rules.ts";

/** Makes replies of stored responses, and counts the cache hits. */
export class Serving {
  readonly #environment: Environment;
  readonly #rules: CacheRules;
  readonly #entries: Entries;
  /** Whether the client is offline, so that only the cache can answer. */
  readonly #offline: boolean;

  /** Creates the serving of one client. */
  constructor(environment: Environment, rules: CacheRules, entries: Entries, offline: boolean) {
    this.#environment = environment;
    this.#rules = rules;
    this.#entries = entries;
    this.#offline = offline;
  }

  /**
   * Answers a call.
   *
   * @param call The call.
   * @param request Its request.
   * @param entry The stored response.
   * @param from The source that the caller sees.
   * @returns The reply, decoded for the call; `undefined` if the call cannot use the response. A response that cannot be decoded
   * is removed.
   */
  async serve(
    call: Call,
    request: CachedRequest,
    entry: CacheEntry,
    from: ValueSource,
  ): Promise<Reply | undefined> {
    const headers = this.#rules.servedHeaders(entry.meta, this.#environment.clock.wallNow());
    const reply = toReply(entry, { from, headers, range: request.headers["range"] });
    if (reply === undefined) return undefined;
    try {
      await decodeEntry(call, reply, entry);
    } catch (error) {
      // Online, the network may have a value that passes the schema. Offline, this may be the only copy, so throw its error.
      if (!isInvalidDataError(error) || (this.#offline && error.reason === "schema")) throw error;
      // Remove a response that cannot be decoded. But keep one that only fails this schema, because another schema may accept it,
      // and one of which only a range was decoded.
      const isBroken = error.reason !== "schema" && reply.status !== 206;
      if (!this.#offline && isBroken) this.#environment.inBackground(this.#entries.remove(entry));
      return undefined;
    }
    if (!call.isBackground) this.#count(call, from);
    return reply;
  }

  /**
   * Answers a call with the reply of its leader, although the cache could not store that.
   *
   * @param call The call.
   * @param leader The leader, whose request has brought the reply.
   * @param reply The leader's reply.
   * @returns The reply, decoded for the call; `undefined` if the call cannot use it.
   */
  async share(call: Call, leader: Call, reply: Reply): Promise<Reply | undefined> {
    const { as, maxBodyBytes } = call.settings;
    // The leader has kept only the text. Its bytes, and how many they were, are lost.
    if (typeof reply.body === "string" && (as === "bytes" || maxBodyBytes !== Infinity)) return undefined;
    if (reply.body !== undefined && reply.body.length > maxBodyBytes) return undefined;
    reply.shared = true;
    const shared = sharedReply(call, leader, withOwnHeaders(reply));
    try {
      await decodeReply(call, shared);
    } catch (error) {
      // The reply cannot be decoded for this call. Its own request may get a better one, for example from another mirror.
      if (!isInvalidDataError(error)) throw error;
      return undefined;
    }
    this.#count(call, "shared");
    return shared;
  }

  #count(call: Call, from: ValueSource): void {
    const { clock, counters, reporter } = this.#environment;
    if (from === "shared") counters.shared++;
    else if (from === "cache") counters.fresh++;
    else counters.stale++;
    if (!reporter.active || from === "shared") return;
    const kind = from === "cache" ? "fresh" : "stale";
    reporter.emit({ type: "cacheHit", requestId: call.id, atMs: clock.now(), kind });
  }
}

/** Copies a reply, with headers that the caller may change. */
function withOwnHeaders(reply: Reply): Reply {
  const { status, url, headers, head, from, body, target, shared, retryAfterMs, failures } = reply;
  const { statusText, redirected } = head;
  const own = new Reply({ status, statusText, url, headers: new Headers(headers), redirected }, {
    from,
    body,
    target,
  });
  return Object.assign(own, { shared, retryAfterMs, failures });
}
