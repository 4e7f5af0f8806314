/**
 * Checks cache entries, and turns them into replies.
 *
 * @module
 */

import type { CacheEntry, CacheMeta } from "../cache/cache.ts";
import type { ValueSource } from "../policies/event.ts";
import { Reply } from "../policies/reply.ts";
import type { ReplyHead } from "../policies/reply_head.ts";
import { selectRange, toPartialHeaders } from "./rfc9111/range.ts";

/** Metadata that have passed the check. An adapter in memory returns the same objects again, so one check is enough. */
const checked = new WeakSet<CacheMeta>();

/**
 * Whether an adapter's answer is an entry for the key, and the cache can serve it. It may throw for a value that is not an entry
 * at all.
 */
export function isUsable(entry: CacheEntry | undefined, key: string): entry is CacheEntry {
  if (!(entry?.body instanceof Uint8Array) || typeof entry.meta !== "object" || entry.meta === null) {
    return false;
  }
  // This throws for a buffer that the adapter has transferred to another thread: such a buffer looks empty.
  if (entry.body.length === 0) new Uint8Array(entry.body.buffer);
  const { meta } = entry;
  if (meta.v !== 1 || meta.key !== key) return false;
  if (checked.has(meta)) return true;
  if (!isServable(meta)) return false;
  checked.add(meta);
  return true;
}

function isServable(meta: CacheMeta): boolean {
  const { url, status, statusText = "", headers, vary, via = [] } = meta;
  if (!Number.isInteger(status) || status < 200 || status > 599 || typeof statusText !== "string") {
    return false;
  }
  if (typeof url !== "string" || !URL.canParse(url) || !hasTimes(meta)) return false;
  if (!Array.isArray(headers) || !headers.every((pair) => isPair(pair) && pair[1] !== null)) return false;
  if (!Array.isArray(vary) || !vary.every(isPair)) return false;
  if (!Array.isArray(via) || !via.every(isRedirect)) return false;
  // This throws for headers that no response can have.
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

/** How the cache serves an entry. */
export interface ServeOptions {
  readonly from: ValueSource;
  /** The headers of the reply. */
  readonly headers: [name: string, value: string][];
  /** The request's `Range`; absent for the whole body. */
  readonly range?: string | undefined;
}

/**
 * Makes the reply for an entry.
 *
 * @param entry The entry.
 * @param options How to serve it.
 * @returns The reply; `undefined` if the cache cannot serve this range of the entry.
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

/** The head of a stored response. It makes the `Headers` object on first use, because few callers need it. */
class StoredHead implements ReplyHead {
  #headers: Headers | undefined;
  readonly #pairs: [name: string, value: string][];

  readonly url: string;
  readonly statusText: string | undefined;
  readonly redirected: boolean;

  constructor(meta: CacheMeta, readonly status: number, pairs: [name: string, value: string][]) {
    const { url, via } = meta;
    this.url = url;
    // A part of the stored response has another status than the whole.
    this.statusText = status === meta.status ? meta.statusText : undefined;
    this.redirected = via !== undefined;
    this.#pairs = pairs;
  }

  get headers(): Headers {
    this.#headers ??= new Headers(this.#pairs);
    return this.#headers;
  }
}
