/**
 * The straight way: for plain requests whose lane is clear. One long-lived loop for each permit, in which everything before
 * and after `fetch` is synchronous. What goes wrong, or needs more, leaves it for the general way.
 *
 * @module
 */

import { utf8Length } from "../http/body.ts";
import { isSafeMethod } from "../http/classify.ts";
import { type HeaderMap, mergeHeaders, NO_HEADERS } from "../http/headers.ts";
import type { PreparedRequest } from "../http/request.ts";
import { Admission } from "../lanes/admission.ts";
import type { Allowance } from "../lanes/allowance.ts";
import type { Runnable } from "../lanes/claimant.ts";
import type { Lane } from "../lanes/lane.ts";
import { SILENT_MS } from "../lanes/lane.ts";
import { type AttemptUnderWay, LOOK_AGAIN_MS } from "../lanes/silent_lanes.ts";
import { Waiter } from "../lanes/waiter.ts";
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
import { SHORTEST_WAIT_MS } from "../primitives/clock.ts";
import type { Deadline, DeadlineTarget } from "../primitives/deadline_queue.ts";
import { fetchAtImport } from "./global_fetch.ts";
import type { LazyHedging } from "./lazy_hedging.ts";
import type { HedgedWay, StraightHedges } from "./straight_hedges.ts";

/** What looks after calls, before and after the straight way. */
export interface StraightOwner {
  /** Lower-case names of headers that must not reach another origin. */
  readonly sensitive: ReadonlySet<string>;
  /** What every request carries. */
  readonly headers: HeaderMap;
  /** The first of all calls in flight; they are linked by `next`. */
  readonly firstCall: Call | undefined;
  /** Answers the caller, which is the only one that waits. */
  settle(call: Call, ok: true, value: unknown, nowMs: number): void;
  /** What its URL stands for may be another thing now. */
  noteChange(call: Call): void;
  /** Answers all callers that wait for it with a reply. */
  deliver(call: Call, reply: Reply): void;
  /** Answers all callers that wait for it with an error. */
  fail(call: Call, error: unknown): void;
  /** Brings a call to its end on the general way. */
  follow(call: Call): void;
}

/** Sends plain requests. */
export class StraightWay implements DeadlineTarget, HedgedWay, Pending {
  readonly #environment: Environment;
  readonly #owner: StraightOwner;
  /** The client's own `fetch`. */
  readonly #fetch: FetchFunction | undefined;
  readonly #redirect: RequestRedirect;
  /** Calls whose attempt is in flight here. */
  #underWay = 0;
  /** When the next of them may have taken too long. */
  #scanAtMs = Infinity;
  /** When that has to be seen to, or before that whether their origins answer. */
  #alarm: Deadline | undefined;
  readonly #hedging: LazyHedging | undefined;
  /** What watches for slow attempts, once there was one to watch. */
  #hedges: StraightHedges | undefined;

  /** Creates the way; nothing is in flight. */
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
    // A redirect leaves the straight way.
    this.#redirect = environment.runtime.showsRedirects ? "manual" : "follow";
  }

  /** Lets a call wait in its lane, which does not admit it now. */
  enqueue(call: Call): undefined {
    const waiter = new StraightWaiter(call, call.lane!, this);
    call.pending = waiter;
    this.#environment.scheduler.wait(waiter, call.startedAtMs);
  }

  /** A call finds out whether its origin is back: that is for the general way. */
  probe(call: Call): void {
    const { scheduler, clock } = this.#environment;
    call.journey.granted = scheduler.toAdmission(call, call.lane!, call.ticket, clock.now());
    this.#owner.follow(call);
  }

  /** Leaves the line: the call is not wanted any more. */
  leave(waiter: Waiter<Lane>): void {
    this.#environment.scheduler.leave(waiter);
  }

  /** Tells all callers that wait for a call that its lane refuses it. */
  refuse(call: Call, error: Error): void {
    this.#owner.fail(call, error);
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
      // What was started since it was admitted may have aborted it.
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
          // A `fetch` may give anything.
          throw new ResponseError();
        }
      } catch (thrown) {
        // Whatever it is, the general way knows what to make of it.
        error = thrown;
        response = undefined;
      }
      nowMs = this.#environment.clock.now();
      call = body === undefined || call.hasLeft
        ? this.#depart(call, response, error)
        : this.#succeed(call, response!, body, nowMs);
      // It may be one of a client that shares the limits.
      if (call !== undefined && call.context.owner.straight !== this) return call.run();
    }
  }

  /** What was admitted and is not wanted any more is no attempt. */
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
    if (timeoutAtMs < this.#scanAtMs) this.#scanAt(timeoutAtMs, nowMs);
    if (this.#hedging !== undefined) this.#watch(call, nowMs);
    const { signal } = call.controller = new AbortController();
    const { prepared, context } = call;
    const redirect = this.#redirect;
    if (prepared !== undefined && !isPlain(prepared, context)) return this.#ownInit(call, prepared, signal);
    const headers = context.straightHeaders!;
    return headers === NO_HEADERS ? { signal, redirect } : { signal, redirect, headers };
  }

  /** What is sent of a request that has a method, headers or a body of its own. */
  #ownInit(call: Call, prepared: PreparedRequest, signal: AbortSignal): RequestInit {
    const { method, headers: own, body } = prepared;
    const headers = withDefaults(mergeHeaders(this.#owner.headers, own), call);
    const url = call.sentUrl;
    call.journey.target = { lane: call.lane!, url, headers, sensitive: this.#owner.sensitive };
    return requestInit({ url, method, headers, body }, signal, this.#redirect);
  }

  /** What is known of an attempt that is in flight here. */
  underWay(call: Call): AttemptUnderWay {
    return new PlainAttempt(call, this);
  }

  /** An attempt to reach a silent origin ends for the sake of others. */
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

  /** An attempt that is slow goes on on the general way, and another one beside it. */
  handOver(call: Call, answer: Promise<Response>, rival: Admission): void {
    const { scheduler } = this.#environment;
    call.hasLeft = true;
    this.#end(call);
    const admission = new Admission(scheduler, call.lane!, call.ticket, call.attemptedAtMs, call.receipt);
    call.receipt = undefined;
    this.#follow(call, { admission, answer, rival });
  }

  #noteAnswer(call: Call, response: Response): void {
    // A `fetch` may give anything.
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
    if (--this.#underWay === 0) this.#disarm();
    const { schema, validate, as } = call.settings;
    if (call.prepared !== undefined && !isSafeMethod(call.prepared.method)) this.#owner.noteChange(call);
    const isJson = as === "json" && typeof body === "string" && (schema === undefined || !validate);
    if (isJson && call.flight === undefined) {
      let value: unknown = NOT_JSON;
      try {
        value = body === "" ? undefined : JSON.parse(body);
      } catch {
        // The decoder says what is wrong with it.
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

  /** Answers the caller, and those that have joined the call by now. */
  #answer(call: Call, reply: Reply, nowMs: number): void {
    if (call.flight === undefined) this.#owner.settle(call, true, reply.value, nowMs);
    else this.#owner.deliver(call, reply);
  }

  /** An attempt was no plain success, or its call has left: gives its permit to the code that looks after it now. */
  #depart(call: Call, response: Response | undefined, error: unknown): undefined {
    const { scheduler } = this.#environment;
    const lane = call.lane!;
    if (call.hasLeft) {
      if (this.#hedges?.deliver(call, response, error)) return undefined;
      const { writeOff, isWrittenOff } = call.journey;
      if (writeOff !== undefined) this.#environment.deadlines.remove(writeOff);
      response?.body?.cancel().catch(ignore);
      if (!isWrittenOff) scheduler.release(lane);
      return undefined;
    }
    this.#end(call);
    call.head = undefined;
    const admission = new Admission(scheduler, lane, call.ticket, call.attemptedAtMs, call.receipt);
    call.receipt = undefined;
    if (
      call.context.streams && response?.ok && response instanceof Response &&
      !isWorthRetry(call, response.status)
    ) {
      this.#handOut(call, admission, response);
      return undefined;
    }
    this.#follow(call, { admission, response, error });
    return undefined;
  }

  /** The caller reads the body; the permit comes back with its end. */
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
    if (--this.#underWay === 0) this.#disarm();
  }

  #disarm(): void {
    if (this.#alarm === undefined) return;
    this.#environment.deadlines.remove(this.#alarm);
    this.#alarm = undefined;
    this.#scanAtMs = Infinity;
  }

  #scanAt(atMs: number, nowMs: number): void {
    this.#scanAtMs = atMs;
    this.#wakeAfter(SILENT_MS, nowMs);
  }

  /** Looks after so long whether the origins answer, or sooner whether an attempt has taken too long. */
  #wakeAfter(lookAfterMs: number, nowMs: number): void {
    const { deadlines } = this.#environment;
    if (this.#alarm !== undefined) deadlines.remove(this.#alarm);
    const scanAfterMs = this.#scanAtMs - nowMs;
    const delayMs = this.#hedging === undefined ? Math.min(scanAfterMs, lookAfterMs) : scanAfterMs;
    this.#alarm = deadlines.add(this, delayMs, nowMs);
  }

  /** Some attempt may have taken too long, or long enough for its origin to be silent. */
  onDeadline(): void {
    const nowMs = this.#environment.clock.now();
    const dueAtMs = this.#alarm!.atMs;
    this.#alarm = undefined;
    if (nowMs + SHORTEST_WAIT_MS < this.#scanAtMs) this.#wakeAfter(LOOK_AGAIN_MS, nowMs);
    else this.#scanAll(nowMs);
    if (this.#hedging === undefined) this.#environment.scheduler.silentLanes.look(nowMs, dueAtMs);
  }

  /** Ends those that have taken too long. */
  #scanAll(nowMs: number): void {
    this.#scanAtMs = Infinity;
    const late: Call[] = [];
    let nextMs = Infinity;
    for (let call = this.#owner.firstCall; call !== undefined; call = call.next) {
      if (call.pending !== this) continue;
      if (call.timeoutAtMs <= nowMs + SHORTEST_WAIT_MS) late.push(call);
      else if (call.timeoutAtMs < nextMs) nextMs = call.timeoutAtMs;
    }
    if (nextMs < Infinity) this.#scanAt(nextMs, nowMs);
    // What the one before has caused may have ended it.
    for (const call of late) if (call.pending === this) this.#timeOut(call, nowMs);
  }

  #timeOut(call: Call, nowMs: number): void {
    this.#hedges?.timedOut(call, nowMs);
    const { isFailure, scheduler } = this.#environment;
    const error = attemptTimeout(call, undefined);
    const verdict = isFailure?.(error) === false ? "success" : "failure";
    call.lane!.noteHung(nowMs);
    // What the caller has been asked there may have ended it.
    if (call.pending !== this) return;
    scheduler.reports.sample(call.lane!, call.attemptedAtMs, true);
    this.cancel(error, call);
    scheduler.reports.judge(call.lane!, call.ticket, verdict, call.attemptedAtMs);
    call.journey.isCostly = nowMs - call.attemptedAtMs >= LATE_MS;
    this.#follow(call, { error });
  }

  /** Stops an attempt. Its permit comes back when the `fetch` has really ended, or when it has been waited for long enough. */
  cancel(reason: unknown, call: Call): void {
    call.hasLeft = true;
    this.#end(call);
    const { deadlines, scheduler } = this.#environment;
    // The next attempt counts for itself.
    if (call.receipt !== undefined) scheduler.reports.forgo(call.lane!, call.receipt);
    call.receipt = undefined;
    const onDeadline = (): void => {
      call.journey.isWrittenOff = true;
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
  readonly sentAtMs: number;
  readonly #call: Call;
  readonly #way: StraightWay;

  constructor(call: Call, way: StraightWay) {
    this.lane = call.lane!;
    this.sentAtMs = call.attemptedAtMs;
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

/** A plain call in line. */
class StraightWaiter extends Waiter<Lane> implements Pending {
  declare readonly errand: Call;
  readonly #way: StraightWay;

  constructor(call: Call, { alone }: Lane, way: StraightWay) {
    super(call, alone, false);
    this.#way = way;
  }

  onAdmitted(lane: Lane, ticket: number): Runnable | undefined {
    const call = this.errand;
    call.pending = undefined;
    call.ticket = ticket;
    if (lane.breaker === undefined || lane.breaker.state === "closed") return call;
    this.#way.probe(call);
    return undefined;
  }

  onRefused(error: Error): void {
    this.errand.pending = undefined;
    this.#way.refuse(this.errand, error);
  }

  cancel(): void {
    this.#way.leave(this);
  }
}

const NOT_JSON = Symbol();

/** Whether nothing is sent of a request but what all of its context have in common. */
function isPlain({ method, headers }: PreparedRequest, context: CallContext): boolean {
  return method === "GET" && headers === context.headers;
}

function ignore(): void {}
