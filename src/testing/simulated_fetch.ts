/**
 * The simulated CDN as a `fetch`.
 *
 * @module
 */

import { type AbortTarget, addAbortListener, removeAbortListener } from "../primitives/abort_listeners.ts";
import { followRedirects, REDIRECT_STATUSES, type RedirectedRequest } from "../http/redirect.ts";
import type { CdnExchange } from "./cdn_exchange.ts";
import { statusText } from "./http_message.ts";
import type { ResponsePlan } from "./response_plan.ts";
import type { IncomingRequest, SimulatedMirror } from "./simulated_mirror.ts";

/** Finds the mirror of an origin. */
export type MirrorFinder = (origin: string) => SimulatedMirror | undefined;

interface FetchCall extends IncomingRequest {
  readonly href: string;
  readonly origin: string;
  readonly signal: AbortSignal | null | undefined;
  readonly redirect: RequestRedirect;
}

const CREDENTIALS = new Set(["authorization", "cookie", "proxy-authorization"]);

/**
 * Creates a `fetch` that reaches only the mirrors. Like the real `fetch` it rejects with a `TypeError` when the network fails,
 * and with the signal's own reason when the signal aborts, before the headers and in the body.
 */
export function createSimulatedFetch(findMirror: MirrorFinder): typeof fetch {
  return async function fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const hasBody = init?.body !== undefined && init.body !== null;
    const call = hasBody || input instanceof Request ? await readRequest(input, init) : readCall(input, init);
    const response = await send(call, findMirror);
    if (call.redirect === "manual" || !REDIRECT_STATUSES.has(response.status)) return response;
    return redirected(call, response, findMirror);
  };
}

/** Reads the arguments in the usual case: a URL and perhaps a method, headers and a signal. */
function readCall(input: string | URL, init: RequestInit | undefined): FetchCall {
  const url = parseUrl(input);
  return {
    href: url.href,
    origin: url.origin,
    url: url.pathname + url.search,
    method: init?.method?.toUpperCase() ?? "GET",
    headers: () => init?.headers === undefined ? {} : Object.fromEntries(new Headers(init.headers)),
    body: "",
    signal: init?.signal,
    redirect: init?.redirect ?? "follow",
  };
}

async function readRequest(input: RequestInfo | URL, init: RequestInit | undefined): Promise<FetchCall> {
  const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
  signal?.throwIfAborted();
  // Leave out the signal, because the `Request` would add listeners to it.
  const request = new Request(input, { ...init, signal: null });
  const headers = Object.fromEntries(request.headers);
  return {
    ...readCall(request.url, { method: request.method, redirect: init?.redirect ?? request.redirect }),
    headers: () => headers,
    body: await request.text(),
    signal,
  };
}

function parseUrl(input: string | URL): URL {
  const url = new URL(input);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`Cannot fetch as the URL's scheme must be http or https: received '${url.protocol}'`);
  }
  return url;
}

async function send(call: FetchCall, findMirror: MirrorFinder): Promise<Response> {
  const { signal } = call;
  signal?.throwIfAborted();
  const mirror = findMirror(call.origin);
  if (mirror === undefined) throw networkError(call, "there is no such host");
  const exchange = mirror.receive(call);
  if (signal) endWithSignal(exchange, signal);
  try {
    return await respond(call, mirror, exchange);
  } catch (error) {
    // Leave no exchange open, whatever the error was. A cancelled exchange has ended already.
    exchange.end("reset");
    throw error;
  }
}

function endWithSignal(exchange: CdnExchange, signal: AbortSignal): void {
  const target: AbortTarget = { onAbort: (signal) => exchange.cancel(signal.reason) };
  addAbortListener(signal, target);
  exchange.onEnd = () => removeAbortListener(signal, target);
}

async function respond(call: FetchCall, mirror: SimulatedMirror, exchange: CdnExchange): Promise<Response> {
  const { fault, entry } = exchange;
  if (fault?.kind === "refuse") {
    exchange.end("refused");
    throw networkError(call, "the connection was refused");
  }
  if (entry.latencyMs > 0) await exchange.wait(entry.latencyMs);
  if (fault?.kind === "reset") {
    exchange.end("reset");
    throw networkError(call, "the connection was reset");
  }
  if (fault?.kind === "stall" && fault.phase === "headers") await exchange.stall();
  const planned = mirror.plan(exchange);
  const plan = planned instanceof Promise ? await exchange.until(planned) : planned;
  exchange.answer(plan);
  return toResponse(call, plan, exchange);
}

function toResponse(call: FetchCall, plan: ResponsePlan, exchange: CdnExchange): Response {
  const { status, headers } = plan;
  if (plan.isBodiless) exchange.end("complete");
  const response = new Response(plan.isBodiless ? null : bodyStream(call, plan, exchange), {
    status,
    statusText: statusText(status),
    headers,
  });
  return Object.defineProperty(response, "url", { value: call.href });
}

/** Creates a body that counts as open until its reader has received all of it. */
function bodyStream(call: FetchCall, plan: ResponsePlan, exchange: CdnExchange): ReadableStream<Uint8Array> {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  exchange.onCancel = (reason) => controller.error(reason);

  function take(step: Uint8Array | "complete" | "cut"): void {
    if (typeof step !== "string") {
      // Enqueue a copy, because the reader may change the bytes.
      controller.enqueue(step.slice());
      if (!exchange.isBodyComplete) return;
      step = "complete";
    }
    exchange.end(step);
    // A body that ends with the connection looks complete, however much of it is missing.
    if (step === "complete" || plan.framing === "close") controller.close();
    else controller.error(networkError(call, "the connection was reset in the body"));
  }

  return new ReadableStream<Uint8Array>({
    start: (own) => void (controller = own),
    pull() {
      const step = exchange.nextStep();
      // A cancelled exchange has failed the stream in `onCancel`, unless the reader itself has cancelled it.
      return step instanceof Promise ? step.then(take, () => {}) : take(step);
    },
    cancel() {
      exchange.onCancel = undefined;
      exchange.cancel(undefined);
    },
  }, { highWaterMark: 0 });
}

/** Follows a redirect as the fetch standard requires: credentials are removed when it leads to another origin. */
async function redirected(call: FetchCall, response: Response, findMirror: MirrorFinder): Promise<Response> {
  if (call.redirect === "error") {
    await response.body?.cancel();
    throw networkError(call, "there is a redirect");
  }
  const { href, method, signal } = call;
  const request = { url: href, method, headers: call.headers(), body: call.body === "" ? null : call.body };
  const follow = ({ url, method, headers, body }: RedirectedRequest): Promise<Response> => {
    const text = typeof body === "string" ? body : "";
    return send({ ...readCall(url, { method }), headers: () => headers, body: text, signal }, findMirror);
  };
  return await followRedirects(request, follow, { sensitive: CREDENTIALS, mode: "follow", first: response });
}

function networkError(call: FetchCall, why: string): TypeError {
  return new TypeError(`Cannot fetch ${call.href} as ${why}`);
}
