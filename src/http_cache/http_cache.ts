/**
 * A cache plan that follows the rules of HTTP.
 *
 * @module
 */

import type { CacheAdapter } from "../cache/cache.ts";
import { type CachePlan, createCachePlan } from "../policies/cache_plan.ts";
import { cachePolicy } from "./cache_policy.ts";
import { HttpRules } from "./http_rules.ts";
import type { TtlMs } from "./lifetimes.ts";
import { type CachePlanOptions, readPlanOptions } from "./plan_options.ts";

/** Options of {@linkcode httpCache}. */
export interface HttpCacheOptions extends CachePlanOptions {
  /**
   * How long a 200 is fresh if the server does not say, in milliseconds: a number for all URLs, or a function for each URL.
   * `Infinity` means for ever, 0 stores nothing.
   * @default {a tenth of the time for which the response has not changed}
   */
  readonly ttlMs?: TtlMs | undefined;
}

/**
 * Creates a plan for a private cache by RFC 9111, like that of a browser. The cache obeys the server's headers, validates stale
 * responses, keeps the variants of `Vary` apart, and removes responses that a change has made wrong.
 *
 * A change is a request with a method that is not known to be safe, unless the server has refused it. A change removes the stored
 * responses of its URL, and of the URLs of the same origin that its response names. It does so in all partitions and for all
 * clients on the same adapter, or on the same tiers; also for other processes, unless the adapter lives in the memory of one
 * process. All mirrors hold the same resource: a change at one mirror also removes what is stored under the URLs of the others.
 *
 * Processes do not know of each other's requests. If one process requests a URL before another one changes it, and stores the
 * response after that, the old response stays in the cache until it is stale. Within one process, the cache does not store it.
 *
 * The cache stores the response at the end of redirects under the URL of the request, and uses it for as long as the response and
 * all redirects are fresh. A 301 or 308 that does not say otherwise is fresh for up to a day; a 302, 303 or 307 only for as long
 * as it says. After that time, the client requests the URL again. Where the runtime hides redirects, as browsers do, the cache
 * does not store redirected responses. There, the browser's own cache validates stale responses, so that no other origin has to
 * allow the headers for that.
 *
 * Clients with the same plan share the stored responses and what the plan knows about them. Requests in flight belong to one
 * client each.
 *
 * @param adapter The store of the entries; several adapters are tiers, the fastest first.
 * @param options The rules for responses that do not say how long they are fresh, and whose responses the cache may store.
 * @returns The plan, for the option `cache` of clients.
 * @throws {TypeError} If something has the wrong shape, or an option does not exist.
 * @throws {RangeError} If a number is out of range.
 *
 * @example The client does not fetch a response again while it is fresh
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { httpCache, memoryCache } from "@slipstream/fetch/cache";
 * import { assertEquals } from "@std/assert";
 *
 * let requests = 0;
 * await using client = createClient({
 *   cache: httpCache(memoryCache(), { staleIfErrorMs: 86_400_000 }),
 *   fetch: () => Promise.resolve(Response.json(++requests, { headers: { "cache-control": "max-age=60" } })),
 * });
 * assertEquals(await client.json("https://example.com/a"), 1);
 * assertEquals(await client.json("https://example.com/a"), 1);
 * ```
 */
export function httpCache(
  adapter: CacheAdapter | readonly CacheAdapter[],
  options: HttpCacheOptions = {},
): CachePlan {
  const checked = readPlanOptions("create http cache", adapter, options);
  return createCachePlan("httpCache", cachePolicy({ ...checked, Rules: HttpRules }));
}
