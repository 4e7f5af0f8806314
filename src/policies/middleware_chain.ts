/**
 * One attempt on its way through the middleware.
 *
 * @module
 */

import { describeKind } from "../primitives/argument_checks.ts";
import { CallerScope } from "../primitives/caller_scope.ts";
import { objectTag } from "../primitives/object_tag.ts";
import { toHeaderMap } from "../http/headers.ts";
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

/** Where the middleware of a caller who is here now is to run later; `undefined` if there is none. */
export function scopeFor(
  { use, useOnHops }: Pick<Environment, "use" | "useOnHops">,
): CallerScope | undefined {
  return use === undefined && useOnHops === undefined ? undefined : new CallerScope();
}

/** What goes through. */
export interface PassingRequest extends RedirectedRequest {
  /** What else `fetch` is given. */
  readonly init: RequestInit | undefined;
  /** Stops the attempt. */
  readonly signal: AbortSignal;
}

/**
 * Sends a request through middleware.
 *
 * @param use The middleware, outermost first.
 * @param passing The request.
 * @param send Sends what comes out at the other end.
 * @param context What the middleware may know.
 * @returns The response that the outermost one gives.
 * @throws {MiddlewareFailure} Rejects, if a middleware throws by itself.
 * @throws {unknown} Rejects with what `send` has rejected with, if a middleware throws that on.
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
    // The permit of the attempt may be another request's by now.
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
      // One that is nearer to the network has thrown by itself: that is no failure of the network out here either.
      if (error instanceof MiddlewareFailure) throw error.thrown;
      failures.add(error);
      throw error;
    }
  };
  const handler = use.reduceRight<(request: Request) => Promise<Response>>(
    (next, middleware) => async (request) => {
      const response = await middleware(checkRequest(request), next, own);
      // Nothing becomes of one that comes late, and its body is cancelled already.
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

/** How the bodies of requests are sent that come out; each may come out several times. */
class PassingBodies {
  readonly #passing: PassingRequest;
  readonly #given: Request;
  /** Whether the body that goes in can be sent as it is, without a look into its request. */
  readonly #isOwn: boolean;
  /** What was read from requests. */
  readonly #read = new Map<Request, Promise<BodyInit>>();
  /** Of those the ones that can't be sent again. */
  readonly #spent = new Set<Request>();

  constructor(passing: PassingRequest, given: Request) {
    const { body } = passing;
    this.#passing = passing;
    this.#given = given;
    // What a form's request says of its type goes with the bytes that it has made of it.
    this.#isOwn = body === null || typeof body === "string" || body instanceof ArrayBuffer ||
      ArrayBuffer.isView(body) || body instanceof URLSearchParams || body instanceof Blob;
  }

  async of(request: Request): Promise<BodyInit | null> {
    if (request === this.#given) {
      if (this.#isOwn) return this.#passing.body;
    } else if (request.method === "GET" || request.method === "HEAD" || request.body === null) {
      // Asking some runtimes for a body that is not there is expensive.
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
  if (response.type === "error") {
    throw asNetworkFailure(new TypeError("Fetch failed: a middleware has answered with Response.error()"));
  }
  if (!response.bodyUsed && response.body?.locked !== true) return response;
  throw new TypeError(
    "Cannot fetch as a middleware must return a Response whose body is not read: read that of its clone(), or return a new one",
  );
}

/** Gets rid of a response that was not returned, unless its body lives on in the one that was. */
function release(response: Response, returned: Response | undefined): void {
  const { body } = response;
  if (body === null || response.bodyUsed || body.locked) return;
  if (body === returned?.body) return keepWithBody(response);
  // How the body of a response ends that was given away does not matter.
  body.cancel().catch(() => {});
}
