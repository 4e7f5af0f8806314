/**
 * The options by which requests load files anew that the cache has.
 *
 * @module
 */

import { mergeHeaders, toHeaderMap } from "../http/headers.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { F1RequestOptions } from "./payload_request.ts";

/**
 * Adds to options that a request asks the server whether the file has changed, so that the server need not send a file again that
 * has not. The cache must not answer in place of a network that fails.
 *
 * @param options The caller's options.
 * @returns Options with these additions.
 */
export function refreshOptions<Options extends F1RequestOptions>(options: Options): Options {
  // A page asks for that by the mode alone: another origin might not allow the header (CORS), and the browser's own cache asks.
  if (!currentRuntime.showsRedirects) return { ...options, readCache: false, cache: "no-cache" };
  const headers = toHeaderMap(options.headers, "the request");
  return { ...options, headers: mergeHeaders(headers, { "cache-control": "no-cache" }) };
}
