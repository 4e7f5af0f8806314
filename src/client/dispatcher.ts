/**
 * Starts calls, and answers their callers: each caller exactly once.
 *
 * @module
 */

import { describeKind } from "../primitives/argument_checks.ts";
import { type HeaderMap, mergeHeaders } from "../http/headers.ts";
import type { PreparedRequest } from "../http/request.ts";
import { isSafeMethod } from "../http/classify.ts";
import { withoutFragment } from "../http/url.ts";
import type { Runnable } from "../lanes/claimant.ts";
import type { Lane } from "../lanes/lane.ts";
import type { Lanes } from "../lanes/lanes.ts";
import type { Scheduler } from "../lanes/scheduler.ts";
import type { AttemptSource, AttemptUnderWay } from "../lanes/silent_lanes.ts";
import { Waiter } from "../lanes/waiter.ts";
import { Attempt } from "../policies/attempt.ts";
import { Call, type CallContext, type CallOwner, type CallSink, NO_CALLER } from "../policies/call.ts";
import { reportQueued, reportSettled } from "../policies/call_events.ts";
import { type Mirror, namesOf, urlAt } from "../policies/mirror.ts";
import type { Reply } from "../policies/reply.ts";
import { Flights, join, leave, sharedReply } from "../policies/single_flight.ts";
import { addAbortListener, removeAbortListener } from "../primitives/abort_listeners.ts";
import type { Clock } from "../primitives/clock.ts";
import type { Deadlines } from "../primitives/deadline_queue.ts";
import { LinkedQueue } from "../primitives/linked_queue.ts";
import { pageUrl } from "../runtime/web.ts";
import { conclude } from "./conclusion.ts";
import type { EventHub } from "./event_hub.ts";
import type { LazyHedging } from "./lazy_hedging.ts";
import { Background, Lifetime, type LifetimeOwner } from "./lifetime.ts";
import type { ClientOptions } from "./options.ts";
import { buildPipeline, type Pipeline } from "./pipeline.ts";
import { Relays } from "./relays.ts";
import { type ClientStats, Tally } from "./stats.ts";
import { type StraightOwner, StraightWay } from "./straight_way.ts";

/** The inside of a client: it registers calls, starts them, and answers their callers. The public methods are in `create_client.ts`. */
export class Dispatcher implements CallOwner, StraightOwner, LifetimeOwner, AttemptSource {
  readonly #clock: Clock;
  readonly #hub: EventHub;
  /** The handlers that calls pass, and the parts that these share. */
  readonly pipeline: Pipeline;
  readonly straight: StraightWay;
  readonly #hedging: LazyHedging | undefined;
  readonly #tally = new Tally();
  /** The scheduler, which admits requests. */
  readonly scheduler: Scheduler;
  /** The lanes of the origins that requests have led to. */
  readonly lanes: Lanes;
  /** The calls that others may join. Extensions share it, because what a request of one client changes has changed for all. */
  readonly #flights: Flights;
  /** Calls whose callers wait, or read the body of their response. */
  readonly #calls = new LinkedQueue<Call>();
  readonly lifetime: Lifetime<Dispatcher>;
  readonly #relays: Relays;
  /** The number of the latest call; extensions share it. */
  readonly #latest: { id: number };

  /**
   * Creates the parts of a client.
   *
   * @param options The client's options.
   * @param clock The source of time.
   * @param hub The client's listeners.
   * @param parent The client that this one extends.
   */
  constructor(options: ClientOptions, clock: Clock, hub: EventHub, parent?: Dispatcher) {
    this.#flights = parent === undefined ? new Flights() : parent.#flights;
    this.#latest = parent === undefined ? { id: 0 } : parent.#latest;
    this.#clock = clock;
    this.#hub = hub;
    const background = new Background();
    this.pipeline = buildPipeline(options, { clock, reporter: hub }, {
      inBackground: (work, call) => background.keep(work, call),
    }, parent?.pipeline);
    this.scheduler = this.pipeline.environment.scheduler;
    this.#relays = new Relays(this.pipeline.environment.deadlines, this.#goAlone);
    this.#hedging = this.pipeline.hedging;
    this.lanes = this.pipeline.lanes;
    const { environment } = this.pipeline;
    this.straight = new StraightWay(
      environment,
      this,
      environment.hasOwnFetch || options.transport !== undefined ? environment.fetch : undefined,
      this.#hedging,
    );
    if (parent === undefined) this.scheduler.silentLanes.source = this;
    this.lifetime = new Lifetime(this, background, options.signal, parent?.lifetime);
  }

  /** The reason that the client was closed with; absent while it is open. */
  get closing(): { readonly reason: unknown } | undefined {
    return this.lifetime.closing;
  }

  /** Whether batches pull without a permit; see `BatchRun`. */
  get pullsAhead(): boolean {
    return this.pipeline.environment.timersBelongToRequests;
  }

  /** The mirrors that complete relative URLs. */
  get mirrors(): readonly Mirror[] {
    return this.pipeline.mirrors;
  }

  /** Lower-case names of headers that must not reach another origin. */
  get sensitive(): ReadonlySet<string> {
    return this.pipeline.sensitive;
  }

  /** The URL that relative URLs resolve against where no mirror completes them. */
  get baseUrl(): string | undefined {
    return this.pipeline.mirrors.length === 0 ? pageUrl() : undefined;
  }

  /** The timers of all waits. */
  get deadlines(): Deadlines {
    return this.pipeline.environment.deadlines;
  }

  /** The headers of every request. */
  get headers(): HeaderMap {
    return this.pipeline.headers;
  }

  /** The number of the next call. */
  nextId(): number {
    return ++this.#latest.id;
  }

  get firstCall(): Call | undefined {
    return this.#calls.head;
  }

  lanesMet(): Iterable<Lane> {
    return this.lanes.values();
  }

  /**
   * Yields the attempts in flight, also those of extensions. It leaves out attempts without headers that may be waiting for
   * something other than their origin, or that another mirror replaces (see `Attempt.isWatched`).
   */
  *attempts(): Generator<AttemptUnderWay, void> {
    for (let call = this.#calls.head; call !== undefined; call = call.next) {
      const { pending } = call;
      if (pending === this.straight) yield this.straight.underWay(call);
      else if (pending instanceof Attempt && (pending.isWatched || pending.hasHeaders)) yield pending;
    }
    for (const { owner } of this.lifetime.extensions) yield* owner.attempts();
  }

  /**
   * Begins a call, which {@linkcode Dispatcher.launch} starts.
   *
   * @throws {TypeError} If the URL is malformed. Also throws the reason of an aborted signal, or of the closing.
   */
  begin(context: CallContext, request: PreparedRequest, sink: CallSink): Call {
    const call = new Call(context, request, sink);
    this.#direct(call, request);
    return this.#register(call);
  }

  /**
   * Begins a call for a bare URL whose lane is known; see {@linkcode Dispatcher.begin}.
   *
   * @returns The call; `undefined` for a URL that must be parsed first, or that gets a query or a body from the options.
   */
  tryBegin(context: CallContext, url: string, sink: CallSink): Call | undefined {
    const lane = this.lanes.find(url);
    if (lane === undefined || context.additions !== undefined) return undefined;
    const call = new Call(context, url, sink);
    call.lane = lane;
    call.sentUrl = url;
    return this.#register(call);
  }

  #register(call: Call): Call {
    // Do this first: the caller's function may close the client, or abort the call or its batch.
    if (this.pipeline.limitKey !== undefined) call.limitKey = this.#limitKeyOf(call, this.pipeline.limitKey);
    const { context: { signals, allowance }, settings: { totalTimeoutMs } } = call;
    let stopped = this.lifetime.closing ?? allowance?.stopped;
    if (signals.length > 0) stopped ??= signals.find(({ aborted }) => aborted);
    if (stopped !== undefined) {
      call.cancel(stopped.reason);
      throw stopped.reason;
    }
    call.startedAtMs = this.#clock.now();
    call.id = ++this.#latest.id;
    call.isListed = true;
    this.#calls.push(call);
    this.#tally.requests++;
    if (signals.length > 0) { for (const signal of signals) addAbortListener(signal, call); }
    if (totalTimeoutMs !== Infinity) {
      call.deadline = this.pipeline.environment.deadlines.add(call, call.timeLeftMs);
    }
    return call;
  }

  /** Asks the caller's function for the limit key of a call. */
  #limitKeyOf(call: Call, limitKey: NonNullable<Pipeline["limitKey"]>): string | undefined {
    const { prepared, context, sentUrl, url } = call;
    const key: unknown = limitKey({
      url: sentUrl === "" ? url : sentUrl,
      method: prepared?.method ?? "GET",
      headers: mergeHeaders(this.headers, prepared?.headers ?? context.headers),
    });
    if (key === undefined || typeof key === "string") return key;
    throw new TypeError(
      `Cannot fetch as 'limitKey' must give a string or undefined: received ${describeKind(key)}`,
    );
  }

  /** Finds the lane and the URL of a call. With several mirrors it sets neither, because each mirror has its own. */
  #direct(call: Call, prepared: PreparedRequest): void {
    const { lanes, mirrors } = this.pipeline;
    if (prepared.absolute || mirrors.length === 0) {
      call.lane = lanes.get(prepared.origin ?? lanes.origins.originOf(call.url));
      call.sentUrl = call.url;
    } else if (mirrors.length === 1) {
      call.lane = mirrors[0]!.lane;
      call.sentUrl = urlAt(mirrors[0]!, call.url);
    }
  }

  /**
   * Starts a call: on the straight way if it is plain, otherwise on the general way.
   *
   * @returns The call if it was admitted at once; then the code that launched it must run it.
   */
  launch(call: Call): Runnable | undefined {
    if (this.#hub.active) reportQueued(this.#hub, call);
    // A listener that heard of the call may have aborted it.
    if (call.settled) return undefined;
    const { prepared, context } = call;
    if (!context.streams && (prepared === undefined || isPlainGet(prepared))) {
      const leader = this.#flights.enter(call);
      if (leader !== undefined) return this.#join(call, leader);
    }
    const isPlain = prepared === undefined ||
      (prepared.headers === context.headers && isPlainGet(prepared)) || this.#goesAsItIs(prepared);
    // With hedging, calls whose bodies stream go the general way, as do all calls until the code of hedging is there.
    const isHedged = this.#hedging !== undefined && (context.streams || this.#hedging.isAwaited);
    if (
      !isPlain || isHedged || this.#hub.active || call.lane === undefined ||
      context.straightHeaders === undefined
    ) {
      this.follow(call);
      return undefined;
    }
    const ticket = this.scheduler.tryEnter(call.lane, call.startedAtMs);
    if (ticket === -1) return this.straight.enqueue(call);
    call.ticket = ticket;
    return call;
  }

  /** Whether a request with a method, headers or a body of its own can go the straight way. */
  #goesAsItIs({ init, withheld }: PreparedRequest): boolean {
    return init === undefined && withheld === undefined && this.#hedging === undefined &&
      this.pipeline.environment.runtime.showsRedirects;
  }

  #join(call: Call, leader: Call): undefined {
    join(call, leader);
    this.pipeline.environment.deadlines.rearm?.(call.startedAtMs);
    if (call.priority > leader.priority) {
      leader.priority = call.priority;
      if (leader.pending instanceof Waiter) this.scheduler.raise(leader.pending, call.priority);
    }
    // While the call fell asleep, its batch may have pulled, and the source may have stopped the call.
    if (this.pipeline.environment.timersBelongToRequests && !call.settled) this.#relays.watch(call);
    return undefined;
  }

  /** Sends a call on its own whose leader does not end. */
  readonly #goAlone = (call: Call): void => {
    const leader = call.leader!;
    this.#flights.remove(leader);
    leave(call, leader);
    // The leader's own caller may have left before: then nothing waits for the leader any more.
    if (leader.flight!.members === 0) leader.cancel(new Error("All callers that wanted it have left"));
    this.follow(call);
  };

  /** Brings a call to its reply on the general way, and answers. Never rejects. */
  async follow(call: Call): Promise<void> {
    let reply: Reply;
    try {
      reply = await this.pipeline.handle(call);
    } catch (error) {
      return this.fail(call, error);
    }
    this.deliver(call, reply);
  }

  /** Answers all callers that wait for a call with its reply. */
  deliver(call: Call, reply: Reply): void {
    this.#leaveFlights(call, reply);
    const followers = call.flight?.followers.filter((follower) => !follower.settled) ?? [];
    // A caller that was answered already does not read the body any more.
    if (call.settled && followers.length === 0) reply.openBody?.discard();
    if (!call.settled) this.#conclude(call, reply);
    for (const follower of followers) {
      this.#relays.tell(follower, () => this.#conclude(follower, sharedReply(follower, call, reply)));
    }
    this.scheduler.round.dispatch();
  }

  /** Answers all callers that wait for a call with an error. */
  fail(call: Call, error: unknown): void {
    this.#leaveFlights(call);
    this.settle(call, false, error);
    for (const follower of call.flight?.followers ?? []) {
      follower.attempts = call.attempts;
      this.#relays.tell(follower, () => this.settle(follower, false, error));
    }
    this.scheduler.round.dispatch();
  }

  #conclude(call: Call, reply: Reply): void {
    try {
      const value = conclude(call, reply, this.pipeline.environment.deadlines);
      if (!(value instanceof Promise)) return this.settle(call, true, value);
      value.then(
        (settled: unknown) => this.settle(call, true, settled),
        (error: unknown) => this.settle(call, false, error),
      );
    } catch (error) {
      this.settle(call, false, error);
    }
  }

  /** Ends the joining of a call. If the call may have changed its resource, later calls do not join other earlier calls for it either. */
  #leaveFlights(call: Call, reply?: Reply): void {
    call.hasEnded = true;
    this.#flights.remove(call);
    if (call.settled) this.#forget(call);
    if (call.prepared !== undefined && !isSafeMethod(call.prepared.method)) {
      this.noteChange(call, reply?.url);
    }
  }

  /**
   * Notes that a call may have changed its resource: later calls do not join earlier ones for it. The same applies to the URLs
   * to which the call was redirected, as far as they are known.
   */
  noteChange(call: Call, answeredUrl = ""): void {
    if (this.#flights.size === 0) return;
    const places = this.placesOf(call);
    const all = answeredUrl === "" ? places : [...places, withoutFragment(answeredUrl)];
    this.#flights.forget(all, this.#latest.id);
  }

  placesOf({ request: { url, absolute }, redirectedTo }: Call): readonly string[] {
    const { mirrors } = this.pipeline;
    const own = namesOf(mirrors, url, absolute);
    if (redirectedTo === undefined) return own;
    return [...own, ...redirectedTo.flatMap((to) => namesOf(mirrors, to.url, true))];
  }

  settle(call: Call, ok: boolean, value: unknown, nowMs: number = this.#clock.now()): void {
    if (call.settled) return;
    call.settled = true;
    // Read this now: if the work goes on for other callers and wakes up, the batch of this settled call does not hear of it.
    const { isAsleep } = call;
    if (call.leader !== undefined) {
      call.pending?.cancel(undefined, call);
      this.#relays.forget(call);
      if (ok) this.pipeline.environment.counters.shared++;
    }
    if (ok && call.isInTable) this.#flights.remove(call);
    // A call whose body streams stays listed, so that the body can still be aborted; so does a call that goes on for other
    // callers.
    const goesOn = !ok && !call.hasEnded && call.flight !== undefined && call.flight.members > 1;
    if (call.isListed && !goesOn && (!ok || !call.context.streams || !call.isInFlight)) {
      if (call.context.signals.length === 0 && call.deadline === undefined) {
        call.isListed = false;
        this.#calls.remove(call);
      } else {
        this.#forget(call);
      }
    }
    const durationMs = call.durationMs = nowMs - call.startedAtMs;
    const tally = this.#tally;
    if (ok) tally.succeeded++;
    else tally.failed++;
    tally.durations.record(durationMs);
    if (this.#hub.active) {
      reportSettled(this.#hub, call, nowMs, ok ? { ok, from: call.from } : { ok, error: value });
    }
    // Only now, after the listeners: one of them may have closed the client, and the batch must not end without this outcome.
    const { allowance } = call.context;
    if (allowance !== undefined) {
      if (isAsleep) allowance.asleep--;
      else allowance.active--;
    }
    const { sink } = call;
    // Drop the sink, which refers to the response: an unread body ends when the runtime collects its response.
    if (call.context.streams) call.sink = NO_CALLER;
    sink.onSettled(call, ok, value);
    // Do this last: it may refuse the call for its other callers, and a batch may end with the last of them.
    if (goesOn && call.pending instanceof Waiter) this.scheduler.reconsider(call.pending);
  }

  onCancel(call: Call): void {
    // The server may carry out the request all the same, and the caller may read at once what it has changed.
    const { prepared, attempts } = call;
    if (prepared !== undefined && attempts > 0 && !isSafeMethod(prepared.method)) this.noteChange(call);
    // No other call may join this one any more. On the straight way, no later step would remove it.
    this.#flights.remove(call);
    if (call.settled) this.#forget(call);
  }

  onBodyEnd(call: Call): void {
    if (call.settled && call.streams) this.#forget(call);
  }

  #forget(call: Call): void {
    if (!call.isListed) return;
    call.isListed = false;
    this.#calls.remove(call);
    const { signals } = call.context;
    if (signals.length > 0) { for (const signal of signals) removeAbortListener(signal, call); }
    if (call.deadline !== undefined) this.pipeline.environment.deadlines.remove(call.deadline);
  }

  /** Returns a copy of all numbers. */
  stats(): ClientStats {
    let queued = 0;
    for (let call = this.#calls.head; call !== undefined; call = call.next) {
      if (!call.settled && !call.isInFlight) queued++;
    }
    return this.#tally.snapshot(this.pipeline, queued);
  }

  /** Aborts the calls of one batch. */
  abortAll(allowance: CallContext["allowance"], abort: (call: Call) => void): void {
    this.scheduler.round.hold(() => {
      for (let call = this.#calls.head; call !== undefined;) {
        const { next } = call;
        if (call.context.allowance === allowance) abort(call);
        // The abort may have removed the next call from the list: then begin again.
        call = next === undefined || next.isListed ? next : this.#calls.head;
      }
    });
  }

  abortCalls(reason: unknown): void {
    for (let call = this.#calls.head; call !== undefined; call = this.#calls.head) {
      this.#forget(call);
      // The call's own signal may have closed the client, before telling the call: then the signal's reason counts.
      const own = call.context.signals.find(({ aborted }) => aborted);
      call.abort(own === undefined ? reason : own.reason);
    }
  }
}

/** Whether other calls may share the response to a request. */
function isPlainGet({ method, init, withheld }: PreparedRequest): boolean {
  return method === "GET" && init === undefined && withheld === undefined;
}
