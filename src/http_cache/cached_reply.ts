/**
 * From cache entries to replies.
 *
 * @module
 */

import type { CacheEntry, CacheMeta } from "../cache/cache.ts";
import type { ValueSource } from "../policies/event.ts";
import { Reply } from "../policies/reply.ts";
import type { ReplyHead } from "../policies/reply_head.ts";
import { selectRange, toPartialHeaders } from "./rfc9111/range.ts";

/** Metadata that were found to be usable. An adapter that keeps them in memory gives the same ones again. */
const checked = new WeakSet<CacheMeta>();

/** Whether what an adapter gave is an entry for the key that can be served. It may throw for what is none at all. */
export function isUsable(entry: CacheEntry | undefined, key: string): entry is CacheEntry {
  if (!(entry?.body instanceof Uint8Array) || typeof entry.meta !== "object" || entry.meta === null) {
    return false;
  }
  // Bytes that were moved to another thread are none: this throws.
  if (entry.body.length === 0) new Uint8Array(entry.body.buffer);
  const { meta } = entry;
  if (meta.v !== 1 || meta.key !== key) return false;
  if (checked.has(meta)) return true;
  if (!isServable(meta)) return false;
  checked.add(meta);
  return true;
}

function isServable(meta: CacheMeta): boolean {
  const { url, status, headers, vary, via = [] } = meta;
  if (!Number.isInteger(status) || status < 200 || status > 599) return false;
  if (typeof url !== "string" || !URL.canParse(url) || !hasTimes(meta)) return false;
  if (!Array.isArray(headers) || !headers.every((pair) => isPair(pair) && pair[1] !== null)) return false;
  if (!Array.isArray(vary) || !vary.every(isPair)) return false;
  if (!Array.isArray(via) || !via.every(isRedirect)) return false;
  // Headers that can't be made are nothing that can be served: this throws.
  new Headers(headers as [string, string][]);
  return true;
}

function hasTimes({ requestedAt, storedAt, initialAge, freshForMs, removeAt }: CacheMeta): boolean {
  return [requestedAt, storedAt, initialAge].every(Number.isFinite) && initialAge >= 0 &&
    [freshForMs, removeAt].every((ms) => ms === null || Number.isFinite(ms));
}

function isPair(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  return typeof value[0] === "string" && (value[1] === null || typeof value[1] === "string");
}

function isRedirect(value: unknown): boolean {
  const { to, generation, cacheControl } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return typeof to === "string" && typeof generation === "string" &&
    (cacheControl === null || typeof cacheControl === "string");
}

/** How an entry is served. */
export interface ServeOptions {
  readonly from: ValueSource;
  /** The headers to give it out with. */
  readonly headers: [name: string, value: string][];
  /** The part that was asked for, as the request's `Range` says. */
  readonly range?: string | undefined;
}

/**
 * The reply that an entry stands for.
 *
 * @param entry The entry.
 * @param options How it is served.
 * @returns The reply; `undefined` if it can't be given in part.
 */
export function toReply(entry: CacheEntry, { from, headers, range }: ServeOptions): Reply | undefined {
  const { meta, body } = entry;
  if (range === undefined) return shared(new StoredHead(meta, meta.status, headers), from, body);
  const part = selectRange(entry, range);
  if (part === undefined) return undefined;
  const partial = toPartialHeaders(headers, part, body.length);
  return shared(new StoredHead(meta, 206, partial), from, body.subarray(part.start, part.end));
}

function shared(head: ReplyHead, from: ValueSource, body: Uint8Array<ArrayBuffer>): Reply {
  const reply = new Reply(head, { from, body });
  reply.shared = true;
  return reply;
}

/** Makes its headers when they are needed, which is seldom. */
class StoredHead implements ReplyHead {
  #headers: Headers | undefined;
  readonly #pairs: [name: string, value: string][];

  readonly url: string;
  readonly redirected: boolean;

  constructor({ url, via }: CacheMeta, readonly status: number, pairs: [name: string, value: string][]) {
    this.url = url;
    this.redirected = via !== undefined;
    this.#pairs = pairs;
  }

  get headers(): Headers {
    this.#headers ??= new Headers(this.#pairs);
    return this.#headers;
  }
}
