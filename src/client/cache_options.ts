/**
 * How a client caches, from its options.
 *
 * @module
 */

import { tieredCache } from "../cache/tiered.ts";
import type { HeaderMap } from "../http/headers.ts";
import { joinUrl } from "../http/url.ts";
import type { CachePolicyOptions } from "../policies/cache.ts";
import type { Call } from "../policies/call.ts";
import type { Mirror } from "../policies/mirrors.ts";
import type { CacheOptions, ClientOptions } from "./options.ts";

/** Where the requests of a client lead, and what they carry. */
export interface CacheSurroundings {
  /** What every request carries. */
  readonly headers: HeaderMap;
  /** Lower-case names of headers that are nobody else's business. */
  readonly sensitive: ReadonlySet<string>;
  readonly mirrors: readonly Mirror[];
}

/**
 * The options of the cache policy.
 *
 * @param options The client's options.
 * @param surroundings Where requests lead, and what they carry.
 * @returns The options; `undefined` when the cache has no part in anything.
 */
export function cacheOptions(
  options: ClientOptions,
  surroundings: CacheSurroundings,
): CachePolicyOptions | undefined {
  const { offline = false } = options;
  const caching = cachingOf(options.cache);
  if (caching === undefined && !offline) return undefined;
  const { headers, mirrors } = surroundings;
  return {
    ...caching ?? NO_CACHE,
    offline,
    headers,
    hasCredentials: (call) => hasCredentials(call, surroundings),
    absoluteUrl: ({ request }) => request.absolute ? request.url : joinUrl(mirrors[0]!.base, request.url),
    variesByMirror: ({ request }, names) =>
      !request.absolute &&
      mirrors.some((mirror) => names.some((name) => mirror.headers[name] !== headers[name])),
  };
}

type Caching = Pick<
  CachePolicyOptions,
  "adapter" | "mode" | "ttlMs" | "negative" | "staleWhileRevalidateMs" | "staleIfErrorMs" | "partition"
>;

/** Offline without a cache there is nothing but misses. */
const NO_CACHE: Caching = {
  adapter: undefined,
  mode: "ttl",
  ttlMs: undefined,
  negative: {},
  staleWhileRevalidateMs: undefined,
  staleIfErrorMs: undefined,
  partition: undefined,
};

function cachingOf(option: ClientOptions["cache"]): Caching | undefined {
  if (option === undefined || option === false) return undefined;
  const options: CacheOptions = "adapter" in option ? option : { adapter: option };
  const { mode = "ttl", ttlMs = mode === "ttl" ? Infinity : undefined, negative = {} } = options;
  const { adapter, staleWhileRevalidateMs, staleIfErrorMs, partition } = options;
  return {
    adapter: "get" in adapter ? adapter : tieredCache(adapter),
    mode,
    ttlMs: typeof ttlMs === "number" ? () => ttlMs : ttlMs,
    negative,
    staleWhileRevalidateMs,
    staleIfErrorMs,
    partition,
  };
}

/** Whether a request carries credentials, to whichever mirror it goes. */
function hasCredentials({ request }: Call, { headers, sensitive, mirrors }: CacheSurroundings): boolean {
  const isSecret = (names: ReadonlySet<string>) => (name: string) => names.has(name);
  if ([request.headers, headers].some((map) => Object.keys(map).some(isSecret(sensitive)))) return true;
  if (request.absolute) return false;
  return mirrors.some((mirror) => Object.keys(mirror.headers).some(isSecret(mirror.sensitive)));
}
