/**
 * What an attempt sends.
 *
 * @module
 */

import { isEmpty, needsOwnRedirects } from "../http/headers.ts";
import { followRedirects, isRedirect, type RedirectedRequest } from "../http/redirect.ts";
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
 */
export function sendRequest(
  environment: SendingEnvironment,
  call: Call,
  target: Target,
  signal: AbortSignal,
  first?: Response,
): Promise<Response> {
  const { showsRedirects } = environment.runtime;
  if (first !== undefined && (!showsRedirects || !isRedirect(first))) return Promise.resolve(first);
  // Browsers refuse to have their `fetch` called as a method.
  const { fetch } = environment;
  const { method, body, init } = call.request;
  const { url, headers, sensitive } = target;
  const send = (request: RedirectedRequest, redirect: RequestRedirect | undefined): Promise<Response> =>
    fetch(request.url, toInit(call, request, redirect, signal));
  const mode = init?.redirect ?? "follow";
  const isOurs = mode !== "manual" &&
    (showsRedirects || (mode === "follow" && needsOwnRedirects(headers, sensitive)));
  if (!isOurs) return send({ url, method, headers, body }, init?.redirect);
  return followRedirects({ url, method, headers, body }, (request) => send(request, "manual"), {
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
