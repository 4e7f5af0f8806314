/**
 * What differs between the runtimes, as far as the client needs to know.
 *
 * @module
 */

/** A runtime. */
export interface Runtime {
  readonly name: "deno" | "bun" | "web";
  /** How many requests it runs at once; what is above waits inside of it, unseen, while timeouts run. */
  readonly maxConcurrentRequests: number;
  /** Whether its `fetch` prefers HTTP/2 by itself, and opens a connection a request as long as none is up. */
  readonly negotiatesHttp2: boolean;
  /**
   * Whether timers and sockets belong to the incoming request during which they were made, and end with it; so that no part of a
   * client may wait for what another request has started.
   */
  readonly timersBelongToRequests: boolean;
  /** An environment variable, or `undefined` where it is not set or may not be read. Never asks the user. */
  env(name: string): string | undefined;
}
