/**
 * The contract of middleware: what the user puts around each attempt.
 *
 * @module
 */

import { shapeError } from "../primitives/argument_checks.ts";
import type { Clock } from "../primitives/clock.ts";

/** What a middleware may know besides the request. */
export interface MiddlewareContext {
  /** Which attempt of its request this is, from 1, over all rounds and mirrors. */
  readonly attempt: number;
  /** The client's clock. */
  readonly clock: Clock;
  /**
   * Whether a server has said where this goes: the next page of `client.pages`, at another origin than the first one. The caller's own
   * headers that hold secrets are not sent there; what a middleware adds is up to the middleware.
   */
  readonly isForeign: boolean;
  /**
   * Sends a request of the middleware's own by the client's `fetch`, past its limits, retries and middleware. A request to the client
   * itself would wait for a permit, while the middleware holds one.
   */
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
  /** Whether a request that was handed on can be handed on again: not if its body is a stream, or was taken by another middleware. */
  readonly canResend: (request: Request) => boolean;
}

/** Hands a request on: to the next middleware, and after the last to the network. */
export type Next = (request: Request) => Promise<Response>;

/**
 * A function around each attempt of each request: inside its permit and its `timeoutMs`, outside of redirects, behind the cache. It may
 * change the request's headers, hand on another request, look at the response, hand the request on again, or answer by itself.
 *
 * `request.signal` aborts when the attempt has taken too long or is not wanted any more. What it throws by itself is the caller's own
 * error: the request rejects with it at once, and nothing is retried. What `next` rejects with is a failure of the network and may be
 * thrown again. The bodies of responses that it does not return are cancelled, also of those that come after it has returned; then it
 * can't hand on any more.
 *
 * @example A header with the number of the attempt
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
export interface Middleware {
  /**
   * Takes part in an attempt.
   *
   * @param request The request, which is the middleware's own; its URL is absolute.
   * @param next Hands it on; may be called again, also with the same request if `context.canResend` says so.
   * @param context What else it may know.
   * @returns The response.
   */
  (request: Request, next: Next, context: MiddlewareContext): Promise<Response> | Response;
  /**
   * What it is put around: whole attempts; or each request on the wire, those that follow redirects included, inside of all that is
   * around attempts. In browsers, which follow redirects by themselves, the two are the same.
   *
   * @default {"attempt"}
   */
  readonly around?: "attempt" | "hop" | undefined;
}

/**
 * Those of several middleware that are put around the same.
 *
 * @param use All of them, outermost first.
 * @param around What they are put around.
 * @returns Those, in the same order; `undefined` for none.
 * @throws {TypeError} If one is to be put around something else.
 */
export function middlewareAround(
  use: readonly Middleware[] | undefined,
  around: "attempt" | "hop",
): readonly Middleware[] | undefined {
  const found = use?.filter((middleware, index) => placeOf(middleware, `use[${index}].around`) === around);
  return found === undefined || found.length === 0 ? undefined : found;
}

function placeOf({ around = "attempt" }: Middleware, name: string): "attempt" | "hop" {
  if (around === "attempt" || around === "hop") return around;
  throw shapeError("create client", name, "'attempt' or 'hop'", around);
}

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
