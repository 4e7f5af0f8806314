/**
 * What the `cache` setting of a request means for the network: for the caches on the way to the server, and that of a browser.
 *
 * @module
 */

import { type HeaderMap, mergeHeaders } from "../http/headers.ts";
import type { Call } from "./call.ts";
import type { AttemptRuntime, Handler } from "./policy.ts";
import type { CacheMode } from "./settings.ts";
import { unsatisfiable } from "./without_network.ts";

/** The facts of a client that the policy needs. */
export interface CacheModeOptions {
  readonly runtime: Pick<AttemptRuntime, "showsRedirects">;
  /** The client's headers. */
  readonly headers: HeaderMap;
}

/** Whether a mode asks for an answer of the server itself, and not of a cache on the way. */
export function asksServer(cache: CacheMode): cache is "no-cache" | "reload" {
  return cache === "no-cache" || cache === "reload";
}

/**
 * Answers calls with a 504 that only a cache may answer, and adds the headers to other calls that make the caches on the way
 * validate their response (`no-cache`) or pass the request on (`reload`), as in the fetch standard. A `cache-control` of the
 * caller's own takes precedence.
 *
 * @param next The handler of all calls that are sent.
 * @param options The facts of the client.
 * @returns The handler.
 */
export function obeyCacheMode(next: Handler, { runtime, headers }: CacheModeOptions): Handler {
  return (call) => {
    const { cache } = call.settings;
    if (cache === "only-if-cached") return Promise.resolve(unsatisfiable(call.sentUrl));
    // A browser does it by itself. Another origin might not allow a page to set these headers (CORS).
    if (asksServer(cache) && runtime.showsRedirects) tellCaches(call, cache, headers);
    return next(call);
  };
}

function tellCaches(call: Call, cache: "no-cache" | "reload", common: HeaderMap): void {
  const { headers, journey } = call;
  if ("cache-control" in headers || "cache-control" in common) return;
  const above = { "cache-control": cache === "reload" ? "no-cache" : "max-age=0" };
  const below: HeaderMap = cache === "reload" && !("pragma" in common) ? { pragma: "no-cache" } : {};
  journey.ownHeaders = mergeHeaders(mergeHeaders(below, headers), above);
}
