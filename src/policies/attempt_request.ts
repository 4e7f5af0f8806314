/**
 * What an attempt sends.
 *
 * @module
 */

import { isEmpty, needsOwnRedirects } from "../http/headers.ts";
import { followRedirects, isRedirect, type RedirectedRequest } from "../http/redirect.ts";
import { ResponseError } from "./attempt_errors.ts";
import type { Call, Target } from "./call.ts";
import type { Environment } from "./policy.ts";

/** What it takes to send a request. */
export type SendingEnvironment = Pick<Environment, "fetch" | "runtime">;

/**
 * Sends a call to a target, and follows redirects: wherever the runtime shows them, and elsewhere if the runtime would send on what
 * must not reach another origin.
 *
 * @param environment What sends it.
 * @param call The call.
 * @param target Where it goes.
 * @param signal Stops it.
 * @param first The response, if it was sent already.
 * @returns The response.
 * @throws {ResponseError} Rejects, if `fetch` gives something else.
 */
export async function sendRequest(
  environment: SendingEnvironment,
  call: Call,
  target: Target,
  signal: AbortSignal,
  first?: Response,
): Promise<Response> {
  const { showsRedirects } = environment.runtime;
  if (first !== undefined && (!showsRedirects || !isRedirect(checkResponse(first)))) return first;
  // Browsers refuse to have their `fetch` called as a method.
  const { fetch } = environment;
  const { method, body, init } = call.request;
  const { url, headers, sensitive } = target;
  const send = async (request: RedirectedRequest, redirect: RequestRedirect | undefined): Promise<Response> =>
    checkResponse(await fetch(request.url, toInit(call, request, redirect, signal)));
  const mode = init?.redirect ?? "follow";
  const isOurs = mode !== "manual" &&
    (showsRedirects || (mode === "follow" && needsOwnRedirects(headers, sensitive)));
  if (!isOurs) return await send({ url, method, headers, body }, init?.redirect);
  return await followRedirects({ url, method, headers, body }, (request) => send(request, "manual"), {
    sensitive,
    mode,
    signal,
    first,
  });
}

function toInit(
  call: Call,
  { method, headers, body }: RedirectedRequest,
  redirect: RequestRedirect | undefined,
  signal: AbortSignal,
): RequestInit {
  const init: RequestInit & { duplex?: "half" } = { ...call.request.init, signal };
  if (method !== "GET") init.method = method;
  if (!isEmpty(headers)) init.headers = headers;
  if (redirect !== undefined) init.redirect = redirect;
  if (body !== null) {
    init.body = body;
    if (body instanceof ReadableStream) init.duplex = "half";
  }
  return init;
}

/** One of another realm, or of another implementation, does as well. */
function checkResponse(response: Response): Response {
  const isResponse = response instanceof Response ||
    Object.prototype.toString.call(response) === "[object Response]";
  if (!isResponse) throw new ResponseError();
  return response;
}
