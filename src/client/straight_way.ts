/**
 * The straight way, for plain requests that pass no part of the client but their lane. It is one long-lived loop for each permit,
 * in which everything before and after `fetch` is synchronous. A call that fails, or needs more, leaves it for the general way.
 *
 * @module
 */

import { utf8Length } from "../http/body.ts";
import { isSafeMethod } from "../http/classify.ts";
import { type HeaderMap, mergeHeaders, NO_HEADERS } from "../http/headers.ts";
import { withStandardBody } from "../http/node_body.ts";
import type { PreparedRequest } from "../http/request.ts";
import { Admission } from "../lanes/admission.ts";
import type { Allowance } from "../lanes/allowance.ts";
import type { Lane } from "../lanes/lane.ts";
import type { AttemptUnderWay } from "../lanes/silent_lanes.ts";
import { MAX_WRITE_OFF_MS, mayGiveWay, openAttempt } from "../policies/attempt.ts";
import { alreadyRead, attemptTimeout, givenWay, ResponseError } from "../policies/attempt_errors.ts";
import { requestInit } from "../policies/attempt_request.ts";
import { LATE_MS } from "../policies/attempt_verdict.ts";
import type { Call, CallContext, Pending } from "../policies/call.ts";
import { reportWriteOff } from "../policies/call_events.ts";
import { decodeReply } from "../policies/decode.ts";
import type { Opening } from "../policies/journey.ts";
import { withDefaults } from "../policies/default_headers.ts";
import type { Environment, FetchFunction } from "../policies/policy.ts";
import { Reply } from "../policies/reply.ts";
import { isWorthRetry } from "../policies/retry_reason.ts";
import { fetchAtImport } from "./global_fetch.ts";
import type { LazyHedging } from "./lazy_hedging.ts";
import type { HedgedWay, StraightHedges } from "./straight_hedges.ts";
import { type CallsInFlight, StraightTimeouts, type TimedWay } from "./straight_timeouts.ts";
import { type LineOwner, StraightWaiter } from "./straight_waiter.ts";

/** Looks after calls before and after the straight way. */
export interface StraightOwner extends LineOwner, CallsInFlight {
  /** Lower-case names of headers that must not reach another origin. */
  readonly sensitive: ReadonlySet<string>;
  /** The headers of every request. */
  readonly headers: HeaderMap;
  /** Answers the caller of a call that no other call has joined. */
  settle(call: Call, ok: true, value: unknown, nowMs: number): void;
  /** Notes that a call may have changed its resource. */
  noteChange(call: Call): void;
  /** Answers all callers that wait for a call with its reply. */
  deliver(call: Call, reply: Reply): void;
}

/** Sends plain requests. */
export class StraightWay implements HedgedWay, Pending, TimedWay {
  readonly #environment: Environment;
  readonly #owner: StraightOwner;
  /** The `fetch` of the client's options or transport; absent for the global one. */
  readonly #fetch: FetchFunction | undefined;
  readonly #redirect: RequestRedirect;
  /** How many attempts are in flight on the straight way. */
  #underWay = 0;
  readonly #timeouts: StraightTimeouts;
  readonly #hedging: LazyHedging | undefined;
  /** Watches for slow attempts; made for the first attempt that it has to watch. */
  #hedges: StraightHedges | undefined;

  /** Creates a straight way with nothing in flight. */
  constructor(
    environment: Environment,
    owner: StraightOwner,
    ownFetch: FetchFunction | undefined,
    hedging?: LazyHedging,
  ) {
    this.#hedging = hedging;
    this.#environment = environment;
    this.#owner = owner;
    this.#fetch = ownFetch;
    this.#timeouts = new StraightTimeouts(environment, this, owner);
    // A redirect that the runtime shows leaves the straight way; the general way follows it.
    this.#redirect = environment.runtime.showsRedirects ? "manual" : "follow";
  }

  /** Puts a call in line in its lane, which does not admit it now. */
  enqueue(call: Call): undefined {
    const waiter = new StraightWaiter(call, call.lane!, this.#owner);
    this.#environment.scheduler.wait(waiter, call.startedAtMs);
  }

  /**
   * Runs a call that has been admitted, and whatever is admitted with its permit afterwards. Never rejects.
   *
   * @param first The call.
   * @param nowMs The time on the client's clock, for a caller that has just read it.
   */
  async run(first: Call, nowMs: number = this.#environment.clock.now()): Promise<void> {
    let call: Call | undefined = first;
    while (call !== undefined) {
      // Code that ran since the admission may have aborted the call.
      if (call.cancelled) return this.#withdraw(call, nowMs);
      let response: Response | undefined;
      let body: string | Uint8Array<ArrayBuffer> | undefined;
      let error: unknown;
      try {
        const init = this.#begin(call, nowMs);
        // Browsers refuse to have their `fetch` called as a method.
        const { fetch } = globalThis;
        const isNative = this.#fetch === undefined && fetch === fetchAtImport;
        call.isSentAsIs = isNative && this.#redirect === "manual";
        const send = isNative ? fetch : this.#fetch ?? this.#environment.fetch;
        response = await send(call.sentUrl, init);
        if (this.#hedges !== undefined) this.#hedges.answered(call, response);
        if (call.lane!.listens) this.#noteAnswer(call, response);
        if (response?.ok && !call.hasLeft && !call.context.streams && response instanceof Response) {
          if (!isNative && response.bodyUsed) throw alreadyRead();
          call.head = response;
          body = call.settings.as === "bytes"
            ? new Uint8Array(await response.arrayBuffer())
            : await response.text();
        } else if (response === undefined || response === null) {
          // A caller's own `fetch` may return anything.
          throw new ResponseError();
        }
      } catch (thrown) {
        // The general way handles all errors.
        error = thrown;
        response = undefined;
      }
      nowMs = this.#environment.clock.now();
      call = body === undefined || call.hasLeft
        ? this.#depart(call, response, error)
        : this.#succeed(call, response!, body, nowMs);
      // The next call may be one of an extension, which shares the limits.
      if (call !== undefined && call.context.owner.straight !== this) return call.run();
    }
  }

  /** Takes back the admission of a call that was cancelled before it was sent; the call has made no attempt. */
  #withdraw(call: Call, nowMs: number): void {
    this.#environment.scheduler.toAdmission(call, call.lane!, call.ticket, nowMs).withdraw();
  }

  #begin(call: Call, nowMs: number): RequestInit {
    const { budget } = this.#environment;
    if (budget !== undefined) budget.deposit(nowMs);
    call.attempts = 1;
    call.isInFlight = true;
    call.pending = this;
    call.attemptedAtMs = nowMs;
    const timeoutAtMs = nowMs + call.settings.timeoutMs;
    this.#underWay++;
    const timeouts = this.#timeouts;
    if (timeoutAtMs < timeouts.scanAtMs) timeouts.scanAt(timeoutAtMs, nowMs);
    else if (nowMs > timeouts.lostAtMs) timeouts.rearm(nowMs);
    if (this.#hedging !== undefined) this.#watch(call, nowMs);
    const { signal } = call.controller = new AbortController();
    const { prepared, context } = call;
    const redirect = this.#redirect;
    if (prepared !== undefined && !isPlain(prepared, context)) return this.#ownInit(call, prepared, signal);
    const headers = context.straightHeaders!;
    return headers === NO_HEADERS ? { signal, redirect } : { signal, redirect, headers };
  }

  /** Makes the `init` of a request that has a method, headers or a body of its own. */
  #ownInit(call: Call, prepared: PreparedRequest, signal: AbortSignal): RequestInit {
    const { method, headers: own, body } = prepared;
    const headers = withDefaults(mergeHeaders(this.#owner.headers, own), call);
    const url = call.sentUrl;
    call.journey.target = { lane: call.lane!, url, headers, sensitive: this.#owner.sensitive };
    return requestInit({ url, method, headers, body }, signal, this.#redirect);
  }

  /** Returns a view of the attempt of a call that is in flight here. */
  underWay(call: Call): AttemptUnderWay {
    return new PlainAttempt(call, this);
  }

  /** Ends an attempt to a silent origin, so that other requests get its permit. The call gets in line again. */
  giveWay(call: Call): void {
    const { scheduler, clock } = this.#environment;
    const error = givenWay(call, undefined, Math.round(clock.now() - call.attemptedAtMs));
    call.journey.hasGivenWay = true;
    call.lane!.noteHung(clock.now());
    this.cancel(error, call);
    scheduler.reports.judge(call.lane!, call.ticket, "ignored", call.attemptedAtMs);
    this.#follow(call, { error });
  }

  #watch(call: Call, nowMs: number): void {
    if (this.#hedges === undefined) {
      const { loaded, StraightHedges } = this.#hedging!;
      if (loaded === undefined || StraightHedges === undefined) return;
      this.#hedges = new StraightHedges(loaded, this.#environment, this);
    }
    this.#hedges.begin(call, nowMs);
  }

  /** Moves a slow attempt to the general way, which sends a second one beside it. */
  handOver(call: Call, answer: Promise<Response>, rival: Admission): void {
    const { scheduler } = this.#environment;
    call.hasLeft = true;
    this.#end(call);
    const admission = new Admission(scheduler, call.lane!, call.ticket, call.attemptedAtMs, call.receipt);
    call.receipt = undefined;
    this.#follow(call, { admission, answer, rival });
  }

  #noteAnswer(call: Call, response: Response): void {
    // A caller's own `fetch` may return anything.
    const answer = response instanceof Response ? response : undefined;
    this.#environment.scheduler.reports.answered(call.lane!, call.attemptedAtMs, call.receipt, answer);
  }

  #succeed(
    call: Call,
    response: Response,
    body: string | Uint8Array<ArrayBuffer>,
    nowMs: number,
  ): Call | undefined {
    const { scheduler, counters } = this.#environment;
    const lane = call.lane!;
    const bytes = typeof body === "string"
      ? utf8Length(body, call.isSentAsIs ? response : undefined)
      : body.length;
    counters.bytes += bytes;
    lane.bytes += bytes;
    call.isInFlight = false;
    call.pending = undefined;
    if (--this.#underWay === 0) this.#timeouts.disarm();
    const { schema, validate, as } = call.settings;
    if (call.prepared !== undefined && !isSafeMethod(call.prepared.method)) this.#owner.noteChange(call);
    const isJson = as === "json" && typeof body === "string" && (schema === undefined || !validate);
    if (isJson && call.flight === undefined) {
      let value: unknown = NOT_JSON;
      try {
        value = body === "" ? undefined : JSON.parse(body);
      } catch {
        // The decoder makes the error that says what is wrong with the text.
        this.#decode(call, response, body, nowMs);
      }
      if (value !== NOT_JSON) this.#owner.settle(call, true, value, nowMs);
    } else {
      this.#decode(call, response, body, nowMs);
    }
    return scheduler.succeed(call, nowMs) as Call | undefined;
  }

  #decode(call: Call, response: Response, body: string | Uint8Array<ArrayBuffer>, nowMs: number): void {
    const reply = new Reply(response, { from: "network", body, target: undefined });
    let decoding: Promise<void> | undefined;
    try {
      decoding = decodeReply(call, reply);
    } catch (error) {
      return this.#follow(call, { error });
    }
    if (decoding === undefined) return this.#answer(call, reply, nowMs);
    decoding.then(
      () => this.#answer(call, reply, this.#environment.clock.now()),
      (error: unknown) => this.#follow(call, { error }),
    );
  }

  /** Answers the caller, and the callers that have joined the call by now. */
  #answer(call: Call, reply: Reply, nowMs: number): void {
    if (call.flight === undefined) this.#owner.settle(call, true, reply.value, nowMs);
    else this.#owner.deliver(call, reply);
  }

  /**
   * Ends an attempt that was no plain success, or whose call has left. Passes the permit to the code that looks after the call
   * now, or gives it back.
   */
  #depart(call: Call, response: Response | undefined, error: unknown): undefined {
    const { scheduler } = this.#environment;
    const lane = call.lane!;
    if (call.hasLeft) {
      if (this.#hedges?.deliver(call, response, error)) return undefined;
      const { writeOff } = call.journey;
      if (response !== undefined) cancelLate(response);
      // After the write-off, others have the permit.
      if (writeOff === undefined) return undefined;
      this.#environment.deadlines.remove(writeOff);
      scheduler.release(lane);
      return undefined;
    }
    this.#end(call);
    call.head = undefined;
    const admission = new Admission(scheduler, lane, call.ticket, call.attemptedAtMs, call.receipt);
    call.receipt = undefined;
    if (
      // The body of a subclass may be another one than that of the platform, so the general way checks it.
      call.context.streams && response?.ok && response.constructor === Response &&
      !isWorthRetry(call, response.status)
    ) {
      this.#handOut(call, admission, response);
      return undefined;
    }
    this.#follow(call, { admission, response, error });
    return undefined;
  }

  /** Hands a response out, whose body the caller reads. The permit comes back when the body ends. */
  #handOut(call: Call, admission: Admission, response: Response): void {
    const { sensitive } = this.#owner;
    const { lane, sentUrl: url, journey, context: { straightHeaders } } = call;
    const target = journey.target ??= { lane: lane!, url, headers: straightHeaders!, sensitive };
    let reply: Reply;
    try {
      reply = openAttempt(this.#environment, call, target, admission, response);
    } catch (error) {
      return this.#owner.fail(call, error);
    }
    this.#owner.deliver(call, reply);
  }

  #follow(call: Call, opening: Opening): void {
    call.isSentAsIs = false;
    call.journey.opening = opening;
    this.#owner.follow(call);
  }

  #end(call: Call): void {
    call.isInFlight = false;
    call.pending = undefined;
    if (this.#hedges !== undefined) this.#hedges.end(call);
    if (--this.#underWay === 0) this.#timeouts.disarm();
  }

  timeOut(call: Call, nowMs: number): void {
    this.#hedges?.timedOut(call, nowMs);
    const { isFailure, scheduler } = this.#environment;
    const error = attemptTimeout(call, undefined);
    const verdict = isFailure?.(error) === false ? "success" : "failure";
    call.lane!.noteHung(nowMs);
    // The caller's own `isFailure` may have ended the attempt.
    if (call.pending !== this) return;
    scheduler.reports.sample(call.lane!, call.attemptedAtMs, true);
    this.cancel(error, call);
    scheduler.reports.judge(call.lane!, call.ticket, verdict, call.attemptedAtMs);
    call.journey.isCostly = nowMs - call.attemptedAtMs >= LATE_MS;
    this.#follow(call, { error });
  }

  /** Stops an attempt. Its permit comes back when the `fetch` has really ended; if that takes too long, the attempt is written off. */
  cancel(reason: unknown, call: Call): void {
    call.hasLeft = true;
    this.#end(call);
    const { deadlines, scheduler } = this.#environment;
    // The next attempt has a receipt of its own.
    if (call.receipt !== undefined) scheduler.reports.forgo(call.lane!, call.receipt);
    call.receipt = undefined;
    const onDeadline = (): void => {
      call.journey.writeOff = undefined;
      reportWriteOff(this.#environment, call, undefined);
      scheduler.release(call.lane!);
    };
    call.journey.writeOff = deadlines.add(
      { onDeadline },
      Math.min(call.settings.timeoutMs, MAX_WRITE_OFF_MS),
    );
    call.controller?.abort(reason);
  }
}

/** The attempt of a plain call. */
class PlainAttempt implements AttemptUnderWay {
  readonly lane: Lane;
  readonly startedAtMs: number;
  readonly #call: Call;
  readonly #way: StraightWay;

  constructor(call: Call, way: StraightWay) {
    this.lane = call.lane!;
    this.startedAtMs = call.attemptedAtMs;
    this.#call = call;
    this.#way = way;
  }

  get allowance(): Allowance | undefined {
    return this.#call.allowance;
  }

  get hasHeaders(): boolean {
    return this.#call.head !== undefined;
  }

  get isPending(): boolean {
    return this.#call.pending === this.#way;
  }

  get mayGiveWay(): boolean {
    return mayGiveWay(this.#call);
  }

  giveWay(): void {
    this.#way.giveWay(this.#call);
  }
}

const NOT_JSON = Symbol();

/** Whether a request sends only what all requests of its context have in common. */
function isPlain({ method, headers }: PreparedRequest, context: CallContext): boolean {
  return method === "GET" && headers === context.headers;
}

/** Cancels the body of a response that has come too late. */
function cancelLate(response: Response): void {
  try {
    withStandardBody(response)?.body?.cancel().catch(ignore);
  } catch {
    // A caller's own `fetch` may return anything.
  }
}

function ignore(): void {}
