/**
 * What an attempt sends.
 *
 * @module
 */

import { isEmpty, needsOwnRedirects } from "../http/headers.ts";
import {
  followRedirects,
  isRedirect,
  type RedirectedRequest,
  type RedirectListener,
} from "../http/redirect.ts";
import { wholeBody } from "../http/request_body.ts";
import { objectTag } from "../primitives/object_tag.ts";
import { alreadyRead, ResponseError } from "./attempt_errors.ts";
import type { Call } from "./call.ts";
import type { Exchange, Target } from "./journey.ts";
import type { MiddlewareContext } from "./middleware.ts";
import { passThrough } from "./middleware_chain.ts";
import type { Environment } from "./policy.ts";

/** What it takes to send a request. */
export type SendingEnvironment = Pick<Environment, "clock" | "fetch" | "runtime" | "use" | "useOnHops">;

/** How it is sent. */
export interface SendOptions {
  /** Stops it. */
  readonly signal: AbortSignal;
  /** The response, if it was sent already. */
  readonly first?: Response | undefined;
  /** Where redirects are noted, for callers that want to know. */
  readonly exchange?: Exchange | undefined;
}

/**
 * Sends a call to a target, through the middleware if there is any, and follows redirects: wherever the runtime shows them, and
 * elsewhere if the runtime would send on what must not reach another origin.
 *
 * @param environment What sends it.
 * @param call The call.
 * @param target Where it goes.
 * @param options What stops it, and what is noted of it.
 * @returns The response.
 * @throws {ResponseError} Rejects, if `fetch` gives something else.
 * @throws {TypeError} Rejects, if `fetch` gives `Response.error()`: a failure of the network.
 * @throws {MiddlewareFailure} Rejects, if a middleware throws by itself.
 */
export async function sendRequest(
  environment: SendingEnvironment,
  call: Call,
  target: Target,
  { signal, first, exchange }: SendOptions,
): Promise<Response> {
  const { method, body: given, init } = call.request;
  const { use, runtime } = environment;
  const body = mustBeWhole(runtime, given) ? await wholeBody(given, signal) : given;
  const request = { url: target.url, method, headers: target.headers, body };
  const scope = call.context.scope ?? call.journey.scope;
  // Another one may be sent beside it while it is redirected.
  const { attempts: attempt } = call;
  const send = (): Promise<Response> =>
    use === undefined
      ? sendOne(environment, call, target.sensitive, { request, attempt, signal, first, exchange })
      : passThrough(
        use,
        { ...request, init, signal },
        (passed) =>
          sendOne(environment, call, target.sensitive, { request: passed, attempt, signal, exchange }),
        toContext(environment, call, attempt),
      );
  if (scope === undefined) return await send();
  return await scope.run(async () => {
    signal.throwIfAborted();
    return await send();
  });
}

/** What is sent. */
interface Sending extends SendOptions {
  readonly request: RedirectedRequest;
  /** Which attempt it is, from 1. */
  readonly attempt: number;
}

async function sendOne(
  environment: SendingEnvironment,
  call: Call,
  sensitive: ReadonlySet<string>,
  { request, attempt, signal, first, exchange }: Sending,
): Promise<Response> {
  const { showsRedirects } = environment.runtime;
  if (first !== undefined && !(isRedirect(checkResponse(first)) && showsRedirects)) return first;
  const { useOnHops } = environment;
  const { init } = call.request;
  const send = (hop: RedirectedRequest, redirect: RequestRedirect | undefined): Promise<Response> =>
    useOnHops === undefined ? fetchHop(environment, call, { hop, redirect, signal }) : passThrough(
      useOnHops,
      { ...hop, init, signal },
      (passed) => fetchHop(environment, call, { hop: passed, redirect, signal }),
      toContext(environment, call, attempt),
    );
  const mode = init?.redirect ?? "follow";
  // Left to a browser, one that is an error would look like a failure of the network.
  const isOurs = mode !== "manual" &&
    (showsRedirects || mode === "error" || needsOwnRedirects(request.headers, sensitive));
  if (!isOurs) return await send(request, init?.redirect);
  const onFollow = exchange === undefined ? undefined : hopNoter(exchange, environment);
  const options = { sensitive, mode, signal, first, onFollow };
  return await followRedirects(
    request,
    (hop) => {
      // Where a signal belongs to another incoming request, it could not be aborted.
      call.throwIfCancelled();
      return send(hop, "manual");
    },
    options,
  );
}

/** Notes what was followed. A middleware may send several times: then all that it has followed is noted. */
function hopNoter(exchange: Exchange, { clock }: SendingEnvironment): RedirectListener {
  return (from, { status, headers }, to) => {
    const { sentAtMs } = exchange;
    const answeredAtMs = clock.wallNow();
    (exchange.hops ??= []).push({ from, to, status, headers, sentAtMs, answeredAtMs });
    exchange.sentAtMs = answeredAtMs;
  };
}

interface HopSending {
  readonly hop: RedirectedRequest;
  readonly redirect: RequestRedirect | undefined;
  readonly signal: AbortSignal;
}

// Browsers refuse to have their `fetch` called as a method.
async function fetchHop(
  { fetch, runtime }: SendingEnvironment,
  call: Call,
  { hop, redirect, signal }: HopSending,
): Promise<Response> {
  // A middleware may have made a stream of what was none.
  const sent = mustBeWhole(runtime, hop.body) ? { ...hop, body: await wholeBody(hop.body, signal) } : hop;
  const init = requestInit(sent, signal, redirect, call.request.init);
  // Browsers hide redirects, and have a cache of their own, which serves what is stale as well (RFC 5861).
  if (!runtime.showsRedirects && call.journey.exchange?.asksAnew === true) {
    init.cache ??= call.settings.cache === "reload" ? "reload" : "no-cache";
  }
  return checkResponse(await fetch(hop.url, init));
}

/** Of streams, Firefox sends `[object ReadableStream]`; Safari sends none, and Chromium only by HTTP/2, if servers allow it. */
function mustBeWhole(
  { showsRedirects }: SendingEnvironment["runtime"],
  body: BodyInit | null,
): body is ReadableStream {
  return !showsRedirects && body instanceof ReadableStream;
}

function toContext(
  { clock, fetch }: SendingEnvironment,
  { request: { withheld } }: Call,
  attempt: number,
): Omit<MiddlewareContext, "canResend"> {
  const isForeign = withheld !== undefined;
  return { attempt, clock, isForeign, fetch: (url, init) => fetch(String(url), init) };
}

/**
 * What `fetch` is called with.
 *
 * @param request What is sent.
 * @param signal What stops it.
 * @param redirect What becomes of redirects; absent for what `rest` says.
 * @param rest What else the caller has said of it.
 */
export function requestInit(
  { method, headers, body }: RedirectedRequest,
  signal: AbortSignal,
  redirect: RequestRedirect | undefined,
  rest?: RequestInit,
): RequestInit {
  const init: RequestInit & { duplex?: "half" } = { ...rest, signal };
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
  if (!(response instanceof Response) && objectTag(response) !== "Response") throw new ResponseError();
  if (response.bodyUsed) throw alreadyRead();
  // As a service worker or a mock says that the network has failed (Fetch §2.2.6).
  if (response.type === "error") throw new TypeError("Fetch failed: the answer is Response.error()");
  return response;
}
