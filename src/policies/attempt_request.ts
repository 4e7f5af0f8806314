/**
 * The sending of an attempt, through middleware and redirects.
 *
 * @module
 */

import { isEmpty, needsOwnRedirects } from "../http/headers.ts";
import { WITH_STANDARD_BODY, withStandardBody } from "../http/node_body.ts";
import {
  followRedirects,
  isRedirect,
  type RedirectedRequest,
  type RedirectListener,
} from "../http/redirect.ts";
import { wholeBody } from "../http/request_body.ts";
import { isTracked } from "../http/tracked_response.ts";
import { objectTag } from "../primitives/object_tag.ts";
import { alreadyRead, ResponseError } from "./attempt_errors.ts";
import { asksServer } from "./cache_mode.ts";
import type { Call } from "./call.ts";
import type { ExchangeFacts, Target } from "./journey.ts";
import type { MiddlewareContext } from "./middleware.ts";
import { passThrough } from "./middleware_chain.ts";
import type { Environment } from "./policy.ts";

/** The objects that sending needs. */
export type SendingEnvironment = Pick<Environment, "clock" | "fetch" | "runtime" | "use" | "useOnHops">;

/** The options of sending. */
export interface SendOptions {
  /** Aborts the request. */
  readonly signal: AbortSignal;
  /** The response, if the request was sent already. */
  readonly first?: Response | undefined;
  /** Records the redirects, for the cache. */
  readonly exchange?: ExchangeFacts | undefined;
}

/**
 * Sends a call to a target, through the middleware if there is any, and follows redirects. It follows them itself wherever the
 * runtime shows them, and elsewhere if the runtime would send headers on that must not reach another origin.
 *
 * @param environment The objects that sending needs.
 * @param call The call.
 * @param target The target of the attempt.
 * @param options The options of sending.
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
  // A hedged request may raise `call.attempts` while this one follows redirects.
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

/** One request to send, with its options. */
interface Sending extends SendOptions {
  readonly request: RedirectedRequest;
  /** The number of the attempt, from 1. */
  readonly attempt: number;
}

async function sendOne(
  environment: SendingEnvironment,
  call: Call,
  sensitive: ReadonlySet<string>,
  { request, attempt, signal, first, exchange }: Sending,
): Promise<Response> {
  const { showsRedirects } = environment.runtime;
  const answer = first && checkResponse(first);
  if (answer !== undefined && !(isRedirect(answer) && showsRedirects)) return answer;
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
  // In a browser, a redirect that is an error (`redirect: "error"`) would look like a failure of the network.
  const isOurs = mode !== "manual" &&
    (showsRedirects || mode === "error" || needsOwnRedirects(request.headers, sensitive));
  if (!isOurs) return await send(request, init?.redirect);
  const onFollow = exchange === undefined ? undefined : hopNoter(exchange, environment);
  const options = { sensitive, mode, signal, first: answer, onFollow };
  return await followRedirects(
    request,
    (hop) => {
      // A signal that belongs to another incoming request could not be aborted, so ask the call.
      call.throwIfCancelled();
      if (hop !== request) (call.journey.redirectedTo ??= []).push(hop);
      return send(hop, "manual");
    },
    options,
  );
}

/** Records redirects. If a middleware sends several times, records the redirects of all its requests. */
function hopNoter(exchange: ExchangeFacts, { clock }: SendingEnvironment): RedirectListener {
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
  // A middleware may have turned another body into a stream.
  const sent = mustBeWhole(runtime, hop.body) ? { ...hop, body: await wholeBody(hop.body, signal) } : hop;
  const init = requestInit(sent, signal, redirect, call.request.init);
  // Browsers hide redirects, and have a cache of their own, which also serves stale responses (RFC 5861).
  if (!runtime.showsRedirects) {
    const { cache } = call.settings;
    if (asksServer(cache)) init.cache ??= cache;
    else if (call.journey.exchange?.asksAnew === true) init.cache ??= "no-cache";
  }
  return checkResponse(await fetch(hop.url, init));
}

/**
 * Whether a stream must be read as a whole before it is sent. Firefox sends `[object ReadableStream]` for a stream; Safari sends
 * no stream, and Chromium only by HTTP/2, if the server allows it.
 */
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
 * Builds the options of a `fetch`.
 *
 * @param request The request.
 * @param signal Aborts the request.
 * @param redirect The redirect mode; absent for the one in `rest`.
 * @param rest The caller's other options of `fetch`.
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

/** Checks a response. Accepts one of another realm, or of another implementation, and makes its body standard. */
function checkResponse(response: Response): Response {
  const isForeign = !(response instanceof Response);
  if (isForeign && objectTag(response) !== "Response") throw new ResponseError();
  if (response.bodyUsed) throw alreadyRead();
  // A service worker or a mock reports a failure of the network in this way (Fetch §2.2.6). Bun's `node-fetch` has the same type
  // for every response that is no success, but a status as well.
  if (response.type === "error" && response.status === 0) {
    throw new TypeError("Fetch failed: the answer is Response.error()");
  }
  // Only the body of a subclass is looked at, because that may cost a stream. Bun's `node-fetch` has such a subclass.
  if (!isForeign && (response.constructor === Response || isTracked(response))) return response;
  const standard = withStandardBody(response);
  if (standard === undefined) throw new ResponseError(`a Response ${WITH_STANDARD_BODY}`);
  return standard;
}
