/**
 * What the parts of a client get that read bodies in their own way: lines, events and downloads.
 *
 * @module
 */

import type { HeaderMap } from "../http/headers.ts";

/** What is different when a request is sent again. */
export interface OpenOptions {
  /** Headers that take the place of the request's own. */
  readonly headers?: HeaderMap | undefined;
  /** Aborts this one, and the reading of its body, besides the request's own signal. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends a request, with its retries, mirrors and limits, and gives its response as soon as the head is there. The request holds its
 * permit until the last byte of the body has come, or the body is cancelled.
 *
 * @param options What is different this time.
 * @returns The response, whose status is a success. Rejects as `client.json()` does: also with an `HttpError` or a
 * `DataNotFoundError`, and with a signal's own reason.
 */
export type Opener = (options?: OpenOptions) => Promise<Response>;
