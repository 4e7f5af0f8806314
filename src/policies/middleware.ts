/**
 * The contract of middleware: functions of the user's that the client puts around each attempt.
 *
 * @module
 */

import { isError } from "../errors.ts";
import { shapeError } from "../primitives/argument_checks.ts";
import type { Clock } from "../primitives/clock.ts";

/** The facts that a middleware may know besides the request. */
export interface MiddlewareContext {
  /** The number of the attempt of this request, from 1, over all rounds and mirrors. */
  readonly attempt: number;
  /** The client's clock. */
  readonly clock: Clock;
  /**
   * Whether a server has named this URL: the next page of `client.pages`, at another origin than the first page. The client does
   * not send the caller's own secret headers there; the middleware decides about headers that it adds itself.
   */
  readonly isForeign: boolean;
  /**
   * Sends a request of the middleware's own by the client's `fetch`, past the client's limits, retries and middleware. A request
   * to the client itself would wait for a permit while the middleware holds one.
   */
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
  /**
   * Whether a request that was handed on can be handed on again: not if its body is a stream, or another middleware has taken the
   * body.
   */
  readonly canResend: (request: Request) => boolean;
}

/** Hands a request on: to the next middleware, and after the last to the network. */
export type Next = (request: Request) => Promise<Response>;

/**
 * A function around each attempt of each request: inside the attempt's permit and `timeoutMs`, outside of redirects, behind the
 * cache. It may change the request's headers, hand on another request, look at the response, hand the request on again, or answer
 * by itself.
 *
 * `request.signal` aborts when the attempt has taken too long or the caller does not want it any more. An error that the
 * middleware throws by itself is the caller's own error: the request rejects with it at once, and the client does not retry. An
 * error that `next` rejects with is a failure of the network, and the middleware may throw it again. The client cancels the
 * bodies of responses that the middleware does not return, also of those that arrive after it has returned; from then on it can't
 * hand on any more.
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
   * @param request The request, which belongs to this middleware; its URL is absolute.
   * @param next Hands the request on; may be called again, also with the same request if `context.canResend` says so.
   * @param context Further facts about the attempt.
   * @returns The response.
   */
  (request: Request, next: Next, context: MiddlewareContext): Promise<Response> | Response;
  /**
   * The scope of the middleware: whole attempts; or each request on the wire, also each one that follows a redirect, inside of
   * everything that surrounds attempts. In browsers, which follow redirects by themselves, the two are the same.
   *
   * @default {"attempt"}
   */
  readonly around?: "attempt" | "hop" | undefined;
}

/**
 * Returns the middleware that surrounds attempts, or hops.
 *
 * @param use All middleware of a client, outermost first.
 * @param around What the wanted middleware surrounds.
 * @returns These middleware, in the same order; `undefined` if there is none.
 * @throws {TypeError} If a middleware is to surround anything else.
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

/**
 * Makes an error that a middleware throws count as a failure of the network: the attempt has failed, so that the client retries,
 * asks the next mirror and tells the circuit breaker as usual. Any other error of a middleware is the caller's own, and ends the
 * request at once.
 *
 * @param error The error, which must not be frozen, because it is marked.
 * @returns The same error.
 *
 * @example A response that is worth a retry
 * ```ts
 * import { createClient } from "@slipstream/fetch";
 * import { asNetworkFailure, type Middleware } from "@slipstream/fetch/middleware";
 * import { assertEquals } from "@std/assert";
 *
 * const current: Middleware = async (request, next) => {
 *   const response = await next(request);
 *   if (response.headers.has("x-outdated")) throw asNetworkFailure(new Error("The gateway had only an old copy"));
 *   return response;
 * };
 * let requests = 0;
 * await using client = createClient({
 *   use: [current],
 *   backoff: { baseMs: 0, jitter: "none" },
 *   fetch: () => Promise.resolve(Response.json(++requests, { headers: requests === 1 ? { "x-outdated": "1" } : {} })),
 * });
 * assertEquals(await client.json("https://api.example.com/a"), 2);
 * ```
 */
export function asNetworkFailure<E extends Error>(error: E): E {
  Object.defineProperty(error, NETWORK_FAILURE, { value: true });
  return error;
}

/** Whether an error counts as a failure of the network, although a middleware threw it. */
export function isNetworkFailure(error: unknown): boolean {
  return isError(error) && NETWORK_FAILURE in error;
}

/** An error that a middleware has thrown by itself. */
export class MiddlewareFailure {
  /** The value that the middleware threw. */
  readonly thrown: unknown;

  /** Creates a failure around the value that a middleware threw. */
  constructor(thrown: unknown) {
    this.thrown = thrown;
  }
}
