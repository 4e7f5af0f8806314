/**
 * The parts of a request that its route depends on.
 *
 * @module
 */

import type { Route } from "../runtime/transport/contract.ts";

/** The first argument of `fetch`. */
export type FetchInput = string | URL | Request;

/** A request to send. */
export interface TransportRequest {
  readonly url: URL;
  readonly input: FetchInput;
  readonly init: RequestInit | undefined;
}

/** Sends the requests of a transport, on routes that it chooses. */
export interface Carrier {
  /**
   * Sends a request.
   *
   * @param url The URL of the request.
   * @param input The request.
   * @param init The second argument of `fetch`.
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

/** Sends a request on a given route. */
export type SendOnRoute = (
  origin: string,
  input: FetchInput,
  init: RequestInit | undefined,
  route: Route,
) => Promise<Response>;

/** Whether a request can be sent again after a failed attempt. The attempt uses up a body that is a stream. */
export function isRepeatable(input: FetchInput, init: RequestInit | undefined): boolean {
  if (init?.body instanceof ReadableStream) return false;
  return !(input instanceof Request) || input.body === null || (init?.body ?? undefined) !== undefined;
}

/** Returns the method of a request. */
export function methodOf(input: FetchInput, init: RequestInit | undefined): string {
  return (init?.method ?? (input instanceof Request ? input.method : "GET")).toUpperCase();
}

/** Returns the signal that stops a request. */
export function signalOf(input: FetchInput, init: RequestInit | undefined): AbortSignal | undefined {
  return init?.signal ?? (input instanceof Request ? input.signal : undefined);
}
