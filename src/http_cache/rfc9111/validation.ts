/**
 * Validation: how the cache asks whether a stored response is still the right one, and how the answer updates it.
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
 * Fields that describe the stored bytes, so that a 304, which has no bytes, must not change them (RFC 9111 §3.2). The stored
 * entity tag stays, because some servers make it strong or weak by whether they compress a body.
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
 * Whether a request has conditions of its own. Then it is about a response that the caller has, and must bypass the cache.
 *
 * @param headers All headers of the request.
 * @returns Whether it has.
 */
export function hasConditions(headers: HeaderMap): boolean {
  return CONDITIONS.some((name) => name in headers);
}

/**
 * Returns the headers that ask whether a stored response is still the right one (RFC 9111 §4.3.1). The validators go back to the
 * server unchanged.
 *
 * @param meta The stored metadata.
 * @returns The headers; empty if the cache can only replace the response: it has no validator, or its validator belongs to
 * another URL, to which a redirect led, or it is not a success. A 304 stands for a 200 (RFC 9110 §15.4.5). The date of an error
 * must not be sent: if a file then appears with an older date, the server would answer 304, and the client would never get the
 * file.
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
 * Whether a 304 is about a stored response. A 304 with another entity tag is about another response, and must not change the
 * stored one (RFC 9111 §4.3.4). The comparison of tags is weak, which is less than the RFC asks for, because servers that
 * compress on the fly send `W/"1"` with a body and `"1"` without. If there is no tag, a `Last-Modified` later than the stored one
 * is about another response. An earlier one comes from a mirror that is behind, and that has nothing newer either.
 *
 * @param meta The stored metadata.
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

/** Returns the time of `Last-Modified`, in milliseconds since 1970; `NaN` if it is absent or unreadable. */
function changedMs(fields: Fields, { storedAt }: CacheMeta): number {
  return parseHttpDate(fields.get("last-modified") ?? "", storedAt) ?? NaN;
}

/**
 * Whether the response to a HEAD contradicts a stored response, which then is out of date (RFC 9111 §4.3.5): by another entity
 * tag, `Last-Modified` or `Content-Length`.
 *
 * @param meta The stored metadata.
 * @param headers The headers of the response.
 * @returns Whether it does; a response without these fields contradicts nothing.
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
 * Whether the response to a HEAD confirms a stored response, which then is up to date (RFC 9111 §4.3.5): both have the same kind
 * of validator, and nothing contradicts. The RFC asks for less: there, a response without a validator confirms any stored one.
 *
 * @param meta The stored metadata.
 * @param headers The headers of the response.
 * @returns Whether it does.
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

/** A 304 that has arrived, or a HEAD that confirms the stored response. */
export interface NotModified extends ExchangeTimes {
  /** All headers of the request. */
  readonly requestHeaders: HeaderMap;
  /** The headers of the 304. */
  readonly headers: Headers;
  /** How long the response is fresh if the server does not say, in milliseconds; by default a guess. */
  readonly fallbackMs?: number | undefined;
  /** The stale windows of a response that does not say. */
  readonly windows?: StaleWindows | undefined;
}

/** A stored response after a 304. */
export interface Freshened {
  /** The new metadata. */
  readonly meta: CacheMeta;
  /** Whether the cache may keep the response; if not, the response answers only this request. */
  readonly storable: boolean;
}

/**
 * Updates a stored response after a 304 (RFC 9111 §4.3.4), or after a HEAD that confirms it. The new headers replace the stored
 * ones, and the freshness starts again.
 *
 * @param meta The stored metadata.
 * @param notModified The 304.
 * @returns The updated response. Its `vary` is still that of the stored one.
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
  const exchange = { method: "GET", headers: requestHeaders, status, fields, fallbackMs };
  return { meta: { ...meta, headers, ...lifetime }, storable: isOfUse(lifetime) && isStorable(exchange) };
}

function mergeHeaders(meta: CacheMeta, { headers, storedAtMs }: NotModified): CacheMeta["headers"] {
  const merged = new Map(meta.headers);
  for (const [name, value] of toStoredHeaders(headers, storedAtMs)) {
    if (!OF_THE_BODY.has(name) || (name === "etag" && !merged.has(name))) merged.set(name, value);
  }
  // The merged `Cache-Control` may name fields that the cache must not reuse.
  return toStoredHeaders(merged, storedAtMs);
}
