/**
 * The rules of a fixed time to live. They ignore the server's caching headers except for `no-store`.
 *
 * @module
 */

import type { CacheMeta } from "../cache/cache.ts";
import { currentAgeMs } from "./rfc9111/age.ts";
import { parseCacheControl } from "./rfc9111/cache_control.ts";
import { finite, type Lifetime, RETENTION_MS, statusTextOf } from "./rfc9111/meta.ts";
import { mayAnswerError, type Reuse, reuseOf, type StaleWindows } from "./rfc9111/reuse.ts";
import { varyNames } from "./rfc9111/vary.ts";
import { type Freshened, hasConditions } from "./rfc9111/validation.ts";
import { isEmpty } from "../http/headers.ts";
import { splitUserInfo, withoutFragment } from "../http/url.ts";
import { sha256 } from "../cache/sha256.ts";
import { type LifetimeOptions, ttlOf } from "./lifetimes.ts";
import type { CachedRequest, CachedResponse, CacheRules, Placement } from "./rules.ts";

/** Request headers that tell caches how to answer, so that they select no response. */
const FOR_CACHES: ReadonlySet<string> = new Set(["cache-control", "pragma"]);

/** The rules of `ttlCache()`. */
export class TtlRules implements CacheRules {
  readonly knowsVariants = false;
  readonly heedsChanges = false;
  readonly #lifetimes: LifetimeOptions;
  readonly #windows: StaleWindows;

  /** Creates the rules from the user's options. */
  constructor(lifetimes: LifetimeOptions, windows: StaleWindows) {
    this.#lifetimes = lifetimes;
    this.#windows = windows;
  }

  /**
   * Includes the request headers in the key, because these rules do not know which ones matter; as a digest, because one may be a
   * secret.
   */
  primaryKey({ url, headers, partition }: Pick<CachedRequest, "url" | "headers" | "partition">): string {
    const selected = isEmpty(headers) ? "" : digestOf(headers);
    return `v1\nGET\n${withoutFragment(url)}\n${partition}\n${selected}`;
  }

  isCacheable({ headers, directives }: CachedRequest): boolean {
    return !("range" in headers) && !hasConditions(headers) && !directives.has("no-store");
  }

  reuseOf(meta: CacheMeta, { directives }: CachedRequest, nowMs: number): Reuse {
    if (directives.size > 0) return reuseOf(unsaid(meta), { directives, nowMs }, this.#windows);
    if (meta.freshForMs === null) return "fresh";
    const staleForMs = currentAgeMs(meta, nowMs) - meta.freshForMs;
    if (staleForMs < 0) return "fresh";
    return staleForMs < (this.#windows.staleWhileRevalidateMs ?? 0) ? "stale-while-revalidate" : "validate";
  }

  mayAnswerError(meta: CacheMeta, { directives }: CachedRequest, nowMs: number): boolean {
    if (directives.size > 0) return mayAnswerError(unsaid(meta), { directives, nowMs }, this.#windows);
    const { staleIfErrorMs = 0 } = this.#windows;
    // A request may validate a response that is still fresh (`cache: "no-cache"`). Without `staleIfErrorMs`, do not answer it
    // with that response unvalidated.
    return staleIfErrorMs > 0 && currentAgeMs(meta, nowMs) - (meta.freshForMs ?? Infinity) < staleIfErrorMs;
  }

  /** The `accept` that the client adds is not part of the key, so it selects a response only if the server's `Vary` names it. */
  varyNames({ headers }: Pick<CachedResponse, "headers">): readonly string[] {
    return varyNames(headers)?.includes("accept") ? ["accept"] : [];
  }

  toMeta(response: CachedResponse, request: CachedRequest, placement: Placement): CacheMeta | undefined {
    if (forbidsStoring(response)) return undefined;
    const ttlMs = ttlOf(this.#lifetimes, request.url, response) ?? 0;
    if (ttlMs === 0) return undefined;
    // Keep a note of a missing resource as long as the resource itself would be kept: offline, both are needed.
    const asFoundMs = response.status === 200
      ? ttlMs
      : ttlOf(this.#lifetimes, request.url, { ...response, status: 200 }) ?? 0;
    return {
      v: 1,
      key: placement.key,
      // Remove the password of a URL to which a redirect has led.
      url: withoutFragment(splitUserInfo(response.url)?.url ?? (response.url || request.url)),
      status: response.status,
      ...statusTextOf(response),
      headers: [...response.headers].filter(([name]) => name !== "set-cookie"),
      vary: placement.vary,
      // Some requests refuse responses that a redirect led to, whichever redirects those were.
      ...response.redirects?.length === 0 ? {} : { via: [] },
      ...this.#lifetime(response, ttlMs, asFoundMs),
    };
  }

  freshen(meta: CacheMeta, response: CachedResponse, request: CachedRequest): Freshened {
    const headers = new Headers(meta.headers as [string, string][]);
    const ttlMs = ttlOf(this.#lifetimes, request.url, {
      status: meta.status,
      headers,
      storedAtMs: response.storedAtMs,
    }) ?? 0;
    return {
      meta: { ...meta, ...this.#lifetime(response, ttlMs) },
      storable: ttlMs > 0 && !forbidsStoring(response),
    };
  }

  #lifetime(
    { requestedAtMs, storedAtMs }: CachedResponse,
    ttlMs: number,
    asFoundMs: number = ttlMs,
  ): Lifetime {
    const { staleWhileRevalidateMs = 0, staleIfErrorMs = 0 } = this.#windows;
    const keptMs = Math.max(ttlMs, asFoundMs) +
      Math.max(staleWhileRevalidateMs, staleIfErrorMs, RETENTION_MS);
    return {
      requestedAt: requestedAtMs,
      storedAt: storedAtMs,
      initialAge: 0,
      freshForMs: finite(ttlMs),
      removeAt: finite(storedAtMs + keptMs),
    };
  }

  servedHeaders({ headers }: CacheMeta): [name: string, value: string][] {
    return headers.map(([name, value]) => [name, value]);
  }

  invalidatedUrls(): readonly string[] {
    return [];
  }
}

/** Returns a digest of the headers that may select a response; empty if there are none. */
function digestOf(headers: CachedRequest["headers"]): string {
  const selecting = Object.entries(headers).filter(([name]) => !FOR_CACHES.has(name));
  return selecting.length === 0 ? "" : sha256(JSON.stringify(selecting.sort()));
}

/** Returns the metadata without what the server has said, which these rules ignore. */
function unsaid({ via: _via, ...meta }: CacheMeta): CacheMeta {
  return { ...meta, headers: [] };
}

function forbidsStoring({ headers }: CachedResponse): boolean {
  return parseCacheControl(headers.get("cache-control")).has("no-store");
}
