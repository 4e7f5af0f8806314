/**
 * What differs between the runtimes, as far as the client needs to know.
 *
 * @module
 */

/** A runtime. */
export interface Runtime {
  readonly name: "deno" | "bun" | "node" | "web";
  /** How many requests it runs at once; what is above waits inside of it, unseen, while timeouts run. */
  readonly maxConcurrentRequests: number;
  /** Whether its `fetch` prefers HTTP/2 by itself, and opens a connection a request as long as none is up. */
  readonly negotiatesHttp2: boolean;
  /**
   * Whether timers and sockets belong to the incoming request during which they were made, and end with it; so that no part of a
   * client may wait for what another request has started.
   */
  readonly timersBelongToRequests: boolean;
  /** The content codings that its `fetch` decodes, leaving the headers as they were; none where those tell the truth, or do no harm. */
  readonly decodes: ReadonlySet<string>;
  /** Whether it decodes also what was asked for as it is: a part, or with `accept-encoding: identity`. */
  readonly decodesIdentity: boolean;
  /** Whether the response to a request with `redirect: "manual"` can be read; browsers hide it. */
  readonly showsRedirects: boolean;
  /**
   * Whether an error of `fetch` says that the process has no descriptor left for another connection.
   *
   * @param error What `fetch` has rejected with.
   */
  isOutOfDescriptors(error: unknown): boolean;
  /** Whether an error of `fetch` says that a redirect can't be followed, where the runtime has followed by itself. */
  isRedirectFailure(error: unknown): boolean;
  /** Lets the process end although a timer is pending. */
  unref(timer: unknown): void;
  /** An environment variable, or `undefined` where it is not set or may not be read. Never asks the user. */
  env(name: string): string | undefined;
}
