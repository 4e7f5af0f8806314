/**
 * A plan by the rules of HTTP.
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
   * How long a 200 is fresh where the server says nothing, in milliseconds, for all URLs or for each; `Infinity` for ever, 0 to
   * store nothing.
   * @default {a tenth of the time for which the response has not changed}
   */
  readonly ttlMs?: TtlMs | undefined;
}

/**
 * Plans to cache as HTTP has it, like a browser: a private cache as in RFC 9111. What the server says is obeyed, what is stale is
 * validated, `Vary` keeps variants apart, and a change invalidates.
 *
 * A change is a request by any method that is not known to be safe, and that the server has not refused. It removes what is stored for its
 * URL, and for the URLs of the same origin that its response names, in all partitions, for all clients on the same adapter, and for other
 * processes as far as the adapter is not their own memory. What mirrors have is one resource: a change at one of them is felt under the
 * names of all.
 *
 * What redirects lead to is kept for the URL that was asked for, as long as all of them are fresh: 301 and 308 are for up to a day
 * unless they say otherwise, 302, 303 and 307 only as long as they say. Then it is asked for anew. Where the runtime hides redirects, as
 * browsers do, it is not kept. There, the browser's own cache asks whether what is stale is still right, so that no other origin has to
 * allow the headers for that.
 *
 * Clients that are given one plan share what is stored, and what is known of it. What is being fetched is each client's own.
 *
 * @param adapter Where entries are kept; several adapters are tiers, the fastest first.
 * @param options What holds where the server says nothing, and whose responses may be kept.
 * @returns The plan, for the option `cache` of clients.
 * @throws {TypeError} If something has the wrong shape, or an option does not exist.
 * @throws {RangeError} If a number is out of range.
 *
 * @example What the server says is fresh is not asked for again
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
