/**
 * The way of one attempt through the middleware.
 *
 * @module
 */

import { describeKind } from "../primitives/argument_checks.ts";
import { CallerScope } from "../primitives/caller_scope.ts";
import { objectTag } from "../primitives/object_tag.ts";
import { toHeaderMap } from "../http/headers.ts";
import { WITH_STANDARD_BODY, withStandardBody } from "../http/node_body.ts";
import type { RedirectedRequest } from "../http/redirect.ts";
import { replayableBody } from "../http/request_body.ts";
import { keepWithBody } from "../http/response_keeper.ts";
import {
  asNetworkFailure,
  isNetworkFailure,
  type Middleware,
  type MiddlewareContext,
  MiddlewareFailure,
} from "./middleware.ts";
import type { Environment } from "./policy.ts";

/** Captures the current caller's async context, in which the middleware runs later; `undefined` without middleware. */
export function scopeFor(
  { use, useOnHops }: Pick<Environment, "use" | "useOnHops">,
): CallerScope | undefined {
  return use === undefined && useOnHops === undefined ? undefined : new CallerScope();
}

/** A request on its way through the middleware. */
export interface PassingRequest extends RedirectedRequest {
  /** The other options of `fetch`. */
  readonly init: RequestInit | undefined;
  /** Stops the attempt. */
  readonly signal: AbortSignal;
}

/**
 * Sends a request through middleware.
 *
 * @param use The middleware, outermost first.
 * @param passing The request.
 * @param send Sends the request that the innermost middleware hands on.
 * @param context The facts that the middleware may know.
 * @returns The response that the outermost middleware returns.
 * @throws {MiddlewareFailure} Rejects, if a middleware throws by itself.
 * @throws {unknown} Rejects with the error of `send`, if a middleware throws that on.
 */
export async function passThrough(
  use: readonly Middleware[],
  passing: PassingRequest,
  send: (request: RedirectedRequest) => Promise<Response>,
  context: Omit<MiddlewareContext, "canResend">,
): Promise<Response> {
  const given = toRequest(passing);
  const bodies = new PassingBodies(passing, given);
  const own: MiddlewareContext = { ...context, canResend: (request) => bodies.canResend(request) };
  const received: Response[] = [];
  let returned: Response | undefined;
  let isOver = false;
  const failures = new Set<unknown>();
  const last = async (request: Request): Promise<Response> => {
    // Another request may have the attempt's permit by now.
    if (isOver) throw new TypeError("Cannot fetch as a middleware must hand on before it returns");
    const { url, method, headers } = checkRequest(request);
    const body = await bodies.of(request);
    passing.signal.throwIfAborted();
    try {
      const response = await send({ url, method, headers: toHeaderMap(headers, "the request"), body });
      if (isOver) release(response, returned);
      else received.push(response);
      return response;
    } catch (error) {
      // A middleware nearer to the network has thrown by itself: that is no failure of the network for the outer ones either.
      if (error instanceof MiddlewareFailure) throw error.thrown;
      failures.add(error);
      throw error;
    }
  };
  const handler = use.reduceRight<(request: Request) => Promise<Response>>(
    (next, middleware) => async (request) => {
      const response = await middleware(checkRequest(request), next, own);
      // A late response is not used, and its body is cancelled already.
      return isOver ? response : checkResponse(response);
    },
    last,
  );
  try {
    return returned = await handler(given);
  } catch (error) {
    throw failures.has(error) || isNetworkFailure(error) ? error : new MiddlewareFailure(error);
  } finally {
    isOver = true;
    for (const other of received) if (other !== returned) release(other, returned);
  }
}

function toRequest({ url, method, headers, body, init, signal }: PassingRequest): Request {
  const own: RequestInit & { duplex?: "half" } = { ...init, method, headers, signal };
  if (body !== null) own.body = body;
  if (body instanceof ReadableStream) own.duplex = "half";
  return new Request(url, own);
}

/** The bodies of the requests that the middleware hands on; each may be handed on several times. */
class PassingBodies {
  readonly #passing: PassingRequest;
  readonly #given: Request;
  /** Whether the given body can be sent as it is, without reading it from its request. */
  readonly #isOwn: boolean;
  /** The bodies that were read from requests. */
  readonly #read = new Map<Request, Promise<BodyInit>>();
  /** The requests among them whose bodies can't be sent again. */
  readonly #spent = new Set<Request>();

  constructor(passing: PassingRequest, given: Request) {
    const { body } = passing;
    this.#passing = passing;
    this.#given = given;
    // A form's content type names a boundary, which belongs to the bytes that its own request has made of it.
    this.#isOwn = body === null || typeof body === "string" || body instanceof ArrayBuffer ||
      ArrayBuffer.isView(body) || body instanceof URLSearchParams || body instanceof Blob;
  }

  async of(request: Request): Promise<BodyInit | null> {
    if (request === this.#given) {
      if (this.#isOwn) return this.#passing.body;
    } else if (request.method === "GET" || request.method === "HEAD" || request.body === null) {
      // On some runtimes, it is expensive to ask for the body of a request that has none.
      return null;
    }
    if (this.#passing.body instanceof ReadableStream) return request.body;
    const known = this.#read.get(request);
    if (known !== undefined) return await known;
    const { signal } = this.#passing;
    const reading = replayableBody(request, { signals: [signal], isWhole: false });
    this.#read.set(request, reading);
    const body = await reading;
    if (body instanceof ReadableStream) this.#spent.add(request);
    return body;
  }

  canResend(request: Request): boolean {
    if (this.#read.has(request)) return !this.#spent.has(request);
    if (request.bodyUsed) return false;
    return !(this.#passing.body instanceof ReadableStream) || request.body === null;
  }
}

function checkRequest(request: Request): Request {
  if (objectTag(request) === "Request") return request;
  throw new TypeError(
    `Cannot fetch as what a middleware hands on must be a Request: received ${describeKind(request)}`,
  );
}

function checkResponse(response: Response): Response {
  if (objectTag(response) !== "Response") {
    throw new TypeError(
      `Cannot fetch as a middleware must return a Response: received ${describeKind(response)}`,
    );
  }
  if (response.type === "error" && response.status === 0) {
    throw asNetworkFailure(new TypeError("Fetch failed: a middleware has answered with Response.error()"));
  }
  if (response.bodyUsed || response.body?.locked === true) {
    throw new TypeError(
      "Cannot fetch as a middleware must return a Response whose body is not read: read that of its clone(), or return a new one",
    );
  }
  const standard = withStandardBody(response);
  if (standard === undefined) {
    throw new TypeError(`Cannot fetch as a middleware must return a Response ${WITH_STANDARD_BODY}`);
  }
  return standard;
}

/** Cancels the body of a response that was not returned, unless the returned one has the same body. */
function release(response: Response, returned: Response | undefined): void {
  const { body } = response;
  if (body === null || response.bodyUsed || body.locked) return;
  if (body === returned?.body) return keepWithBody(response);
  // The outcome of the cancellation does not matter.
  body.cancel().catch(() => {});
}
