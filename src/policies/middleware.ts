/**
 * The contract of middleware: what the user puts around each attempt.
 *
 * @module
 */

/** What a middleware may know besides the request. */
export interface MiddlewareContext {
  /** Which attempt of its request this is, from 1, over all rounds and mirrors. */
  readonly attempt: number;
}

/** Hands a request on: to the next middleware, and after the last to the network. */
export type Next = (request: Request) => Promise<Response>;

/**
 * Something around each attempt of each request: inside its permit and its `timeoutMs`, outside of redirects, behind the cache. It may
 * change the request's headers, hand on another request, look at the response, hand the request on again, or answer by itself.
 *
 * `request.signal` aborts when the attempt has taken too long or is not wanted any more. What it throws by itself is the caller's own
 * error: the request rejects with it at once, and nothing is retried. What `next` rejects with is a failure of the network and can be
 * thrown on. The bodies of responses that it does not return are cancelled.
 *
 * @param request The request, which is the middleware's own; its URL is absolute.
 * @param next Hands it on; may be called again, also with the same request unless its body is a stream.
 * @param context What else it may know.
 * @returns The response.
 *
 * @example A header with the time, on each attempt
 * ```ts
 * import { createClient, type Middleware } from "@slipstream/fetch";
 * import { assertEquals } from "@std/assert";
 *
 * const numbered: Middleware = (request, next, { attempt }) => {
 *   request.headers.set("x-attempt", String(attempt));
 *   return next(request);
 * };
 * await using client = createClient({
 *   use: [numbered],
 *   fetch: (_url, init) => Promise.resolve(Response.json(new Headers(init?.headers).get("x-attempt"))),
 * });
 * assertEquals(await client.json("https://api.example.com/a"), "1");
 * ```
 */
export type Middleware = (
  request: Request,
  next: Next,
  context: MiddlewareContext,
) => Promise<Response> | Response;

const NETWORK_FAILURE = Symbol.for("@slipstream/fetch.networkFailure");

/** Lets an error that a middleware throws count as a failure of the network. */
export function asNetworkFailure<E extends Error>(error: E): E {
  Object.defineProperty(error, NETWORK_FAILURE, { value: true });
  return error;
}

/** Whether an error counts as a failure of the network, although a middleware threw it. */
export function isNetworkFailure(error: unknown): boolean {
  return error instanceof Error && NETWORK_FAILURE in error;
}

/** What a middleware has thrown by itself. */
export class MiddlewareFailure {
  /** What it threw. */
  readonly thrown: unknown;

  /** Wraps what it threw. */
  constructor(thrown: unknown) {
    this.thrown = thrown;
  }
}
