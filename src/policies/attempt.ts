/**
 * The attempt: one request on the wire, under its own deadline, up to the end of its body.
 *
 * @module
 */

import { readBody, utf8Length } from "../http/body.ts";
import { isRetryableStatus, isSuccessStatus } from "../http/classify.ts";
import { isBodiless } from "../http/decoded_headers.ts";
import { retryAfterMs } from "../http/retry_after.ts";
import type { Admission } from "../lanes/admission.ts";
import type { Allowance } from "../lanes/allowance.ts";
import { type Lane, SILENT_MS } from "../lanes/lane.ts";
import { type AttemptUnderWay, LOOK_AGAIN_MS } from "../lanes/silent_lanes.ts";
import { Leases } from "../lanes/leases.ts";
import { abortIfPossible } from "../primitives/abort_across_requests.ts";
import { type Deferred, deferred } from "../primitives/deferred.ts";
import type { Deadline, DeadlineTarget } from "../primitives/deadline_queue.ts";
import { AttemptBody } from "./attempt_body.ts";
import { attemptTimeout, bodyTimeout, givenWay, tooLarge } from "./attempt_errors.ts";
import { reportAttempt, reportBody, reportHeaders, reportLimits, reportWriteOff } from "./call_events.ts";
import { sendRequest } from "./attempt_request.ts";
import { AttemptVerdict } from "./attempt_verdict.ts";
import type { Call, Pending } from "./call.ts";
import type { ExchangeFacts, Opening, Target } from "./journey.ts";
import { decodeReply } from "./decode.ts";
import { pauseOrigin } from "./origin_pause.ts";
import type { Environment } from "./policy.ts";
import { progressOf } from "./progress.ts";
import { Reply } from "./reply.ts";
import { mayBeWorthRetry } from "./retry_reason.ts";

/** How often a live attempt prolongs the lease of its permit, where the runtime may end its incoming request, in milliseconds. */
const BEAT_MS = 1_000;
/** The longest time that a `fetch` which ignores its signal keeps its permit after an abort, in milliseconds. */
export const MAX_WRITE_OFF_MS = 30_000;

/**
 * Sends a call to its target. The permit comes back when the body has ended, or, after an abort, when the `fetch` has really
 * settled.
 *
 * @param environment The objects that the policies share.
 * @param call The call.
 * @param target The target of the attempt.
 * @param admission The admission, with its permit.
 * @param mayMoveOn Whether the call goes on to another mirror after so many milliseconds without headers, 5 s or more; absent if
 * the attempt has its whole time.
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
  mayMoveOn?: (waitedMs: number) => boolean,
): Promise<Reply> {
  if (!call.cancelled) return new Attempt(environment, call, target, admission).run(mayMoveOn);
  admission.withdraw();
  return Promise.reject(call.reason);
}

/**
 * Takes over an attempt from the straight way that was no plain success.
 *
 * @param environment The objects that the policies share.
 * @param call The call.
 * @param target The target of the attempt.
 * @param opening The response or error of the attempt so far.
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
 * Hands out the body of an attempt on the straight way whose headers say success.
 *
 * @param environment The objects that the policies share.
 * @param call The call.
 * @param target The target of the attempt.
 * @param admission The admission, with its permit.
 * @param response The response.
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
  return new Attempt(environment, call, target, admission, call.attempts).openReply(response);
}

/**
 * Whether the client may end an attempt so that others get its permit: the request may be sent again, and has not given way
 * before.
 */
export function mayGiveWay({ request, settings, journey }: Call): boolean {
  return request.repeatable && settings.maxRetries !== 0 && !journey.hasGivenWay;
}

/** Whether no middleware stands between an attempt and its origin, so that a missing answer is the origin's fault. */
export function hearsOrigin({ use, useOnHops }: Environment): boolean {
  return use === undefined && useOnHops === undefined;
}

/** Watches the progress of an attempt. */
export interface AttemptWatcher {
  /** Notes that the headers have come. */
  onHeaders(attempt: Attempt, status: number): void;
}

/** One attempt: owns the admission, the controller and the deadline, and releases all three together. */
export class Attempt implements DeadlineTarget, Pending, AttemptUnderWay {
  /** The target of the attempt. */
  readonly target: Target;
  /** When the attempt was sent, on the client's clock. */
  readonly startedAtMs: number;
  /** The number of the attempt, counted from 1 over all rounds and mirrors. */
  readonly number: number;
  /** Notified when the headers come. */
  watcher: AttemptWatcher | undefined = undefined;
  /** The judge of what the attempt says about its origin. */
  readonly verdict: AttemptVerdict;
  readonly #environment: Environment;
  readonly #call: Call;
  readonly #admission: Admission;
  readonly #controller: AbortController;
  #deadline: Deadline;
  /** Whether the deadline is only a check for headers, and not yet the end of the attempt's time. */
  #isLook = false;
  /** Whether the call may go on to another mirror while no headers have come. */
  #mayMoveOn: ((waitedMs: number) => boolean) | undefined;
  hasHeaders = false;
  #reject: (reason: unknown) => void = () => {};
  #stopped: { readonly reason: unknown } | undefined;
  /**
   * Resolves with a function that aborts the fetch. The callback of a promise runs in the context of the incoming request that
   * registered it; so this reaches a controller that belongs to another incoming request.
   */
  readonly #stopping: Deferred<() => void> | undefined;
  #body: AttemptBody | undefined;
  /** Until when the attempt prolongs the lease of its permit, and whether it does so. */
  #beatsUntilMs = Infinity;
  #isBeating = false;
  #hasEnded = false;
  /** Whether the call was waiting for this attempt when it let go of it. */
  #wasLatest = false;

  /**
   * Creates an attempt that is about to be sent, and makes the call wait for it.
   *
   * @param environment The objects that the policies share.
   * @param call The call.
   * @param target The target of the attempt.
   * @param admission The admission, with its permit.
   * @param number The number of the attempt, if it was sent already.
   */
  constructor(environment: Environment, call: Call, target: Target, admission: Admission, number?: number) {
    const isResumed = number !== undefined;
    this.#environment = environment;
    this.#call = call;
    this.target = target;
    this.number = number ?? ++call.attempts;
    this.#admission = admission;
    this.verdict = new AttemptVerdict(environment, call, target, admission);
    call.pending = this;
    call.isInFlight = true;
    this.#controller = (isResumed ? call.controller : undefined) ?? new AbortController();
    const nowMs = environment.clock.now();
    this.startedAtMs = isResumed ? call.attemptedAtMs : nowMs;
    const leftMs = isResumed ? call.timeoutAtMs - nowMs : call.settings.timeoutMs;
    this.#deadline = environment.deadlines.add(this, leftMs, nowMs);
    if (environment.timersBelongToRequests) {
      this.#beat();
      this.#stopping = deferred();
      this.#stopping.promise.then((stop) => stop());
    }
  }

  /**
   * Prolongs the lease of the permit every second, until the attempt ends, or the reader of its body lets too much time pass.
   * Such short leases end soon after the incoming request, which may end while its caller reads the body.
   */
  #beat(): void {
    const { clock, deadlines } = this.#environment;
    const nowMs = clock.now();
    this.#isBeating = !this.#hasEnded && nowMs < this.#beatsUntilMs;
    if (!this.#isBeating) return;
    Leases.prolong(this.#admission, BEAT_MS, nowMs);
    deadlines.add({ onDeadline: () => this.#beat() }, BEAT_MS, nowMs);
  }

  /** Gives the reader of the body so many milliseconds until it must show that it is there. */
  #awaitReader(forMs: number): void {
    this.#beatsUntilMs = this.#environment.clock.now() + forMs;
    if (!this.#isBeating) this.#beat();
  }

  /** Sends the attempt; the parameter and the reply are those of {@linkcode attempt}. */
  run(mayMoveOn?: (waitedMs: number) => boolean): Promise<Reply> {
    this.#mayMoveOn = mayMoveOn;
    if (mayMoveOn !== undefined || this.isWatched) this.#lookAt(SILENT_MS);
    reportAttempt(this.#environment, this.#call, this);
    // The listener that was just called may have aborted the attempt.
    if (this.#stopped !== undefined) return Promise.reject(this.#fail(undefined));
    return this.#guard(() => this.#send());
  }

  /** Continues an attempt that is in flight or has ended; the reply is that of {@linkcode attempt}. */
  resume(response: Response | Promise<Response> | undefined, error?: unknown): Promise<Reply> {
    // An abort of the call could not reach the attempt meanwhile.
    if (this.#call.cancelled) this.cancel(this.#call.reason);
    if (response === undefined) return Promise.reject(this.#fail(error));
    return this.#guard(() => this.#send(response));
  }

  #setDeadline(timeoutMs: number): void {
    const { deadlines, clock } = this.#environment;
    const nowMs = clock.now();
    deadlines.remove(this.#deadline);
    this.#deadline = deadlines.add(this, this.startedAtMs + timeoutMs - nowMs, nowMs);
  }

  /** Whether the attempt counts in the search for silent origins, and may give way: not with mirrors, hedging or middleware. */
  get isWatched(): boolean {
    const { hedging, timersBelongToRequests } = this.#environment;
    return this.target.mirror === undefined && hedging === undefined && !timersBelongToRequests &&
      hearsOrigin(this.#environment);
  }

  /** Schedules the next check for headers, or the end of the attempt's time if that comes first. */
  #lookAt(afterMs: number): void {
    const { timeoutMs } = this.#call.settings;
    this.#isLook = afterMs < timeoutMs;
    this.#setDeadline(Math.min(afterMs, timeoutMs));
  }

  /**
   * Checks an attempt that has waited for a while: the call may go on to another mirror, or the attempt may have to give way
   * because silent origins hold too many permits.
   */
  #look(waitedMs: number): void {
    if (this.hasHeaders) return this.#lookAt(Infinity);
    const { clock, scheduler } = this.#environment;
    const nowMs = clock.now();
    // A program that blocks the event loop also keeps answers unread.
    const isPunctual = scheduler.silentLanes.hears(nowMs, this.#deadline.atMs);
    if (isPunctual && this.#mayMoveOn?.(waitedMs)) return this.#timeOut(Math.round(waitedMs));
    if (this.isWatched) scheduler.silentLanes.look(nowMs, this.#deadline.atMs);
    // This attempt may be the one that gave way.
    if (this.isPending) this.#lookAt(waitedMs + LOOK_AGAIN_MS);
  }

  /** Settles the outcome by hand, because a `fetch` that ignores its signal must not keep the caller waiting. */
  #guard(work: () => Promise<Reply>): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      work().then((reply) => {
        // The caller knows of the abort, and does not take the reply.
        if (this.#stopped !== undefined) reply.openBody?.discard();
        resolve(reply);
      }, reject);
    });
  }

  get lane(): Lane {
    return this.target.lane;
  }

  get allowance(): Allowance | undefined {
    return this.#call.allowance;
  }

  get isPending(): boolean {
    return !this.#hasEnded && this.#stopped === undefined && this.#call.pending === this;
  }

  get mayGiveWay(): boolean {
    return this.isWatched && mayGiveWay(this.#call);
  }

  giveWay(): void {
    const nowMs = this.#environment.clock.now();
    const waitedMs = Math.round(nowMs - this.startedAtMs);
    this.#call.journey.hasGivenWay = true;
    if (this.number === 1) this.target.lane.noteHung(nowMs);
    this.cancel(givenWay(this.#call, this.target, waitedMs));
  }

  /** Makes this attempt, of several in flight, the one that its call waits for. */
  lead(): void {
    if (this.#hasEnded || this.#stopped !== undefined) return;
    this.#call.pending = this;
    this.#call.isInFlight = true;
  }

  async #send(given?: Response | Promise<Response>): Promise<Reply> {
    const { exchange } = this.#call.journey;
    const { clock, scheduler } = this.#environment;
    // Of two attempts beside each other, the one that is answered counts; so each has its own exchange.
    const own: ExchangeFacts | undefined = exchange &&
      { ...exchange, sentAtMs: clock.wallNow(), hops: undefined };
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
    this.hasHeaders = true;
    const { lane } = this.target;
    const { receipt } = this.#admission;
    scheduler.reports.answered(lane, this.startedAtMs, receipt, response);
    reportLimits(this.#environment, this.#call, { lane, receipt, status: response.status });
    return await this.#receive(response);
  }

  #noteExchange(own: ExchangeFacts | undefined): void {
    const { exchange } = this.#call.journey;
    if (own === undefined || exchange === undefined || this.#stopped !== undefined) return;
    exchange.sentAtMs = own.sentAtMs;
    exchange.answeredAtMs = this.#environment.clock.wallNow();
    exchange.hops = own.hops;
  }

  async #receive(response: Response): Promise<Reply> {
    if (this.#stopped !== undefined) return this.#refuse(response);
    const { status } = response;
    reportHeaders(this.#environment, this.#call, this, status);
    if (this.#isStopped()) return this.#refuse(response);
    if (this.watcher !== undefined) {
      this.watcher.onHeaders(this, status);
      // The watcher's own event may have made a listener abort the attempt, too.
      if (this.#isStopped()) return this.#refuse(response);
    }
    if (this.#call.streams || !isSuccessStatus(status)) return this.openReply(response);
    const isProbe = this.target.lane.breaker?.state === "half-open";
    const proof = isProbe ? this.#prove() : undefined;
    let body: Uint8Array<ArrayBuffer> | string | undefined;
    try {
      body = await this.#read(response);
      if (body === undefined) throw tooLarge(this.#call, this.target);
      this.#throwIfStopped();
    } catch (error) {
      throw this.#fail(error);
    } finally {
      if (proof !== undefined) this.#environment.deadlines.remove(proof);
    }
    this.verdict.succeed();
    if (isProbe) this.target.lane.outage.settle();
    this.#finish(typeof body === "string" ? utf8Length(body) : body.length);
    const reply = new Reply(response, { from: "network", body, target: this.target });
    const decoding = decodeReply(this.#call, reply);
    if (decoding !== undefined) await decoding;
    return reply;
  }

  /**
   * Judges a half-open breaker's probe by its headers, which show that the origin is back. If headers have proved wrong before,
   * waits until the body has gone on without a break for half of the time that the probe has left.
   */
  #prove(): Deadline | undefined {
    const { breaker, outage } = this.target.lane;
    if (!outage.isDoubtful) {
      this.verdict.judgeByHeaders();
      return undefined;
    }
    const { deadlines, clock } = this.#environment;
    const onDeadline = (): void => {
      if (this.#stopped === undefined) this.verdict.judgeByHeaders();
    };
    return deadlines.add({ onDeadline }, breaker!.retryAfterMs / 2, clock.now());
  }

  /** Discards the response of a `fetch` that ignored its signal, and ends its body. */
  #refuse(response: Response): never {
    this.#open(response).discard();
    throw this.#stopped!.reason;
  }

  /** Reads the whole body. Where bytes are not needed, the runtime decodes text faster than this module. */
  #read(response: Response): Promise<Uint8Array<ArrayBuffer> | string | undefined> {
    const { settings: { as, maxBodyBytes }, request: { method }, journey: { exchange } } = this.#call;
    // A response without a body may state the length of one (RFC 9110 §8.6).
    const maxBytes = isBodiless(method, response.status) ? Infinity : maxBodyBytes;
    const onBytes = this.#progressOf(response);
    if (onBytes !== undefined || as === "bytes" || exchange?.keepsBody || maxBytes !== Infinity) {
      return readBody(response, maxBytes, onBytes);
    }
    return response.text();
  }

  #progressOf(response: Response): ((bytes: number) => void) | undefined {
    if (this.#call.settings.onProgress === undefined) return undefined;
    const { clock, reporter } = this.#environment;
    return progressOf(this.#call, this.target, response, { attempt: this.number, clock, reporter });
  }

  #open(response: Response): AttemptBody {
    return this.#body = new AttemptBody({
      response,
      environment: this.#environment,
      call: this.#call,
      target: this.target,
      onBytes: this.#progressOf(response),
      onHandOut: () => {
        this.#environment.deadlines.remove(this.#deadline);
        // The caller has as much time again until it begins to read.
        if (this.#environment.timersBelongToRequests) this.#awaitReader(this.#call.settings.timeoutMs);
      },
      onStop: () => void abortIfPossible(this.#controller),
      onAlive: this.#environment.timersBelongToRequests ? (forMs) => this.#awaitReader(forMs) : undefined,
      onTimeout: (isRead) => this.cancel(bodyTimeout(this.#call, this.target, isRead)),
      onEnd: (bytes) => bytes === undefined ? this.#end() : this.#finish(bytes),
      onUnusable: (error) => this.#fail(error),
    });
  }

  /** Returns the reply of a response whose body is open: the caller reads it, or it is the body of an error. */
  openReply(response: Response): Reply {
    this.hasHeaders = true;
    const openBody = this.#open(response);
    const reply = new Reply(response, { from: "network", openBody, target: this.target });
    try {
      this.verdict.judgeStatus(response);
      const { status, headers } = response;
      // Also of a response that this caller does not wait out.
      if (isRetryableStatus(status) || mayBeWorthRetry(this.#call, status)) {
        pauseOrigin(this.#environment, this.#call, reply, this.startedAtMs);
      } else if (status === 403 || (status >= 400 && headers.has("retry-after"))) {
        // The error tells it to a caller who may wait.
        reply.retryAfterMs = retryAfterMs(status, headers, this.#environment.clock.wallNow());
      }
    } catch (error) {
      // The caller's own `random` has thrown.
      openBody.discard();
      throw error;
    }
    return reply;
  }

  /** Ends the attempt with its body. */
  #finish(bytes: number): void {
    if (this.#hasEnded) return;
    this.#environment.counters.bytes += bytes;
    this.target.lane.bytes += bytes;
    this.#end();
    reportBody(this.#environment, this.#call, this, bytes);
  }

  /** Ends the attempt and returns its error: the reason with which it was stopped, or else a network error. */
  #fail(error: unknown): unknown {
    if (this.#stopped !== undefined) {
      this.#end();
      return this.#stopped.reason;
    }
    abortIfPossible(this.#controller);
    const told = this.verdict.judgeFailure(error);
    this.#end();
    return told;
  }

  #isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  #throwIfStopped(): void {
    if (this.#stopped !== undefined) throw this.#stopped.reason;
  }

  get isTimeout(): boolean {
    return true;
  }

  /**
   * Ends an attempt that has taken too long; of a stopped one, writes off the `fetch` that has ignored its signal for as long.
   */
  onDeadline(): void {
    if (this.#stopped !== undefined) {
      reportWriteOff(this.#environment, this.#call, this.target);
      return this.#end();
    }
    if (this.#isLook) return this.#look(this.#environment.clock.now() - this.startedAtMs);
    this.#timeOut(this.#call.settings.timeoutMs);
  }

  #timeOut(waitedMs: number): void {
    if (this.number === 1 && !this.hasHeaders) this.target.lane.noteHung(this.#environment.clock.now());
    const error = attemptTimeout(this.#call, this.target, waitedMs);
    this.verdict.judgeTimeout(error);
    this.cancel(error);
  }

  /** Stops the attempt. The call hears of it at once; the permit comes back when the fetch has settled. */
  cancel(reason: unknown): void {
    if (this.#hasEnded || this.#stopped !== undefined) return;
    this.#stopped = { reason };
    this.#admission.judge("ignored");
    this.#letGo();
    this.#reject(reason);
    if (!this.#abort(reason)) {
      // Only the fetch's own incoming request can abort it. If that has ended, so has the fetch, and the permit's lease expires.
      this.#environment.deadlines.remove(this.#deadline);
      this.#stopping?.resolve(() => void this.#abort(reason));
    }
    // A body that is being discarded is received until that is done.
    if (!this.#body?.isHandedOut) return;
    this.#body.fail(reason);
    this.#end();
  }

  /** Aborts the fetch, if this incoming request can reach it, and sets a deadline for its end. Returns whether it could. */
  #abort(reason: unknown): boolean {
    const { deadlines } = this.#environment;
    deadlines.remove(this.#deadline);
    if (!this.#hasEnded) {
      this.#deadline = deadlines.add(this, Math.min(this.#call.settings.timeoutMs, MAX_WRITE_OFF_MS));
    }
    return abortIfPossible(this.#controller, reason);
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#environment.deadlines.remove(this.#deadline);
    this.#letGo();
    this.#body?.end();
    this.#admission.release();
    // The end of an attempt that the call has left behind does not concern the call.
    if (this.#wasLatest) this.#call.onBodyEnd();
  }

  /** Makes the call wait for this attempt no longer, if it does. */
  #letGo(): void {
    if (this.#call.pending !== this) return;
    this.#wasLatest = true;
    this.#call.pending = undefined;
    this.#call.isInFlight = false;
  }
}
