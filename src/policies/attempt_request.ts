/**
 * What an attempt sends.
 *
 * @module
 */

import { isEmpty, needsOwnRedirects } from "../http/headers.ts";
import { followRedirects, type RedirectedRequest } from "../http/redirect.ts";
import type { Call, Target } from "./call.ts";

/**
 * Sends a call to a target, and follows redirects where the runtime would send on what must not reach another origin.
 *
 * @param fetch What sends it.
 * @param call The call.
 * @param target Where it goes.
 * @param signal Stops it.
 * @returns The response.
 */
export function sendRequest(
  fetch: typeof globalThis.fetch,
  call: Call,
  target: Target,
  signal: AbortSignal,
): Promise<Response> {
  const { method, body, init } = call.request;
  const { url, headers, sensitive } = target;
  if (method === "GET" && init === undefined && isEmpty(headers)) return fetch(url, { signal });
  const send = (request: RedirectedRequest, redirect: RequestRedirect | undefined): Promise<Response> =>
    fetch(request.url, toInit(call, request, redirect, signal));
  const isOurs = (init?.redirect ?? "follow") === "follow" && needsOwnRedirects(headers, sensitive);
  if (!isOurs) return send({ url, method, headers, body }, init?.redirect);
  return followRedirects({ url, method, headers, body }, sensitive, (request) => send(request, "manual"));
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
