/**
 * The default headers of a request.
 *
 * @module
 */

import { type HeaderMap, isEmpty, mergeHeaders } from "../http/headers.ts";
import type { Call } from "./call.ts";
import type { Settings } from "./settings.ts";

const ACCEPT_JSON: HeaderMap = Object.freeze(
  Object.assign(Object.create(null), { accept: "application/json" }),
);
const JSON_TYPE: HeaderMap = Object.freeze(
  Object.assign(Object.create(null), { "content-type": "application/json" }),
);

/**
 * Adds `accept: application/json` to requests for JSON, unless their headers say what they accept.
 *
 * @param headers All headers of the request.
 * @param as The type that the body is decoded to.
 * @returns The headers to send.
 */
export function withAccept(headers: HeaderMap, as: Settings["as"]): HeaderMap {
  if (as !== "json" || "accept" in headers) return headers;
  return isEmpty(headers) ? ACCEPT_JSON : mergeHeaders(ACCEPT_JSON, headers);
}

/**
 * Adds the default headers: `accept` to requests for JSON, and `content-type` to requests that send JSON, unless they have these
 * headers.
 *
 * @param headers All headers of the request, including those of the client and the mirror.
 * @param call The call.
 * @returns The headers to send.
 */
export function withDefaults(headers: HeaderMap, { settings, request }: Call): HeaderMap {
  const all = withAccept(headers, settings.as);
  return request.isJson && !("content-type" in all) ? mergeHeaders(JSON_TYPE, all) : all;
}
