/**
 * What a request is made of, as far as its way depends on it.
 *
 * @module
 */

import type { Route } from "../runtime/transport/contract.ts";

/** What `fetch` takes. */
export type FetchInput = string | URL | Request;

/** A request to send. */
export interface TransportRequest {
  readonly url: URL;
  readonly input: FetchInput;
  readonly init: RequestInit | undefined;
}

/** Sends requests on a way of its own. */
export interface Carrier {
  /**
   * Sends a request.
   *
   * @param url Where it leads.
   * @param input The request.
   * @param init What is said of it besides.
   * @returns The response.
   */
  send(url: URL, input: FetchInput, init: RequestInit | undefined): Promise<Response>;
  /** How many connections were made; `undefined` where they can't be seen. */
  readonly opened: number | undefined;
  /** How many connections are open; `undefined` where they can't be seen. */
  readonly open: number | undefined;
  /** Closes all connections. */
  close(): Promise<void>;
}

/** Sends a request on a way. */
export type SendOnRoute = (
  origin: string,
  input: FetchInput,
  init: RequestInit | undefined,
  route: Route,
) => Promise<Response>;

/** Whether a request can be sent again after a try that came to nothing: a body that streams is used up by it. */
export function isRepeatable(input: FetchInput, init: RequestInit | undefined): boolean {
  if (init?.body instanceof ReadableStream) return false;
  return !(input instanceof Request) || input.body === null || (init?.body ?? undefined) !== undefined;
}

/** The method of a request. */
export function methodOf(input: FetchInput, init: RequestInit | undefined): string {
  return (init?.method ?? (input instanceof Request ? input.method : "GET")).toUpperCase();
}

/** The signal that stops a request. */
export function signalOf(input: FetchInput, init: RequestInit | undefined): AbortSignal | undefined {
  return init?.signal ?? (input instanceof Request ? input.signal : undefined);
}
