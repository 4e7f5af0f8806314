/**
 * Responses of another implementation of `fetch`, whose bodies are streams of Node.js.
 *
 * @module
 */

import type { Readable } from "node:stream";

/** The head of such a response. */
export interface NodeResponseInit extends ResponseInit {
  readonly url?: string;
}

/** Makes a response as `node-fetch` does: no instance of the global class, with a stream of Node.js as its body. */
export function nodeResponse(
  body: Readable,
  { status = 200, url = "", ...init }: NodeResponseInit = {},
): Response {
  const { statusText = "", headers } = init;
  const response = {
    [Symbol.toStringTag]: "Response",
    status,
    statusText,
    ok: status >= 200 && status < 300,
    url,
    headers: new Headers(headers),
    bodyUsed: false,
    body,
  };
  return response as unknown as Response;
}
