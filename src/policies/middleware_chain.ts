/**
 * One attempt on its way through the middleware.
 *
 * @module
 */

import { toHeaderMap } from "../http/headers.ts";
import type { RedirectedRequest } from "../http/redirect.ts";
import { replayableBody } from "../http/request_body.ts";
import {
  isNetworkFailure,
  type Middleware,
  type MiddlewareContext,
  MiddlewareFailure,
} from "./middleware.ts";

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
  context: MiddlewareContext,
): Promise<Response> {
  const given = toRequest(passing);
  const bodyOf = bodyReader(passing, given);
  const received: Response[] = [];
  const failures = new Set<unknown>();
  const last = async (request: Request): Promise<Response> => {
    const { url, method, headers } = request;
    const body = await bodyOf(request);
    passing.signal.throwIfAborted();
    try {
      const response = await send({ url, method, headers: toHeaderMap(headers, "the request"), body });
      received.push(response);
      return response;
    } catch (error) {
      failures.add(error);
      throw error;
    }
  };
  const handler = use.reduceRight<(request: Request) => Promise<Response>>(
    (next, middleware) => async (request) =>
      checkResponse(await middleware(checkRequest(request), next, context)),
    last,
  );
  let response: Response | undefined;
  try {
    return response = await handler(given);
  } catch (error) {
    throw failures.has(error) || isNetworkFailure(error) ? error : new MiddlewareFailure(error);
  } finally {
    for (const other of received) if (other !== response) release(other, response);
  }
}

function toRequest({ url, method, headers, body, init, signal }: PassingRequest): Request {
  const own: RequestInit & { duplex?: "half" } = { ...init, method, headers, signal };
  if (body !== null) own.body = body;
  if (body instanceof ReadableStream) own.duplex = "half";
  return new Request(url, own);
}

/** How the body of a request is sent that comes out; the one that went in may come out several times. */
function bodyReader(
  { body, signal }: PassingRequest,
  given: Request,
): (request: Request) => Promise<BodyInit | null> {
  // What a form's request says of its type goes with the bytes that it has made of it.
  const isOwn = typeof body === "string" || body instanceof ArrayBuffer || ArrayBuffer.isView(body) ||
    body instanceof URLSearchParams || body instanceof Blob;
  let read: Promise<BodyInit> | undefined;
  return async (request) => {
    if (request === given && (isOwn || body === null)) return body;
    // Asking some runtimes for a body that is not there is expensive.
    if (request !== given && (request.method === "GET" || request.method === "HEAD")) return null;
    if (request !== given && request.body === null) return null;
    if (body instanceof ReadableStream) return request.body;
    if (request !== given) return await replayableBody(request, { signals: [signal], isWhole: false });
    return await (read ??= replayableBody(request, { signals: [signal], isWhole: false }));
  };
}

function checkRequest(request: Request): Request {
  if (Object.prototype.toString.call(request) === "[object Request]") return request;
  throw new TypeError("Cannot fetch as what a middleware hands on must be a Request");
}

function checkResponse(response: Response): Response {
  if (Object.prototype.toString.call(response) === "[object Response]") return response;
  throw new TypeError("Cannot fetch as a middleware must return a Response");
}

/** Gets rid of a response that was not returned, unless its body lives on in the one that was. */
function release(response: Response, returned: Response | undefined): void {
  const { body } = response;
  if (body === null || response.bodyUsed || body.locked || body === returned?.body) return;
  // Whoever gives a response away has lost interest in how its body ends.
  body.cancel().catch(() => {});
}
