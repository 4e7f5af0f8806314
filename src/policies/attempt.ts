/**
 * Station 9, the attempt: one request on the wire, under its own deadline, up to the end of its body.
 *
 * @module
 */

import { InvalidDataError, NetworkError, TimeoutError } from "../errors.ts";
import { drainBody, readBody, utf8Length } from "../http/body.ts";
import { BodyCollector } from "../http/body_collector.ts";
import { isOriginFailure, isRetryableStatus, isSuccessStatus } from "../http/classify.ts";
import { isEmpty, needsOwnRedirects } from "../http/headers.ts";
import { followRedirects, type RedirectedRequest } from "../http/redirect.ts";
import { redactError } from "../http/redact_error.ts";
import { retryAfterMs } from "../http/retry_after.ts";
import { trackBody, type TrackedResponse } from "../http/tracked_response.ts";
import { redactUrl } from "../http/url.ts";
import type { CircuitResult } from "../primitives/circuit_breaker.ts";
import type { Deadline, DeadlineTarget } from "../primitives/deadline_queue.ts";
import type { Permit } from "../primitives/permit.ts";
import type { Call, Target } from "./call.ts";
import { decodeReply } from "./decode.ts";
import type { Environment, Station } from "./policy.ts";
import { type OpenBody, Reply } from "./reply.ts";

/** No word of a server closes its origin for the rest of the program: a day, in milliseconds. */
const MAX_PAUSE_MS = 86_400_000;

/**
 * The innermost station: sends the call to its target. It takes over the call's permit, and gives it back when the body
 * has ended, or, after an abort, when the `fetch` has really settled.
 *
 * @param environment What the stations share.
 * @returns The station. It throws a `NetworkError`, a `TimeoutError`, an `InvalidDataError` for too large a body, or the
 * reason of a cancellation.
 */
export function attemptStation(environment: Environment): Station {
  return (call) => {
    if (!call.cancelled) return new Attempt(environment, call).run();
    // Whatever the call came through, an abort came first.
    call.permit?.release();
    call.permit = undefined;
    call.target!.origin.settle(call.ticket, "ignored");
    return Promise.reject(call.reason);
  };
}

/** One attempt: owns the permit, the controller and the deadline, and lets go of all three at once. */
class Attempt implements DeadlineTarget, OpenBody {
  readonly #environment: Environment;
  readonly #call: Call;
  readonly #target: Target;
  readonly #number: number;
  readonly #ticket: number;
  readonly #permit: Permit | undefined;
  readonly #startedAtMs: number;
  readonly #controller = new AbortController();
  readonly #deadline: Deadline;
  #reject: (reason: unknown) => void = () => {};
  #stopped: { readonly reason: unknown } | undefined;
  #response: Response | undefined;
  /** Who wants the bytes that the caller reads. */
  #collector: BodyCollector | undefined;
  /** The response that the caller reads. */
  #tracked: TrackedResponse | undefined;
  /** Whether the body is open and nobody here reads it. */
  #handedOut = false;
  /** The body's first characters, once it is being got rid of. */
  #excerpt: Promise<string> | undefined;
  /** Whether it has been said what the attempt tells of its origin. */
  #judged = false;
  #ended = false;

  constructor(environment: Environment, call: Call) {
    this.#environment = environment;
    this.#call = call;
    this.#target = call.target!;
    this.#number = ++call.attempts;
    this.#ticket = call.ticket;
    this.#permit = call.permit;
    call.permit = undefined;
    call.attempt = this;
    this.#startedAtMs = call.isFresh ? call.startedAtMs : environment.clock.now();
    this.#deadline = environment.deadlines.add(this, call.settings.timeoutMs, this.#startedAtMs);
    environment.counters.inFlight++;
    this.#target.origin.attempts++;
  }

  run(): Promise<Reply> {
    this.#report();
    // An abort may come from who has just been told.
    if (this.#stopped !== undefined) return Promise.reject(this.#fail(undefined));
    if (this.#environment.heedsSignals()) return this.#send();
    // A fetch that does not heed its signal must not keep the caller waiting, so the outcome is raced by hand.
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      this.#send().then(resolve, reject);
    });
  }

  async #send(): Promise<Reply> {
    const { exchange } = this.#call;
    if (exchange !== undefined) exchange.sentAtMs = this.#environment.clock.wallNow();
    let response: Response;
    try {
      response = await this.#fetch();
      if (typeof response?.status !== "number") throw new TypeError("fetch gave no Response");
    } catch (error) {
      throw this.#fail(error);
    }
    if (exchange !== undefined) exchange.answeredAtMs = this.#environment.clock.wallNow();
    this.#response = response;
    this.#target.origin.answered(this.#startedAtMs);
    if (this.#stopped !== undefined) return this.#refuse();
    const { status } = response;
    this.#reportHeaders(status);
    if (this.#isStopped()) return this.#refuse();
    if (this.#call.streams || !isSuccessStatus(status)) return this.#openReply(status);
    let body: Uint8Array<ArrayBuffer> | string | undefined;
    try {
      body = await this.#read(response);
      if (body === undefined) throw this.#tooLarge();
      this.#throwIfStopped();
    } catch (error) {
      throw this.#fail(error);
    }
    this.#judge("success");
    this.#finish(typeof body === "string" ? utf8Length(body) : body.length);
    const reply = new Reply(response, { from: "network", body });
    const decoding = decodeReply(this.#call, reply);
    if (decoding !== undefined) await decoding;
    return reply;
  }

  /** Says what the attempt tells of its origin; once. */
  #judge(result: CircuitResult): void {
    if (this.#judged) return;
    this.#judged = true;
    this.#target.origin.settle(this.#ticket, result);
  }

  /** The response of a fetch that did not heed its signal: nobody wants it, and its body must end. */
  #refuse(): never {
    this.discard();
    throw this.#stopped!.reason;
  }

  /** Text comes cheaper from the runtime than by way of bytes, where these are not asked for. */
  #read(response: Response): Promise<Uint8Array<ArrayBuffer> | string | undefined> {
    const { as, maxBodyBytes } = this.#call.settings;
    if (as === "bytes" || this.#call.exchange !== undefined || maxBodyBytes !== Infinity) {
      return readBody(response, maxBodyBytes);
    }
    return response.text();
  }

  #fetch(): Promise<Response> {
    const { method, body, init } = this.#call.request;
    const { url, headers } = this.#target;
    if (method === "GET" && init === undefined && isEmpty(headers)) {
      // Browsers refuse to have their `fetch` called as a method.
      const { fetch } = this.#environment;
      return fetch(url, { signal: this.#controller.signal });
    }
    const ownRedirects = (init?.redirect ?? "follow") === "follow" &&
      needsOwnRedirects(headers, this.#target.sensitive);
    if (!ownRedirects) return this.#fetchOnce({ url, method, headers, body }, init?.redirect);
    return followRedirects(
      { url, method, headers, body },
      this.#target.sensitive,
      (request) => this.#fetchOnce(request, "manual"),
    );
  }

  #fetchOnce(request: RedirectedRequest, redirect: RequestRedirect | undefined): Promise<Response> {
    const { url, method, headers, body } = request;
    const init: RequestInit & { duplex?: "half" } = {
      ...this.#call.request.init,
      signal: this.#controller.signal,
    };
    if (method !== "GET") init.method = method;
    if (!isEmpty(headers)) init.headers = headers;
    if (redirect !== undefined) init.redirect = redirect;
    if (body !== null) {
      init.body = body;
      if (body instanceof ReadableStream) init.duplex = "half";
    }
    const { fetch } = this.#environment;
    return fetch(url, init);
  }

  #openReply(status: number): Reply {
    this.#handedOut = true;
    this.#judge(isOriginFailure(status) ? "failure" : "success");
    const reply = new Reply(this.#response!, { from: "network", openBody: this });
    if (isRetryableStatus(status)) this.#noteWait(reply);
    return reply;
  }

  /** A 429 that says for how long holds for everyone who asks this origin. */
  #noteWait(reply: Reply): void {
    const { clock, reporter } = this.#environment;
    const wait = retryAfterMs(reply.status, reply.headers, clock.wallNow());
    reply.retryAfterMs = wait;
    if (reply.status !== 429 || wait === undefined || wait === 0) return;
    const { origin } = this.#target;
    const nowMs = clock.now();
    origin.pauseFor({
      untilMs: nowMs + Math.min(wait, MAX_PAUSE_MS),
      status: reply.status,
      headers: reply.headers,
    });
    if (reporter.active) {
      reporter.emit({
        type: "rateLimited",
        requestId: this.#call.id,
        atMs: nowMs,
        origin: origin.key,
        retryAfterMs: wait,
      });
    }
  }

  /** The body is over, and so is the attempt. */
  #finish(bytes: number): void {
    if (this.#ended) return;
    const { counters, reporter, clock } = this.#environment;
    counters.bytes += bytes;
    this.#target.origin.bytes += bytes;
    this.#end();
    if (reporter.active) {
      reporter.emit({
        type: "body",
        requestId: this.#call.id,
        atMs: clock.now(),
        attempt: this.#number,
        bytes,
      });
    }
  }

  /** Ends the attempt and says what it failed of: the reason it was stopped for, or else the network. */
  #fail(error: unknown): unknown {
    this.#end();
    if (this.#stopped !== undefined) return this.#stopped.reason;
    this.#controller.abort();
    if (error instanceof InvalidDataError) {
      this.#judge("success");
      return error;
    }
    // A missing permission is the program's own fault, and stays that.
    if (error instanceof Error && error.name === "NotCapable") {
      this.#judge("ignored");
      return error;
    }
    this.#judge("failure");
    const about = this.#call.describe();
    const cause = redactError(error, this.#target.url);
    return new NetworkError(`${about.method} ${about.url} failed: ${innermostMessage(cause)}`, {
      ...about,
      cause,
    });
  }

  #isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  #throwIfStopped(): void {
    if (this.#stopped !== undefined) throw this.#stopped.reason;
  }

  #tooLarge(): InvalidDataError {
    const about = this.#call.describe();
    const { maxBodyBytes } = this.#call.settings;
    return new InvalidDataError(
      `The response to ${about.method} ${about.url} is larger than 'maxBodyBytes': ${maxBodyBytes}`,
      { ...about, reason: "too-large" },
    );
  }

  onDeadline(): void {
    const about = this.#call.describe();
    const { timeoutMs } = this.#call.settings;
    this.#judge("failure");
    this.cancel(
      new TimeoutError(`${about.method} ${about.url} took longer than 'timeoutMs': ${timeoutMs}`, {
        ...about,
        kind: "attempt",
        timeoutMs,
      }),
    );
  }

  /** Stops the attempt: who waits for it is told at once; the permit comes back when the fetch has settled. */
  cancel(reason: unknown): void {
    if (this.#ended || this.#stopped !== undefined) return;
    this.#stopped = { reason };
    this.#judge("ignored");
    this.#reject(reason);
    this.#controller.abort(reason);
    this.#tracked?.fail(reason);
    if (this.#handedOut) this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#environment.deadlines.remove(this.#deadline);
    this.#environment.counters.inFlight--;
    this.#environment.onAttemptEnd();
    if (this.#call.attempt === this) this.#call.attempt = undefined;
    this.#permit?.release();
    this.#collector?.end(false);
    this.#call.onBodyEnd();
  }

  discard(): void {
    this.excerpt();
  }

  excerpt(): Promise<string> {
    if (this.#excerpt === undefined) {
      this.#excerpt = this.#drain();
      this.#environment.inBackground(this.#excerpt);
    }
    return this.#excerpt;
  }

  async #drain(): Promise<string> {
    const text = await drainBody(this.#response!, this.#environment.deadlines, this.#collector);
    this.#end();
    return text;
  }

  collect(maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#collector = new BodyCollector(maxBytes);
    if (this.#ended) this.#collector.end(false);
    return this.#collector.bytes;
  }

  release(): Response {
    if (this.#excerpt !== undefined) return excerptResponse(this.#response!, this.#excerpt);
    try {
      this.#tracked = trackBody(this.#response!, {
        maxBytes: this.#call.settings.maxBodyBytes,
        onTooLarge: () => this.#tooLarge(),
        onEnd: (bytes) => this.#finish(bytes),
        collector: this.#collector,
      });
    } catch (error) {
      // Somebody has read the body before.
      throw this.#fail(error);
    }
    return this.#tracked.response;
  }

  #report(): void {
    const { reporter, clock } = this.#environment;
    if (!reporter.active) return;
    reporter.emit({
      type: "attempt",
      requestId: this.#call.id,
      atMs: clock.now(),
      attempt: this.#number,
      origin: this.#target.origin.key,
      url: redactUrl(this.#target.url),
    });
  }

  #reportHeaders(status: number): void {
    const { reporter, clock } = this.#environment;
    if (!reporter.active) return;
    reporter.emit({
      type: "headers",
      requestId: this.#call.id,
      atMs: clock.now(),
      attempt: this.#number,
      status,
    });
  }
}

/** A response whose body is what is left of one that had to be got rid of. */
function excerptResponse(response: Response, excerpt: Promise<string>): Response {
  const { status, statusText, url } = response;
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  headers.delete("content-encoding");
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      controller.enqueue(new TextEncoder().encode(await excerpt));
      controller.close();
    },
  }, { highWaterMark: 0 });
  return Object.defineProperty(new Response(body, { status, statusText, headers }), "url", { value: url });
}

function innermostMessage(error: unknown): string {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  return current instanceof Error ? current.message : String(current);
}
