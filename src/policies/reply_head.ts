/**
 * The head of a response.
 *
 * @module
 */

/** What a reply says of its response. A `Response` is one, and makes these only when they are asked for. */
export interface ReplyHead {
  readonly status: number;
  readonly headers: Headers;
  /** The URL that answered, redirects followed; empty for a response that was constructed. */
  readonly url: string;
  /** Whether redirects led to it, where the head knows. */
  readonly redirected?: boolean | undefined;
}
