/**
 * The differences between the runtimes, as far as the client has to know them.
 *
 * @module
 */

/** A runtime, and how its `fetch`, timers and environment behave. */
export interface Runtime {
  readonly name: "deno" | "bun" | "node" | "web";
  /**
   * How many requests the runtime sends at once. Further ones wait inside the runtime, where the client can't see them, while
   * their timeouts run.
   */
  readonly maxConcurrentRequests: number;
  /** Whether the runtime's `fetch` prefers HTTP/2 by itself, and opens a connection for each request until an HTTP/2 connection is up. */
  readonly negotiatesHttp2: boolean;
  /**
   * Whether timers and sockets belong to the incoming request that creates them, and end with it. Then no part of a client may
   * wait for work that another incoming request has started.
   */
  readonly timersBelongToRequests: boolean;
  /**
   * Returns whether the runtime's `fetch` decodes a body without a change to the headers, which then describe the encoded body.
   * Always `false` where the headers are true, or do no harm.
   *
   * @param codings The members of `content-encoding`, in lower case.
   */
  decodes(codings: readonly string[]): boolean;
  /** Whether the runtime decodes even a response that must stay encoded: a range, or one requested with `accept-encoding: identity`. */
  readonly decodesIdentity: boolean;
  /** Whether the response to a request with `redirect: "manual"` can be read; browsers hide it. */
  readonly showsRedirects: boolean;
  /**
   * Returns whether an error of `fetch` means that the process has no descriptor left for another connection.
   *
   * @param error The reason with which `fetch` has rejected.
   */
  isOutOfDescriptors(error: unknown): boolean;
  /** Returns whether an error of `fetch` means that the runtime could not follow a redirect. */
  isRedirectFailure(error: unknown): boolean;
  /** Lets the process end although a timer is pending. */
  unref(timer: unknown): void;
  /** Returns an environment variable; `undefined` where it is not set or may not be read. Never asks the user for permission. */
  env(name: string): string | undefined;
}
