/**
 * The headers of a body that the runtime has decoded.
 *
 * @module
 */

import type { Runtime } from "../runtime/contract.ts";
import type { HeaderMap } from "./headers.ts";

/** Statuses whose responses can't have a body (fetch standard, "null body status"). */
export const NULL_BODY_STATUSES: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** Whether a response has no body, whatever its headers say. */
export function isBodiless(method: string, status: number): boolean {
  return method === "HEAD" || NULL_BODY_STATUSES.has(status);
}

/** What decides whether a body was decoded. */
export interface DecodingContext {
  readonly method: string;
  /** The other members of the request's `init`: Bun can be told not to decode. */
  readonly init: RequestInit | undefined;
  /** The headers of the request. */
  readonly sent: HeaderMap;
  /** What the runtime decodes. */
  readonly runtime: Pick<Runtime, "decodes" | "decodesIdentity">;
}

/**
 * The headers of a response as they are true of the body that is read. A server that passes the response on would otherwise
 * announce a coding and a length that its body does not have.
 *
 * @param response Its status and headers.
 * @param context What decides whether the body was decoded.
 * @returns The same headers if they are true; otherwise a copy without `content-encoding` and `content-length`.
 */
export function decodedHeaders(
  { status, headers }: { readonly status: number; readonly headers: Headers },
  { method, init, sent, runtime }: DecodingContext,
): Headers {
  const coding = headers.get("content-encoding");
  if (coding === null || !runtime.decodes.has(coding.trim().toLowerCase())) return headers;
  if (isBodiless(method, status)) return headers;
  if ((init as { readonly decompress?: unknown } | undefined)?.decompress === false) return headers;
  if (!runtime.decodesIdentity && asksForIdentity(sent)) return headers;
  const copy = new Headers(headers);
  copy.delete("content-encoding");
  copy.delete("content-length");
  return copy;
}

/** Whether a request wants bytes as they are: parts are parts of those (fetch standard, "HTTP-network-or-cache fetch"). */
function asksForIdentity(headers: HeaderMap): boolean {
  return "range" in headers || headers["accept-encoding"]?.toLowerCase() === "identity";
}
