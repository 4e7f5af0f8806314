/**
 * What a request says that it accepts.
 *
 * @module
 */

import { type HeaderMap, isEmpty, mergeHeaders } from "../http/headers.ts";
import type { Settings } from "./settings.ts";

const JSON_ONLY: HeaderMap = Object.freeze(
  Object.assign(Object.create(null), { accept: "application/json" }),
);

/**
 * Lets those who want JSON say so, unless their headers say what they accept.
 *
 * @param headers All headers of the request.
 * @param as What its body is decoded to.
 * @returns The headers to send.
 */
export function withAccept(headers: HeaderMap, as: Settings["as"]): HeaderMap {
  if (as !== "json" || "accept" in headers) return headers;
  return isEmpty(headers) ? JSON_ONLY : mergeHeaders(JSON_ONLY, headers);
}
