/**
 * What a request says of a body that is JSON.
 *
 * @module
 */

import { type HeaderMap, mergeHeaders } from "../http/headers.ts";
import type { PreparedRequest } from "../http/request.ts";

const JSON_TYPE: HeaderMap = Object.freeze(
  Object.assign(Object.create(null), { "content-type": "application/json" }),
);

/**
 * Lets those who send JSON say so, unless their headers have another type.
 *
 * @param headers All headers of the request: also those of the client and of the mirror, where it gets them.
 * @param request The request.
 * @returns The headers to send.
 */
export function withJsonType(headers: HeaderMap, { isJson = false }: PreparedRequest): HeaderMap {
  return isJson && !("content-type" in headers) ? mergeHeaders(JSON_TYPE, headers) : headers;
}
