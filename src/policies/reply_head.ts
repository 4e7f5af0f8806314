/**
 * The head of a response.
 *
 * @module
 */

/** The status, headers and URL of a reply. A `Response` has them as well, and creates them only when they are read. */
export interface ReplyHead {
  readonly status: number;
  /** The status text; absent or empty if there is none, as in HTTP/2. */
  readonly statusText?: string | undefined;
  readonly headers: Headers;
  /** The URL that answered, after redirects; empty for a response that was constructed. */
  readonly url: string;
  /** Whether redirects led to the response; absent if the head does not know. */
  readonly redirected?: boolean | undefined;
}
