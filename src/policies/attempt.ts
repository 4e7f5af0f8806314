/**
 * The attempt: one request on the wire, under its own deadline, up to the end of its body.
 *
 * @module
 */

import { InvalidDataError, type NetworkError } from "../errors.ts";
import { readBody, utf8Length } from "../http/body.ts";
import { isOverloadStatus, isRetryableStatus, isSuccessStatus, verdictOn } from "../http/classify.ts";
import { RedirectError } from "../http/redirect.ts";
import { retryAfterMs } from "../http/retry_after.ts";
import { isPlainUrl, redactUrl } from "../http/url.ts";
import type { Admission } from "../lanes/admission.ts";
import { MAX_PAUSE_MS } from "../lanes/pause.ts";
import { abortIfPossible } from "../primitives/abort_across_requests.ts";
import type { Deadline, DeadlineTarget } from "../primitives/deadline_queue.ts";
import { AttemptBody } from "./attempt_body.ts";
import {
  attemptTimeout,
  bodyTimeout,
  isDenied,
  isUntrusted,
  markExhaustion,
  markFinal,
  networkError,
  ResponseError,
  statusError,
  tooLarge,
} from "./attempt_errors.ts";
import { sendRequest } from "./attempt_request.ts";
import type { Call, Pending } from "./call.ts";
import type { Exchange, Opening, Target } from "./journey.ts";
import { decodeReply } from "./decode.ts";
import type { Environment } from "./policy.ts";
import { MiddlewareFailure } from "./middleware.ts";
import { progressOf } from "./progress.ts";
import { Reply } from "./reply.ts";
import { isWorthRetry } from "./retry_verdict.ts";

/** The longest time after which an attempt is written off whose `fetch` does not heed its signal, in milliseconds. */
export const MAX_WRITE_OFF_MS = 30_000;

/**
 * Sends a call to its target. The admission's permit comes back when the body has ended, or, after an abort, when the `fetch` has
 * really settled.
 *
 * @param environment What the policies share.
 * @param call The call.
 * @param target Where it goes.
 * @param admission What it was admitted with.
 * @returns The reply.
 * @throws {NetworkError} Rejects, if the attempt brought no response.
 * @throws {InvalidDataError} Rejects, if the body is too large or can't be used.
 * @throws {unknown} Rejects, with the reason of a cancellation.
 */
export function attempt(
  environment: Environment,
  call: Call,
  target: Target,
  admission: Admission,
): Promise<Reply> {
  if (!call.cancelled) return new Attempt(environment, call, target, admission).run();
  admission.withdraw();
  return Promise.reject(call.reason);
}

/**
 * Goes on with an attempt that was made on the straight way, and was no plain success.
 *
 * @param environment What the policies share.
 * @param call The call.
 * @param target Where it was sent.
 * @param opening What has become of it.
 * @returns The reply; rejects as {@linkcode attempt} does.
 */
export function resumeAttempt(
  environment: Environment,
  call: Call,
  target: Target,
  opening: Opening,
): Promise<Reply> {
  const { admission, response, error } = opening;
  if (admission === undefined) return Promise.reject(error);
  return new Attempt(environment, call, target, admission, call.attempts).resume(response, error);
}

/**
 * Hands out the body of an attempt that was made on the straight way, and has succeeded as far as its headers say.
 *
 * @param environment What the policies share.
 * @param call The call.
 * @param target Where it was sent.
 * @param admission What it was admitted with.
 * @param response What was answered.
 * @returns The reply, whose body is open.
 * @throws {unknown} What the caller's own code throws.
 */
export function openAttempt(
  environment: Environment,
  call: Call,
  target: Target,
  admission: Admission,
  response: Response,
): Reply {
  return new Attempt(environment, call, target, admission, call.attempts).open(response);
}

/** Hears how far an attempt has come. */
export interface AttemptWatcher {
  /** The headers have come. */
  onHeaders(attempt: Attempt, status: number): void;
}

/** One attempt: owns the admission, the controller and the deadline, and lets go of all three at once. */
export class Attempt implements DeadlineTarget, Pending {
  /** Where it goes. */
  readonly target: Target;
  /** When it was sent, on the client's clock. */
  readonly startedAtMs: number;
  /** Counted from 1 over all rounds and mirrors. */
  readonly number: number;
  /** Hears of its headers. */
  watcher: AttemptWatcher | undefined = undefined;
  /** Whether one beside it has failed at the same origin already: the failure of the two is one. */
  isSecondFailure = false;
  readonly #environment: Environment;
  readonly #call: Call;
  readonly #admission: Admission;
  readonly #controller: AbortController;
  #deadline: Deadline;
  #reject: (reason: unknown) => void = () => {};
  #stopped: { readonly reason: unknown } | undefined;
  #body: AttemptBody | undefined;
  #hasEnded = false;
  /** Whether it was the call's latest when the call let go of it. */
  #wasLatest = false;

  /**
   * Makes an attempt that is about to be sent, and that the call waits for.
   *
   * @param environment What the policies share.
   * @param call The call.
   * @param target Where it goes.
   * @param admission What it was admitted with.
   * @param number Which attempt it is, if it was sent already.
   */
  constructor(environment: Environment, call: Call, target: Target, admission: Admission, number?: number) {
    const isResumed = number !== undefined;
    this.#environment = environment;
    this.#call = call;
    this.target = target;
    this.number = number ?? ++call.attempts;
    this.#admission = admission;
    call.pending = this;
    call.isInFlight = true;
    this.#controller = (isResumed ? call.controller : undefined) ?? new AbortController();
    const nowMs = environment.clock.now();
    this.startedAtMs = isResumed ? call.attemptedAtMs : nowMs;
    const leftMs = isResumed ? call.timeoutAtMs - nowMs : call.settings.timeoutMs;
    this.#deadline = environment.deadlines.add(this, leftMs, nowMs);
  }

  /** Sends it; the reply, as {@linkcode attempt} gives it. */
  run(): Promise<Reply> {
    this.#report();
    // An abort may come from who has just been told.
    if (this.#stopped !== undefined) return Promise.reject(this.#fail(undefined));
    return this.#guard(() => this.#send());
  }

  /** Goes on with what has become of it, or will; the reply, as {@linkcode attempt} gives it. */
  resume(response: Response | Promise<Response> | undefined, error?: unknown): Promise<Reply> {
    // What has stopped the call meanwhile could not reach it.
    if (this.#call.cancelled) this.cancel(this.#call.reason);
    if (response === undefined) return Promise.reject(this.#fail(error));
    return this.#guard(() => this.#send(response));
  }

  /** Goes on with an answer whose body the caller reads. */
  open(response: Response): Reply {
    return this.#openReply(response);
  }

  /** A fetch that does not heed its signal must not keep the caller waiting, so the outcome is raced by hand. */
  #guard(work: () => Promise<Reply>): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      work().then((reply) => {
        // The caller, who was told of the abort, does not take it.
        if (this.#stopped !== undefined) reply.openBody?.discard();
        resolve(reply);
      }, reject);
    });
  }

  /** Makes it what its call waits for, of several. */
  lead(): void {
    if (this.#hasEnded || this.#stopped !== undefined) return;
    this.#call.pending = this;
    this.#call.isInFlight = true;
  }

  async #send(given?: Response | Promise<Response>): Promise<Reply> {
    const { exchange } = this.#call.journey;
    const { clock, scheduler } = this.#environment;
    // Of two beside each other, the one counts that is answered.
    const own: Exchange | undefined = exchange && { ...exchange, sentAtMs: clock.wallNow(), hops: undefined };
    let response: Response;
    try {
      const first = given instanceof Promise ? await given : given;
      response = await sendRequest(this.#environment, this.#call, this.target, {
        signal: this.#controller.signal,
        first,
        exchange: own,
      });
    } catch (error) {
      this.#noteExchange(own);
      throw this.#fail(error);
    }
    this.#noteExchange(own);
    scheduler.answered(this.target.lane, this.startedAtMs, this.#admission.receipt, response);
    this.#reportLimits(response.status);
    return await this.#receive(response);
  }

  #noteExchange(own: Exchange | undefined): void {
    const { exchange } = this.#call.journey;
    if (own === undefined || exchange === undefined || this.#stopped !== undefined) return;
    exchange.sentAtMs = own.sentAtMs;
    exchange.answeredAtMs = this.#environment.clock.wallNow();
    exchange.hops = own.hops;
  }

  async #receive(response: Response): Promise<Reply> {
    if (this.#stopped !== undefined) return this.#refuse(response);
    const { status } = response;
    this.#reportHeaders(status);
    if (this.#isStopped()) return this.#refuse(response);
    if (this.watcher !== undefined) {
      this.watcher.onHeaders(this, status);
      // So may who was told of that.
      if (this.#isStopped()) return this.#refuse(response);
    }
    if (this.#call.streams || !isSuccessStatus(status)) return this.#openReply(response);
    const isProbe = this.target.lane.breaker?.state === "half-open";
    if (isProbe) this.#judgeByHeaders();
    let body: Uint8Array<ArrayBuffer> | string | undefined;
    try {
      body = await this.#read(response);
      if (body === undefined) throw tooLarge(this.#call, this.target);
      this.#throwIfStopped();
    } catch (error) {
      throw this.#fail(error);
    }
    this.#admission.sample(false);
    this.#admission.judge("success");
    if (isProbe) this.target.lane.doubtedOutage = undefined;
    this.#finish(typeof body === "string" ? utf8Length(body) : body.length);
    const reply = new Reply(response, { from: "network", body, target: this.target });
    const decoding = decodeReply(this.#call, reply);
    if (decoding !== undefined) await decoding;
    return reply;
  }

  /**
   * A probe has proved that its origin is back; how long the rest takes says nothing of that. But if all bodies break off or stall, the
   * outage goes on, and patience with it must end.
   */
  #judgeByHeaders(): void {
    const { lane } = this.target;
    const sinceMs = lane.outageSinceMs;
    this.#admission.judge("success");
    if (sinceMs !== undefined) lane.doubtedOutage = { sinceMs, succeeded: lane.succeeded };
  }

  /** The response of a fetch that did not heed its signal: it is of no use, and its body must end. */
  #refuse(response: Response): never {
    this.#open(response).discard();
    throw this.#stopped!.reason;
  }

  /** Text comes cheaper from the runtime than by way of bytes, where these are not asked for. */
  #read(response: Response): Promise<Uint8Array<ArrayBuffer> | string | undefined> {
    const { as, maxBodyBytes } = this.#call.settings;
    const onBytes = this.#progressOf(response);
    if (onBytes !== undefined) return readBody(response, maxBodyBytes, onBytes);
    if (as === "bytes" || this.#call.journey.exchange?.keepsBody || maxBodyBytes !== Infinity) {
      return readBody(response, maxBodyBytes);
    }
    return response.text();
  }

  #progressOf(response: Response): ((bytes: number) => void) | undefined {
    if (this.#call.settings.onProgress === undefined) return undefined;
    const { clock, reporter } = this.#environment;
    return progressOf(this.#call, this.target, response, { attempt: this.number, clock, reporter });
  }

  #open(response: Response): AttemptBody {
    const { isSentAsIs, sentUrl, request: { method, init } } = this.#call;
    const { timeoutMs, idleTimeoutMs = timeoutMs, maxBodyBytes } = this.#call.settings;
    return this.#body = new AttemptBody({
      response,
      url: isSentAsIs && isPlainUrl(sentUrl, this.target.lane.key) ? sentUrl : undefined,
      environment: this.#environment,
      lane: this.target.lane,
      method,
      sent: this.target.headers,
      init,
      timeoutMs,
      idleTimeoutMs,
      maxBytes: maxBodyBytes,
      onBytes: this.#progressOf(response),
      onTooLarge: () => tooLarge(this.#call, this.target),
      onHandOut: () => this.#environment.deadlines.remove(this.#deadline),
      onTimeout: (isRead) => this.cancel(bodyTimeout(this.#call, this.target, isRead)),
      onEnd: (bytes) => bytes === undefined ? this.#end() : this.#finish(bytes),
      onUnusable: (error) => this.#fail(error),
    });
  }

  #openReply(response: Response): Reply {
    const openBody = this.#open(response);
    const reply = new Reply(response, { from: "network", openBody, target: this.target });
    try {
      this.#judgeStatus(response);
      // Also one that this caller does not wait for.
      if (isRetryableStatus(response.status) || isWorthRetry(this.#call, response.status)) {
        this.#noteWait(reply);
      }
    } catch (error) {
      // The caller's own `random` threw.
      openBody.discard();
      throw error;
    }
    return reply;
  }

  #judgeStatus(response: Response): void {
    const verdict = verdictOn(response.status);
    // How long the body takes is its reader's affair.
    if (isSuccessStatus(response.status)) this.#admission.sample(false);
    else if (isOverloadStatus(response.status)) this.#admission.sample(true);
    const { isFailure } = this.#environment;
    const isExcused = verdict === "failure" && isFailure !== undefined &&
      !isFailure(statusError(this.#call, this.target, response));
    this.#judge(isExcused ? "success" : verdict);
  }

  /**
   * Tells the lane what the attempt says of its origin. Where a breaker goes by the share of failures, a single request counts once
   * among them, however often it is tried: its retries of a bad URL must not speak for all others. Those of a batch are many, and
   * speak for themselves.
   */
  #judge(verdict: "failure" | "ignored" | "success"): void {
    const { journey: { round }, patienceMs } = this.#call;
    const isRepeated = verdict === "failure" && !this.#environment.countsInARow &&
      (this.isSecondFailure || (round > 1 && patienceMs === 0 && !this.#admission.isProbe));
    if (isRepeated) this.target.lane.failed++;
    this.#admission.judge(isRepeated ? "ignored" : verdict);
  }

  /** A 429 holds for everyone who asks this origin, and so does any other answer that says for how long. */
  #noteWait(reply: Reply): void {
    const { clock, pauseOn429, unnamedPauseMs } = this.#environment;
    const { status, headers } = reply;
    const wait = retryAfterMs(status, headers, clock.wallNow());
    reply.retryAfterMs = wait;
    const isOverloaded = status === 429;
    if (isOverloaded ? pauseOn429 === "request" : status !== 503 || wait === undefined) return;
    const { lane } = this.target;
    const pauseMs = Math.min(wait ?? unnamedPauseMs(lane.quota?.fruitlessPauses ?? 0), MAX_PAUSE_MS);
    if (pauseMs === 0) return;
    const nowMs = clock.now();
    lane.pauseFor(
      { untilMs: nowMs + pauseMs, isNamed: wait !== undefined, status, headers },
      nowMs,
      isOverloaded,
    );
    // A wait that the answer names counts more than the reset of a quota.
    if (wait !== undefined) lane.book?.resetBy(nowMs + pauseMs);
    this.#reportPause(nowMs, pauseMs);
    this.#environment.scheduler.examine(lane);
  }

  /** The body is over, and so is the attempt. */
  #finish(bytes: number): void {
    if (this.#hasEnded) return;
    const { counters, reporter, clock } = this.#environment;
    counters.bytes += bytes;
    this.target.lane.bytes += bytes;
    this.#end();
    if (reporter.active) {
      reporter.emit({
        type: "body",
        requestId: this.#call.id,
        atMs: clock.now(),
        attempt: this.number,
        bytes,
      });
    }
  }

  /** Ends the attempt and says what it failed of: the reason it was stopped for, or else the network. */
  #fail(error: unknown): unknown {
    if (this.#stopped !== undefined) {
      this.#end();
      return this.#stopped.reason;
    }
    abortIfPossible(this.#controller);
    let told = error;
    if (error instanceof MiddlewareFailure) {
      told = error.thrown;
      this.#admission.judge("ignored");
    } else if (error instanceof InvalidDataError) {
      this.#admission.judge("success");
    } else if (isDenied(error) || error instanceof ResponseError) {
      this.#admission.judge("ignored");
    } else {
      told = this.#networkError(error);
    }
    this.#end();
    return told;
  }

  #networkError(error: unknown): NetworkError {
    const { runtime, isFailure, isOwnFailure } = this.#environment;
    const told = networkError(this.#call, this.target, error);
    if (isUntrusted(error)) markFinal(told);
    if (error instanceof RedirectError || runtime.isRedirectFailure(error)) {
      markFinal(told);
      this.#admission.judge("ignored");
    } else if (runtime.isOutOfDescriptors(error)) {
      markExhaustion(told);
      this.target.lane.shrink();
      this.#admission.judge("ignored");
    } else if (isOwnFailure?.(error)) {
      // It may pass, but the origin has no part in it.
      this.#admission.judge("ignored");
    } else {
      this.#judge(isFailure?.(told) === false ? "success" : "failure");
    }
    return told;
  }

  #isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  #throwIfStopped(): void {
    if (this.#stopped !== undefined) throw this.#stopped.reason;
  }

  /** The attempt has taken too long; or, if it was stopped, its `fetch` has not heeded that for as long. */
  onDeadline(): void {
    if (this.#stopped !== undefined) return this.#writeOff();
    const error = attemptTimeout(this.#call, this.target);
    this.#admission.sample(true);
    this.#judge(this.#environment.isFailure?.(error) === false ? "success" : "failure");
    this.cancel(error);
  }

  /** Stops the attempt: what waits for it is told at once; the permit comes back when the fetch has settled. */
  cancel(reason: unknown): void {
    if (this.#hasEnded || this.#stopped !== undefined) return;
    this.#stopped = { reason };
    this.#admission.judge("ignored");
    const { deadlines } = this.#environment;
    deadlines.remove(this.#deadline);
    this.#deadline = deadlines.add(this, Math.min(this.#call.settings.timeoutMs, MAX_WRITE_OFF_MS));
    this.#letGo();
    this.#reject(reason);
    const isAborted = abortIfPossible(this.#controller, reason);
    // One that is being got rid of is received until then; what can't be reached from here ends with its request.
    if (!this.#body?.isHandedOut && isAborted) return;
    this.#body?.fail(reason);
    this.#end();
  }

  #writeOff(): void {
    const { reporter, clock } = this.#environment;
    if (reporter.active) {
      const { method, url } = this.#call.describe(this.target);
      const message =
        `${method} ${url} was aborted, and its fetch has not ended: its permit is given to others`;
      reporter.emit({ type: "warning", atMs: clock.now(), source: "fetch", message });
    }
    this.#end();
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#environment.deadlines.remove(this.#deadline);
    this.#letGo();
    this.#body?.end();
    this.#admission.release();
    // Of an attempt that the call has left behind the end means nothing.
    if (this.#wasLatest) this.#call.onBodyEnd();
  }

  /** Whatever the call waits for now, it is not this any more. */
  #letGo(): void {
    if (this.#call.pending !== this) return;
    this.#wasLatest = true;
    this.#call.pending = undefined;
    this.#call.isInFlight = false;
  }

  #report(): void {
    const { reporter, clock } = this.#environment;
    if (!reporter.active) return;
    reporter.emit({
      type: "attempt",
      requestId: this.#call.id,
      atMs: clock.now(),
      attempt: this.number,
      origin: this.target.lane.key,
      url: redactUrl(this.target.url),
    });
  }

  #reportHeaders(status: number): void {
    const { reporter, clock } = this.#environment;
    if (!reporter.active) return;
    reporter.emit({
      type: "headers",
      requestId: this.#call.id,
      atMs: clock.now(),
      attempt: this.number,
      status,
    });
  }

  /** What an answer has stated makes others wait, if nothing is left; a 429 that pauses its origin, or a 503, tells of its own wait. */
  #reportLimits(status: number): void {
    const { reporter, clock, pauseOn429 } = this.#environment;
    if (!reporter.active) return;
    const { lane } = this.target;
    const books = [this.#admission.receipt?.line?.book, lane.book];
    const nowMs = clock.now();
    const waitMs = Math.max(...books.map((book) => book?.takeNews(nowMs) ?? 0));
    const isTold = status === 503 || (status === 429 && pauseOn429 !== "request");
    if (waitMs > 0 && !isTold) this.#reportPause(nowMs, waitMs);
  }

  #reportPause(atMs: number, retryAfterMs: number): void {
    const { reporter } = this.#environment;
    if (!reporter.active) return;
    const { lane: { key } } = this.target;
    reporter.emit({ type: "rateLimited", requestId: this.#call.id, atMs, origin: key, retryAfterMs });
  }
}
