/**
 * The attempt: one request on the wire, under its own deadline, up to the end of its body.
 *
 * @module
 */

import { readBody, utf8Length } from "../http/body.ts";
import { isRetryableStatus, isSuccessStatus } from "../http/classify.ts";
import { isBodiless } from "../http/decoded_headers.ts";
import { isPlainUrl } from "../http/url.ts";
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
import type { Exchange, Opening, Target } from "./journey.ts";
import { decodeReply } from "./decode.ts";
import { pauseOrigin } from "./origin_pause.ts";
import type { Environment } from "./policy.ts";
import { progressOf } from "./progress.ts";
import { Reply } from "./reply.ts";
import { mayBeWorthRetry } from "./retry_reason.ts";

/** How often an attempt says that it goes on, where it may die, in milliseconds. */
const BEAT_MS = 1_000;
/** The longest time after which an attempt is written off whose `fetch` ignores its signal, in milliseconds. */
export const MAX_WRITE_OFF_MS = 30_000;

/**
 * Sends a call to its target. The admission's permit comes back when the body has ended, or, after an abort, when the `fetch` has
 * really settled.
 *
 * @param environment What the policies share.
 * @param call The call.
 * @param target Where it goes.
 * @param admission What it was admitted with.
 * @param mayMoveOn Whether another mirror is asked if this one has not answered for so long, 5 s or more; absent if it has its whole time.
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
  return new Attempt(environment, call, target, admission, call.attempts).openReply(response);
}

/** Whether an attempt may be ended for the sake of others: its request may be sent again, and was not for this reason. */
export function mayGiveWay({ request, settings, journey }: Call): boolean {
  return request.repeatable && settings.maxRetries !== 0 && !journey.hasGivenWay;
}

/** Whether nothing comes between an attempt and its origin, so that it is the origin that does not answer. */
export function hearsOrigin({ use, useOnHops }: Environment): boolean {
  return use === undefined && useOnHops === undefined;
}

/** Hears how far an attempt has come. */
export interface AttemptWatcher {
  /** The headers have come. */
  onHeaders(attempt: Attempt, status: number): void;
}

/** One attempt: owns the admission, the controller and the deadline, and lets go of all three at once. */
export class Attempt implements DeadlineTarget, Pending, AttemptUnderWay {
  /** Where it goes. */
  readonly target: Target;
  /** When it was sent, on the client's clock. */
  readonly startedAtMs: number;
  /** Counted from 1 over all rounds and mirrors. */
  readonly number: number;
  /** Hears of its headers. */
  watcher: AttemptWatcher | undefined = undefined;
  /** What it says of its origin. */
  readonly verdict: AttemptVerdict;
  readonly #environment: Environment;
  readonly #call: Call;
  readonly #admission: Admission;
  readonly #controller: AbortController;
  #deadline: Deadline;
  /** Whether that is to see whether its headers have come, and not yet the end of its time. */
  #isLook = false;
  /** Whether another mirror may be asked while no headers have come. */
  #mayMoveOn: ((waitedMs: number) => boolean) | undefined;
  hasHeaders = false;
  #reject: (reason: unknown) => void = () => {};
  #stopped: { readonly reason: unknown } | undefined;
  /** Has it stopped in its own request, where those of others can't reach it: what runs after a promise does so where that was made. */
  readonly #stopping: Deferred<() => void> | undefined;
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

  /** Says that the attempt goes on, as long as its caller has no body whose reader does. */
  #beat(): void {
    if (this.#hasEnded || this.#body?.isHandedOut) return;
    const { clock, deadlines } = this.#environment;
    const nowMs = clock.now();
    Leases.prolong(this.#admission, BEAT_MS, nowMs);
    deadlines.add({ onDeadline: () => this.#beat() }, BEAT_MS, nowMs);
  }

  /** Sends it; the parameter and the reply are those of {@linkcode attempt}. */
  run(mayMoveOn?: (waitedMs: number) => boolean): Promise<Reply> {
    this.#mayMoveOn = mayMoveOn;
    if (mayMoveOn !== undefined || this.isWatched) this.#lookAt(SILENT_MS);
    reportAttempt(this.#environment, this.#call, this);
    // The listener that was just called may have aborted it.
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

  #setDeadline(timeoutMs: number): void {
    const { deadlines, clock } = this.#environment;
    const nowMs = clock.now();
    deadlines.remove(this.#deadline);
    this.#deadline = deadlines.add(this, this.startedAtMs + timeoutMs - nowMs, nowMs);
  }

  /** Whether it tells of its origin that nothing comes, and may give way because of that. */
  get isWatched(): boolean {
    const { hedging, timersBelongToRequests } = this.#environment;
    return this.target.mirror === undefined && hedging === undefined && !timersBelongToRequests &&
      hearsOrigin(this.#environment);
  }

  /** Has it seen to so long after it was sent, or at the end of its time. */
  #lookAt(afterMs: number): void {
    const { timeoutMs } = this.#call.settings;
    this.#isLook = afterMs < timeoutMs;
    this.#setDeadline(Math.min(afterMs, timeoutMs));
  }

  /** It has waited for a while: another mirror may be asked, or it is more than a silent origin may have. */
  #look(waitedMs: number): void {
    if (this.hasHeaders) return this.#lookAt(Infinity);
    const { clock, scheduler } = this.#environment;
    const nowMs = clock.now();
    // What keeps the event loop busy keeps an answer from being read, too.
    const isPunctual = scheduler.silentLanes.hears(nowMs, this.#deadline.atMs);
    if (isPunctual && this.#mayMoveOn?.(waitedMs)) return this.#timeOut(Math.round(waitedMs));
    if (this.isWatched) scheduler.silentLanes.look(nowMs, this.#deadline.atMs);
    // It may have been what gave way.
    if (this.isPending) this.#lookAt(waitedMs + LOOK_AGAIN_MS);
  }

  /** A fetch that ignores its signal must not keep the caller waiting, so the outcome is raced by hand. */
  #guard(work: () => Promise<Reply>): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      work().then((reply) => {
        // The caller, which was told of the abort, does not take it.
        if (this.#stopped !== undefined) reply.openBody?.discard();
        resolve(reply);
      }, reject);
    });
  }

  get lane(): Lane {
    return this.target.lane;
  }

  get sentAtMs(): number {
    return this.startedAtMs;
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
    this.hasHeaders = true;
    const { lane } = this.target;
    const { receipt } = this.#admission;
    scheduler.reports.answered(lane, this.startedAtMs, receipt, response);
    reportLimits(this.#environment, this.#call, { lane, receipt, status: response.status });
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
    reportHeaders(this.#environment, this.#call, this, status);
    if (this.#isStopped()) return this.#refuse(response);
    if (this.watcher !== undefined) {
      this.watcher.onHeaders(this, status);
      // So may the listener that was told of that.
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
   * The headers of a probe have come: its origin is back; or, if that was said too early before, once its body has not broken off for as long
   * as half of what is left of the probe's time.
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

  /** The response of a fetch that ignored its signal: it is of no use, and its body must end. */
  #refuse(response: Response): never {
    this.#open(response).discard();
    throw this.#stopped!.reason;
  }

  /** Text comes cheaper from the runtime than by way of bytes, where these are not asked for. */
  #read(response: Response): Promise<Uint8Array<ArrayBuffer> | string | undefined> {
    const { settings: { as, maxBodyBytes }, request: { method }, journey: { exchange } } = this.#call;
    // What has no body may have the length of one (RFC 9110 §8.6).
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
      onHandOut: () => {
        this.#environment.deadlines.remove(this.#deadline);
        // Who has not begun to read it has as long.
        Leases.prolong(this.#admission, timeoutMs, this.#environment.clock.now());
      },
      onStop: () => void abortIfPossible(this.#controller),
      onAlive: this.#environment.timersBelongToRequests
        ? () =>
          Leases.prolong(this.#admission, Math.max(timeoutMs, idleTimeoutMs), this.#environment.clock.now())
        : undefined,
      onTimeout: (isRead) => this.cancel(bodyTimeout(this.#call, this.target, isRead)),
      onEnd: (bytes) => bytes === undefined ? this.#end() : this.#finish(bytes),
      onUnusable: (error) => this.#fail(error),
    });
  }

  /** Goes on with a response whose body is open: the caller reads it, or it is an error's. */
  openReply(response: Response): Reply {
    this.hasHeaders = true;
    const openBody = this.#open(response);
    const reply = new Reply(response, { from: "network", openBody, target: this.target });
    try {
      this.verdict.judgeStatus(response);
      // Also one that this caller does not wait for.
      if (isRetryableStatus(response.status) || mayBeWorthRetry(this.#call, response.status)) {
        pauseOrigin(this.#environment, this.#call, reply, this.startedAtMs);
      }
    } catch (error) {
      // The caller's own `random` threw.
      openBody.discard();
      throw error;
    }
    return reply;
  }

  /** The body is over, and so is the attempt. */
  #finish(bytes: number): void {
    if (this.#hasEnded) return;
    this.#environment.counters.bytes += bytes;
    this.target.lane.bytes += bytes;
    this.#end();
    reportBody(this.#environment, this.#call, this, bytes);
  }

  /** Ends the attempt and says what it failed of: the reason it was stopped for, or else the network. */
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

  /** The attempt has taken too long; or, if it was stopped, its `fetch` has ignored that for as long. */
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

  /** Stops the attempt: what waits for it is told at once; the permit comes back when the fetch has settled. */
  cancel(reason: unknown): void {
    if (this.#hasEnded || this.#stopped !== undefined) return;
    this.#stopped = { reason };
    this.#admission.judge("ignored");
    this.#letGo();
    this.#reject(reason);
    if (!this.#abort(reason)) {
      // If its own request has ended, so has the fetch, and the permit comes back as those of the dead do.
      this.#environment.deadlines.remove(this.#deadline);
      this.#stopping?.resolve(() => void this.#abort(reason));
    }
    // One that is being got rid of is received until then.
    if (!this.#body?.isHandedOut) return;
    this.#body.fail(reason);
    this.#end();
  }

  /** Aborts the fetch, if it can be reached from here, and waits for its end. */
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
}
