/**
 * The arguments of a test's `fetch`, read into one record.
 *
 * @module
 */

/** A request as the client passed it to `fetch`. */
export interface SentRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: BodyInit | null | undefined;
  /** The signal that the client passed to `fetch`; it is not the caller's signal. */
  readonly signal: AbortSignal | undefined;
  /** The time of the request, in milliseconds of its server's clock. */
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
