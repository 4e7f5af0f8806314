/**
 * Validation: asking whether a stored response is still the right one, and what the server's response does to it.
 *
 * @module
 */

import type { HeaderMap } from "../../http/headers.ts";
import type { CacheMeta } from "../../cache/cache.ts";
import { isSuccessStatus } from "../../http/classify.ts";
import { parseHttpDate } from "../../http/http_date.ts";
import { type ExchangeTimes, initialAgeMs } from "./age.ts";
import { type Fields, storedFields } from "./fields.ts";
import { freshnessLifetimeMs } from "./freshness.ts";
import { isOfUse, lifetimeOf } from "./meta.ts";
import type { StaleWindows } from "./reuse.ts";
import { isStorable } from "./storability.ts";
import { toStoredHeaders } from "./stored_headers.ts";

const CONDITIONS: readonly string[] = [
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
];

/**
 * What a 304 can't change: it is about the bytes that are stored, and has no bytes itself (RFC 9111 §3.2). The validator
 * stays the one that was confirmed: some servers make it strong or weak by whether there is a body to compress.
 */
const OF_THE_BODY: ReadonlySet<string> = new Set([
  "content-digest",
  "content-encoding",
  "content-length",
  "content-md5",
  "content-range",
  "etag",
]);

/**
 * Whether a request has conditions of its own: it is about a response that its caller has, and none of the cache's
 * business.
 *
 * @param headers All headers of the request.
 * @returns Whether it has.
 */
export function isConditional(headers: HeaderMap): boolean {
  return CONDITIONS.some((name) => name in headers);
}

/**
 * The headers that ask whether a stored response is still the right one (RFC 9111 §4.3.1). Validators are given back letter
 * by letter.
 *
 * @param meta What is kept beside the body.
 * @returns The headers; empty when the response can only be replaced: it has no validator, or one of another URL, which a redirect
 * led to, or it is no success. A 304 stands for a 200 (RFC 9110 §15.4.5), and the date of an error says nothing of what is there later: a
 * file that appears with an older date would never be found.
 */
export function conditionalHeaders(meta: CacheMeta): HeaderMap {
  const headers: Record<string, string> = Object.create(null);
  if (meta.via !== undefined || !isSuccessStatus(meta.status)) return headers;
  const fields = storedFields(meta);
  const etag = fields.get("etag");
  const lastModified = fields.get("last-modified");
  if (etag !== null) headers["if-none-match"] = etag;
  if (lastModified !== null) headers["if-modified-since"] = lastModified;
  return headers;
}

/**
 * Whether a 304 is about a stored response: one with another entity tag is about something else, and must not change what is
 * stored (RFC 9111 §4.3.4). Tags are compared weakly, which is less than the RFC asks for: servers that compress on the fly
 * send `W/"1"` with a body and `"1"` without. Where no tag was asked for, a date of change that is later than the stored one's is
 * of something else; an earlier one is that of a mirror which is behind, and has nothing newer either.
 *
 * @param meta What is kept beside the body.
 * @param headers The headers of the 304.
 * @returns Whether it is.
 */
export function confirms(meta: CacheMeta, headers: Headers): boolean {
  const etag = headers.get("etag");
  const fields = storedFields(meta);
  const stored = fields.get("etag");
  if (etag !== null) return stored === null ? isWeak(etag) : opaqueTag(etag) === opaqueTag(stored);
  return stored !== null || !(changedMs(headers, meta) > changedMs(fields, meta));
}

/** When something was last changed, as it says, in milliseconds since 1970; `NaN` if it says nothing that can be read. */
function changedMs(fields: Fields, { storedAt }: CacheMeta): number {
  return parseHttpDate(fields.get("last-modified") ?? "", storedAt) ?? NaN;
}

/**
 * Whether the response to a HEAD is about something else than a stored response, which then is out of date (RFC 9111 §4.3.5): another
 * entity tag, another date of change, or another length.
 *
 * @param meta What is kept beside the body.
 * @param headers The headers of the response.
 * @returns Whether it is; a response that says nothing of these tells nothing.
 */
export function contradicts(meta: CacheMeta, headers: Headers): boolean {
  if (!confirms(meta, headers)) return true;
  const fields = storedFields(meta);
  return ["last-modified", "content-length"].some((name) => {
    const [told, stored] = [headers.get(name), fields.get(name)];
    return told !== null && stored !== null && told.trim() !== stored.trim();
  });
}

/**
 * Whether the response to a HEAD is about a stored response, which then is up to date (RFC 9111 §4.3.5): it names a validator of it, and
 * contradicts nothing. The RFC asks for less: there, a response without a validator is about whatever is stored.
 *
 * @param meta What is kept beside the body.
 * @param headers The headers of the response.
 * @returns Whether it is.
 */
export function identifies(meta: CacheMeta, headers: Headers): boolean {
  const fields = storedFields(meta);
  const names = ["etag", "last-modified"];
  return names.some((name) => headers.get(name) !== null && fields.get(name) !== null) &&
    !contradicts(meta, headers);
}

function isWeak(etag: string): boolean {
  return etag.startsWith("W/");
}

function opaqueTag(etag: string): string {
  return isWeak(etag) ? etag.slice(2) : etag;
}

/** A 304 that has come. */
export interface NotModified extends ExchangeTimes {
  /** All headers of the request. */
  readonly requestHeaders: HeaderMap;
  /** Its headers. */
  readonly headers: Headers;
  /** For how long the response is fresh when the server does not say, in milliseconds; by default that is guessed. */
  readonly fallbackMs?: number | undefined;
  /** What holds for a response that does not say. */
  readonly windows?: StaleWindows | undefined;
}

/** A stored response after a 304. */
export interface Freshened {
  /** What is kept beside the body from now on. */
  readonly meta: CacheMeta;
  /** Whether it may stay in the cache; if not, it is the response to this request only. */
  readonly storable: boolean;
}

/**
 * Brings a stored response up to date after a 304 (RFC 9111 §4.3.4), or after a HEAD that is about it: the new headers replace the
 * stored ones, and its freshness begins anew.
 *
 * @param meta What is kept beside the body.
 * @param notModified The 304.
 * @returns The response as it is now. Its `vary` is still that of the stored one.
 */
export function freshen(meta: CacheMeta, notModified: NotModified): Freshened {
  const { requestHeaders, storedAtMs, fallbackMs, windows } = notModified;
  const headers = mergeHeaders(meta, notModified);
  const fields = storedFields({ headers });
  const { status } = meta;
  const lifetime = lifetimeOf({
    times: notModified,
    initialAge: initialAgeMs(notModified.headers, notModified),
    freshForMs: freshnessLifetimeMs({ status, fields, storedAtMs, fallbackMs }),
    fields,
    windows,
  });
  const hasFallback = fallbackMs !== undefined;
  const exchange = { method: "GET", headers: requestHeaders, status, fields, hasFallback };
  return { meta: { ...meta, headers, ...lifetime }, storable: isOfUse(lifetime) && isStorable(exchange) };
}

function mergeHeaders(meta: CacheMeta, { headers, storedAtMs }: NotModified): CacheMeta["headers"] {
  const merged = new Map(meta.headers);
  for (const [name, value] of toStoredHeaders(headers, storedAtMs)) {
    if (!OF_THE_BODY.has(name) || (name === "etag" && !merged.has(name))) merged.set(name, value);
  }
  // The merged directives may name fields that are not to be reused.
  return toStoredHeaders(merged, storedAtMs);
}
