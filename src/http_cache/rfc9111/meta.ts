/**
 * What is kept beside the body of a response.
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

/** For how long a stale response is kept, in milliseconds: it can be validated, or serve when there is nothing else. */
export const RETENTION_MS: number = 30 * 86_400_000;

/** A response that may be stored. */
export interface StorableResponse extends ExchangeTimes {
  /** The full key that it is stored under. */
  readonly key: string;
  readonly url: string;
  readonly status: number;
  /** Its headers. */
  readonly headers: Headers;
  /** The request headers that it was selected by. */
  readonly vary: readonly SelectingHeader[];
  /** For how long it is fresh when the server does not say, in milliseconds; by default that is guessed. */
  readonly fallbackMs?: number | undefined;
  /** What holds for a response that does not say. */
  readonly windows?: StaleWindows | undefined;
}

/** The members of the metadata that say how long a response is of use. */
export type Lifetime = Pick<CacheMeta, "requestedAt" | "storedAt" | "initialAge" | "freshForMs" | "removeAt">;

/**
 * Describes a response for the cache.
 *
 * @param response The response.
 * @returns What to keep beside its body.
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
  return { v: 1, key, url, status, headers: toStoredHeaders(headers, storedAtMs), vary, ...lifetime };
}

/**
 * Whether storing a response is of any use: one that is stale and can't be validated either is never used.
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
  /** How old the response was when it came, in milliseconds. */
  readonly initialAge: number;
  /** For how long it is fresh, in milliseconds. */
  readonly freshForMs: number;
  /** Its fields. */
  readonly fields: Fields;
  readonly windows: StaleWindows | undefined;
}

/**
 * How long a response is of use.
 *
 * @param input The response.
 * @returns The members of its metadata. What is of no use is to be removed when it is stored.
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
 * For how long a response may be used after it has become stale, on whatever ground.
 *
 * @param fields Its fields.
 * @param windows What holds where they say nothing.
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
 * A time as metadata hold it: JSON has no infinity.
 *
 * @param ms Milliseconds, or `Infinity`.
 * @returns The same; `null` for `Infinity`.
 */
export function finite(ms: number): number | null {
  return Number.isFinite(ms) ? ms : null;
}
