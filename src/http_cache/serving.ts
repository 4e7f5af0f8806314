/**
 * Answering with what is stored.
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

/** Makes replies of stored responses, and counts them. */
export class Serving {
  readonly #environment: Environment;
  readonly #rules: CacheRules;
  readonly #entries: Entries;
  /** Whether there is nothing but the cache. */
  readonly #offline: boolean;

  /** Takes what it works with. */
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
   * @param request What it asks for.
   * @param entry The stored response.
   * @param from What the caller is told of where it came from.
   * @returns The reply, decoded for the call; `undefined` if the response is none for this call. One that could not be decoded
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
      // Another schema may like it better; offline, what there is may be the only copy.
      if (!isInvalidDataError(error) || (this.#offline && error.reason === "schema")) throw error;
      // A part need not make sense by itself.
      const isBroken = error.reason !== "schema" && reply.status !== 206;
      if (!this.#offline && isBroken) this.#environment.inBackground(this.#entries.remove(entry));
      return undefined;
    }
    if (!call.isBackground) this.#count(call, from);
    return reply;
  }

  /**
   * Answers a call with what another one's request has brought, although that could not be stored.
   *
   * @param call The call.
   * @param leader The other one.
   * @param reply What its request has brought.
   * @returns The reply, decoded for the call; `undefined` if it is none for this call.
   */
  async share(call: Call, leader: Call, reply: Reply): Promise<Reply | undefined> {
    const { as, maxBodyBytes } = call.settings;
    // A text is what is left of bytes that were not wanted; how many they were is unknown by now.
    if (typeof reply.body === "string" && (as === "bytes" || maxBodyBytes !== Infinity)) return undefined;
    if (reply.body !== undefined && reply.body.length > maxBodyBytes) return undefined;
    reply.shared = true;
    const shared = sharedReply(call, leader, withOwnHeaders(reply));
    try {
      await decodeReply(call, shared);
    } catch (error) {
      // What can't be read for one caller may be there for another on the next mirror.
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

/** The same reply, with headers that its caller may change. */
function withOwnHeaders(reply: Reply): Reply {
  const { status, url, headers, head: { redirected }, from, body, target, shared, retryAfterMs } = reply;
  const own = new Reply({ status, url, headers: new Headers(headers), redirected }, { from, body, target });
  return Object.assign(own, { shared, retryAfterMs });
}
