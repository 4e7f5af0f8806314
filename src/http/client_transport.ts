/**
 * The contract of a transport: all that a client knows of what makes its connections. The code comes with the transport.
 *
 * @module
 */

/** The numbers of a transport since it was made. What the runtime does not show is `undefined`, and never a guess. */
export interface ConnectionStats {
  /** Requests that were answered, whatever the status. */
  readonly requests: number;
  /** Connections that were made. */
  readonly opened: number | undefined;
  /** Connections that are open. */
  readonly open: number | undefined;
  /**
   * Requests that needed no connection of their own: at least so many, as some connections may have been made and never been used.
   */
  readonly reused: number | undefined;
  /** The share of those requests, from 0 to 1; `undefined` before the first response as well. */
  readonly reuseRate: number | undefined;
}

/** What sends the requests of clients: `createTransport()` of `@slipstream/fetch/transport` makes one. */
export interface ClientTransport {
  /** Sends a request; may be used alone. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** Whether it opens one connection for each request until HTTP/2 is negotiated, so that of a burst one request should go first. */
  readonly negotiatesHttp2: boolean;
  /** Whether an error of its `fetch` says nothing of the origin: a proxy or a resolver has failed before it. */
  isOwnFailure(error: unknown): boolean;
  /** The numbers since it was made. */
  connectionStats(): ConnectionStats;
}
