/**
 * What the `fetch` of a test is given.
 *
 * @module
 */

/** A request as it was handed to `fetch`. */
export interface SentRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: BodyInit | null | undefined;
  /** The signal it came with, which is not the caller's. */
  readonly signal: AbortSignal | undefined;
  /** When, in milliseconds of the clock of its server. */
  readonly atMs: number;
}

/** Reads the arguments of `fetch`. */
export function sentRequest(input: string | URL | Request, init: RequestInit, atMs: number): SentRequest {
  const from = input instanceof Request ? input : undefined;
  return {
    url: from?.url ?? String(input),
    method: init.method ?? from?.method ?? "GET",
    headers: new Headers(init.headers ?? from?.headers),
    body: init.body ?? from?.body,
    signal: init.signal ?? from?.signal,
    atMs,
  };
}
