/**
 * The metadata that the cache stores beside the body of a response.
 *
 * @module
 */

import type { CacheMeta } from "../../cache/cache.ts";
import { type ExchangeTimes, initialAgeMs } from "./age.ts";
import { directiveMs, parseCacheControl } from "./cache_control.ts";
import type { Fields } from "./fields.ts";
import { freshnessLifetimeMs } from "./freshness.ts";
import type { StaleWindows } from "./reuse.ts";
import { toStoredHeaders } from "./stored_headers.ts";
import type { SelectingHeader } from "./vary.ts";

/** How long the cache keeps a stale response, in milliseconds: it can validate it, or serve it when there is nothing else. */
export const RETENTION_MS: number = 30 * 86_400_000;

/** A response that may be stored. */
export interface StorableResponse extends ExchangeTimes {
  /** The full key of its slot. */
  readonly key: string;
  readonly url: string;
  readonly status: number;
  readonly statusText?: string | undefined;
  /** The response headers. */
  readonly headers: Headers;
  /** The request headers that have selected it. */
  readonly vary: readonly SelectingHeader[];
  /** How long the response is fresh if the server does not say, in milliseconds; by default a guess. */
  readonly fallbackMs?: number | undefined;
  /** The stale windows of a response that does not say. */
  readonly windows?: StaleWindows | undefined;
}

/** The members of the metadata that say how long a response is of use. */
export type Lifetime = Pick<CacheMeta, "requestedAt" | "storedAt" | "initialAge" | "freshForMs" | "removeAt">;

/**
 * Makes the metadata of a response.
 *
 * @param response The response.
 * @returns The metadata to store beside the body.
 */
export function toMeta(response: StorableResponse): CacheMeta {
  const { key, url, status, headers, vary, storedAtMs, fallbackMs, windows } = response;
  const lifetime = lifetimeOf({
    times: response,
    initialAge: initialAgeMs(headers, response),
    freshForMs: freshnessLifetimeMs({ status, fields: headers, storedAtMs, fallbackMs }),
    fields: headers,
    windows,
  });
  return {
    v: 1,
    key,
    url,
    status,
    ...statusTextOf(response),
    headers: toStoredHeaders(headers, storedAtMs),
    vary,
    ...lifetime,
  };
}

/** Returns the member of the metadata that holds a status text; none for an empty text, which most responses have. */
export function statusTextOf(
  { statusText }: Pick<StorableResponse, "statusText">,
): Pick<CacheMeta, "statusText"> {
  return statusText ? { statusText } : {};
}

/**
 * Whether storing a response is of any use: the cache never uses one that is stale and that it cannot validate.
 *
 * @param lifetime Its metadata.
 * @returns Whether it is.
 */
export function isOfUse({ removeAt, storedAt }: Pick<CacheMeta, "removeAt" | "storedAt">): boolean {
  return removeAt === null || removeAt > storedAt;
}

/** What {@linkcode lifetimeOf} computes from. */
export interface LifetimeInput {
  readonly times: ExchangeTimes;
  /** How old the response was when it arrived, in milliseconds. */
  readonly initialAge: number;
  /** How long it is fresh, in milliseconds. */
  readonly freshForMs: number;
  /** The response's fields. */
  readonly fields: Fields;
  readonly windows: StaleWindows | undefined;
}

/**
 * Computes how long a response is of use.
 *
 * @param input The response.
 * @returns The members of its metadata. For a response of no use, `removeAt` is the time at which it is stored.
 */
export function lifetimeOf({ times, initialAge, freshForMs, fields, windows }: LifetimeInput): Lifetime {
  const windowMs = staleWindowMs(fields, windows);
  const hasValidator = fields.get("etag") !== null || fields.get("last-modified") !== null;
  const usableForMs = hasValidator || initialAge < freshForMs + windowMs
    ? Math.max(0, freshForMs - initialAge) + Math.max(windowMs, RETENTION_MS)
    : 0;
  return {
    requestedAt: times.requestedAtMs,
    storedAt: times.storedAtMs,
    initialAge,
    freshForMs: finite(freshForMs),
    removeAt: finite(times.storedAtMs + usableForMs),
  };
}

/**
 * Returns how long the cache may use a response after it has become stale, for whichever reason.
 *
 * @param fields The response's fields.
 * @param windows The windows if the fields do not say.
 * @returns Milliseconds.
 */
export function staleWindowMs(fields: Fields, windows: StaleWindows = {}): number {
  const directives = parseCacheControl(fields.get("cache-control"));
  return Math.max(
    directiveMs(directives, "stale-while-revalidate") ?? windows.staleWhileRevalidateMs ?? 0,
    directiveMs(directives, "stale-if-error") ?? windows.staleIfErrorMs ?? 0,
  );
}

/**
 * Converts a time for the metadata, because JSON cannot express `Infinity`.
 *
 * @param ms Milliseconds, or `Infinity`.
 * @returns The same; `null` for `Infinity`.
 */
export function finite(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null;
}
