/**
 * What a request says in its headers where its caller has said nothing else.
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
 * Has requests for JSON say so, unless their headers say what they accept.
 *
 * @param headers All headers of the request.
 * @param as What its body is decoded to.
 * @returns The headers to send.
 */
export function withAccept(headers: HeaderMap, as: Settings["as"]): HeaderMap {
  if (as !== "json" || "accept" in headers) return headers;
  return isEmpty(headers) ? ACCEPT_JSON : mergeHeaders(ACCEPT_JSON, headers);
}

/**
 * Has requests for JSON, and those that send it, say so, unless their headers say something else.
 *
 * @param headers All headers of the request: also those of the client and of the mirror, where it gets them.
 * @param call Whose request it is.
 * @returns The headers to send.
 */
export function withDefaults(headers: HeaderMap, { settings, request }: Call): HeaderMap {
  const all = withAccept(headers, settings.as);
  return request.isJson && !("content-type" in all) ? mergeHeaders(JSON_TYPE, all) : all;
}
