/**
 * Corrects the headers of a response whose body the runtime has decoded.
 *
 * @module
 */

import { commaList } from "../primitives/comma_list.ts";
import type { Runtime } from "../runtime/contract.ts";
import type { HeaderMap } from "./headers.ts";

/** Statuses whose responses can't have a body (fetch standard, "null body status"). */
export const NULL_BODY_STATUSES: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** Whether a response has no body, whatever its headers say. */
export function isBodiless(method: string, status: number): boolean {
  return method === "HEAD" || NULL_BODY_STATUSES.has(status);
}

/** The conditions under which a runtime decodes a body. */
export interface DecodingContext {
  readonly method: string;
  /** The other members of the request's `init`. In Bun, `decompress: false` turns decoding off. */
  readonly init: RequestInit | undefined;
  /** The headers of the request. */
  readonly sent: HeaderMap;
  /** What the runtime decodes by itself. */
  readonly runtime: Pick<Runtime, "decodes" | "decodesIdentity">;
}

/**
 * Returns the headers that describe the decoded body of a response. With the others, a server that passes the response on would
 * announce a wrong coding and a wrong length.
 *
 * @param response The status and the headers of the response.
 * @param context The conditions under which the runtime decodes the body.
 * @returns The same object if it describes the body already; otherwise a copy without `content-encoding` and `content-length`.
 */
export function decodedHeaders(
  { status, headers }: { readonly status: number; readonly headers: Headers },
  { method, init, sent, runtime }: DecodingContext,
): Headers {
  if (!isDecodable(headers, runtime)) return headers;
  if (isBodiless(method, status)) return headers;
  if ((init as { readonly decompress?: unknown } | undefined)?.decompress === false) return headers;
  if (!runtime.decodesIdentity && asksForIdentity(sent)) return headers;
  const copy = new Headers(headers);
  copy.delete("content-encoding");
  copy.delete("content-length");
  return copy;
}

/** Whether a runtime decodes bodies with the content codings of a response. */
export function isDecodable(headers: Headers, runtime: Pick<Runtime, "decodes">): boolean {
  const codings = headers.get("content-encoding");
  return codings !== null && runtime.decodes(commaList(codings.toLowerCase()));
}

/**
 * Whether a request asks for uncompressed bytes. A range request does, because ranges count these bytes (fetch standard,
 * "HTTP-network-or-cache fetch").
 */
function asksForIdentity(headers: HeaderMap): boolean {
  return "range" in headers || headers["accept-encoding"]?.toLowerCase() === "identity";
}
