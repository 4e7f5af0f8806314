/**
 * The contract of a transport, which makes the connections of a client. The client knows only this interface, so that the code
 * comes with the transport alone.
 *
 * @module
 */

/** The counts of a transport since it was created. A number that the runtime does not show is `undefined`, and never a guess. */
export interface ConnectionStats {
  /** Requests that got a response, whatever its status. */
  readonly requests: number;
  /** Connections that were made. */
  readonly opened: number | undefined;
  /** Connections that are open. */
  readonly open: number | undefined;
  /** Requests that needed no new connection. This is a lower bound, because some opened connections may never have been used. */
  readonly reused: number | undefined;
  /** The share of such requests, from 0 to 1; also `undefined` before the first response. */
  readonly reuseRate: number | undefined;
}

/** Sends the requests of clients. `createTransport()` of `@slipstream/fetch/transport` creates one. */
export interface ClientTransport {
  /** Sends a request. A program may also call it without a client. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /**
   * Whether it opens one connection for each request until HTTP/2 is negotiated, so that one request of a burst should go first.
   */
  readonly negotiatesHttp2: boolean;
  /** Whether an error of its `fetch` says nothing about the origin, because a proxy or a resolver has failed before. */
  isOwnFailure(error: unknown): boolean;
  /** Returns the counts since the transport was created. */
  connectionStats(): ConnectionStats;
}
