/**
 * Turns replies of the network into responses as the cache sees them.
 *
 * @module
 */

import { isSameUrl } from "../http/url.ts";
import type { Call } from "../policies/call.ts";
import type { Hop } from "../policies/journey.ts";
import type { Reply } from "../policies/reply.ts";
import type { CachedResponse } from "./rules.ts";

/**
 * Describes a reply of the network for the cache.
 *
 * @param call The call that got it.
 * @param reply The reply.
 * @param nowMs The present, in milliseconds since 1970. It stands for the times of the request and the response if the call has
 * not noted them.
 * @returns The response.
 */
export function toCachedResponse(call: Call, reply: Reply, nowMs: number): CachedResponse {
  const { status, headers, url, head: { statusText } } = reply;
  const { sentAtMs, answeredAtMs } = call.journey.exchange ?? { sentAtMs: nowMs, answeredAtMs: nowMs };
  const redirects = redirectsTo(reply, call);
  return { status, statusText, headers, url, redirects, requestedAtMs: sentAtMs, storedAtMs: answeredAtMs };
}

/**
 * Returns the redirects that led to a reply.
 *
 * @param reply The reply.
 * @param call The call that got it.
 * @returns The redirects, empty for a direct answer. `undefined` if the known redirects do not lead from the call's URL to the
 * URL that has answered: the runtime has followed redirects by itself, or a middleware has sent another request.
 */
export function redirectsTo({ url }: Pick<Reply, "url">, call: Call): readonly Hop[] | undefined {
  const { exchange, target } = call.journey;
  const hops = exchange?.hops ?? [];
  const isDirect = url === "" ? hops.length === 0 : isSameUrl(url, target!.url);
  if (isDirect) return [];
  const steps = [target!.url, ...hops.flatMap(({ from, to }) => [from.url, to.url]), url];
  for (let index = 0; index < steps.length; index += 2) {
    const [end, start] = [steps[index]!, steps[index + 1]!];
    if (start !== "" && !isSameUrl(end, start)) return undefined;
  }
  return hops;
}
