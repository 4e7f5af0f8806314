/**
 * Sends calls on their way, and answers their callers: each exactly once.
 *
 * @module
 */

import type { PreparedRequest } from "../http/request.ts";
import { OriginIndex, redactUrl } from "../http/url.ts";
import { Call, type CallOwner, type CallSink, type Settings } from "../policies/call.ts";
import type { ValueSource } from "../policies/event.ts";
import type { Origin } from "../policies/origin.ts";
import type { Station } from "../policies/policy.ts";
import { type AbortTarget, addAbortListener, removeAbortListener } from "../primitives/abort_listeners.ts";
import type { Clock } from "../primitives/clock.ts";
import { LinkedQueue } from "../primitives/linked_queue.ts";
import { conclude } from "./conclusion.ts";
import type { EventHub } from "./events.ts";
import type { ClientOptions } from "./options.ts";
import { buildStations, type Stations } from "./stations.ts";
import { type ClientStats, Tally } from "./stats.ts";

/** A request that is ready to go, and who waits for it. */
export interface CallRequest {
  readonly request: PreparedRequest;
  readonly settings: Settings;
  readonly signals: readonly AbortSignal[];
  /** Whether the caller gets the response itself, its body unread. */
  readonly streams: boolean;
  readonly sink: CallSink;
}

/** How a call ended. */
type Ending = { readonly ok: true; readonly from: ValueSource } | {
  readonly ok: false;
  readonly error: unknown;
};

/** How long a closing client waits for calls that nobody waits for, in milliseconds. */
const GRACE_MS = 5_000;

const NO_SIGNALS: readonly AbortSignal[] = [];
const NOBODY: CallSink = { onSettled() {} };

/** What a client does, without what it looks like. */
export class Dispatcher implements CallOwner, AbortTarget {
  readonly #clock: Clock;
  readonly #hub: EventHub;
  readonly #stations: Stations;
  readonly #signal: AbortSignal | undefined;
  /** The origins that requests have led to. */
  readonly originIndex: OriginIndex = new OriginIndex();
  readonly #tally = new Tally();
  /** Calls whose callers wait, or read the body of their response. */
  readonly #active = new LinkedQueue<Call>();
  readonly #background = new Set<Promise<unknown>>();
  /** Calls that nobody waits for. */
  readonly #inBackground = new Set<Call>();
  #idle: PromiseWithResolvers<void> | undefined;
  #lastId = 0;
  #closed: { readonly reason: unknown } | undefined;

  /** Builds the stations. */
  constructor(options: ClientOptions, clock: Clock, hub: EventHub) {
    this.#clock = clock;
    this.#hub = hub;
    this.#stations = buildStations(options, clock, hub, {
      inBackground: (work) => this.#keepInBackground(work),
      startInBackground: (original, station) => {
        if (this.#closed === undefined) this.#keepInBackground(this.#runInBackground(original, station));
      },
      onAttemptEnd: () => this.#endIfIdle(),
    });
    this.#signal = options.signal;
    if (this.#signal?.aborted) this.#closed = { reason: this.#signal.reason };
    else if (this.#signal !== undefined) addAbortListener(this.#signal, this);
  }

  /** What the client was closed with, once it was. */
  get closing(): { readonly reason: unknown } | undefined {
    return this.#closed;
  }

  /** How many attempts may be under way at once. */
  get concurrency(): number {
    return this.#stations.semaphore.capacity;
  }

  /**
   * Sends a call on its way. Its sink is told how it ended, never before this returns.
   *
   * @throws {TypeError} If the URL is malformed; also the reason of a signal that has been aborted, or of the closing.
   */
  start({ request, settings, signals, streams, sink }: CallRequest): Call {
    if (this.#closed !== undefined) throw this.#closed.reason;
    for (const signal of signals) signal.throwIfAborted();
    const origin = this.#originOf(request);
    const startedAtMs = this.#clock.now();
    const id = ++this.#lastId;
    const call = new Call({
      id,
      owner: this,
      sink,
      request,
      origin,
      settings,
      signals,
      streams,
      startedAtMs,
    });
    this.#active.push(call);
    this.#tally.requests++;
    for (const signal of signals) addAbortListener(signal, call);
    if (settings.totalTimeoutMs !== Infinity) {
      call.deadlineAtMs = startedAtMs + settings.totalTimeoutMs;
      call.deadline = this.#stations.environment.deadlines.add(call, settings.totalTimeoutMs);
    }
    this.#reportQueued(call);
    this.#follow(call);
    call.isFresh = false;
    return call;
  }

  /** The origin of an absolute URL; a relative one has as many as there are mirrors. */
  #originOf(request: PreparedRequest): Origin | undefined {
    if (!request.absolute && this.#stations.hasMirrors) return undefined;
    return this.#stations.origins.get(request.origin ?? this.originIndex.originOf(request.url));
  }

  /** Waits for the reply, and answers. Never rejects. */
  async #follow(call: Call): Promise<void> {
    try {
      const reply = await this.#stations.enter(call);
      call.endFlight();
      // Who has been answered does not read the body any more.
      if (call.settled) return reply.openBody?.discard();
      const value = conclude(call, reply);
      this.settle(call, true, value instanceof Promise ? await value : value);
    } catch (error) {
      call.endFlight();
      this.settle(call, false, error);
    }
  }

  settle(call: Call, ok: boolean, value: unknown): void {
    if (call.settled) return;
    call.settled = true;
    // A body that streams can still be aborted.
    if (!ok || !call.streams || call.attempt === undefined) this.#forget(call);
    const atMs = this.#clock.now();
    call.durationMs = atMs - call.startedAtMs;
    this.#tally.settled(ok, call.durationMs);
    if (this.#hub.active) {
      this.#reportSettled(call, atMs, ok ? { ok, from: call.from } : { ok, error: value });
    }
    call.sink.onSettled(call, ok, value);
  }

  onBodyEnd(call: Call): void {
    if (call.settled && call.streams) this.#forget(call);
  }

  #forget(call: Call): void {
    if (call.forgotten) return;
    call.forgotten = true;
    this.#active.remove(call);
    for (const signal of call.signals) removeAbortListener(signal, call);
    if (call.deadline !== undefined) this.#stations.environment.deadlines.remove(call.deadline);
  }

  /** Brings a call to its end that nobody waits for. Never rejects. */
  async #runInBackground({ request, origin, settings }: Call, station: Station): Promise<void> {
    const call = new Call({
      id: ++this.#lastId,
      owner: this,
      sink: NOBODY,
      request,
      origin,
      // Whoever asks next tries again.
      settings: { ...settings, maxRetries: 0 },
      signals: NO_SIGNALS,
      streams: false,
      startedAtMs: this.#clock.now(),
      isBackground: true,
    });
    this.#inBackground.add(call);
    call.isFresh = false;
    this.#reportQueued(call);
    try {
      const reply = await station(call);
      reply.openBody?.discard();
      this.#reportSettled(call, this.#clock.now(), { ok: true, from: reply.from });
    } catch (error) {
      // Nobody waits for it, but whoever listens is told.
      this.#reportSettled(call, this.#clock.now(), { ok: false, error });
    } finally {
      call.settled = true;
      this.#inBackground.delete(call);
    }
  }

  #reportQueued({ id, request: { method, url }, startedAtMs }: Call): void {
    if (!this.#hub.active) return;
    this.#hub.emit({ type: "queued", requestId: id, atMs: startedAtMs, method, url: redactUrl(url) });
  }

  #reportSettled({ id, attempts, startedAtMs }: Call, atMs: number, ending: Ending): void {
    if (!this.#hub.active) return;
    const durationMs = atMs - startedAtMs;
    this.#hub.emit({ type: "settled", requestId: id, atMs, attempts, durationMs, ...ending });
  }

  /** A copy of all numbers. */
  stats(): ClientStats {
    return this.#tally.snapshot(this.#stations, this.#active.size);
  }

  /** Aborts what is under way, and refuses everything from now on; only the first reason counts. Ends when all has ended. */
  async close(reason: unknown): Promise<void> {
    if (this.#closed === undefined) {
      this.#closed = { reason };
      if (this.#signal !== undefined) removeAbortListener(this.#signal, this);
      for (let call = this.#active.peek(); call !== undefined; call = this.#active.peek()) {
        this.#forget(call);
        call.abort(reason);
      }
    }
    this.#idle ??= Promise.withResolvers();
    this.#endIfIdle();
    const { deadlines } = this.#stations.environment;
    const { promise: patience, resolve: losePatience } = Promise.withResolvers<void>();
    const onDeadline = () => {
      for (const call of this.#inBackground) call.cancel(reason);
      losePatience();
    };
    const grace = deadlines.add({ onDeadline }, GRACE_MS);
    await this.#idle.promise;
    await Promise.race([patience, this.#backgroundEnd()]);
    deadlines.remove(grace);
  }

  /** What has ended may have left something to be stored. */
  async #backgroundEnd(): Promise<void> {
    while (this.#background.size > 0) await Promise.allSettled(this.#background);
  }

  /** Who closes waits until the last attempt has really ended. */
  #endIfIdle(): void {
    if (this.#closed !== undefined && this.#stations.environment.counters.inFlight === 0) {
      this.#idle?.resolve();
    }
  }

  /** The client's own signal was aborted. */
  onAbort(signal: AbortSignal): void {
    this.close(signal.reason);
  }

  #keepInBackground(work: Promise<unknown>): void {
    this.#background.add(work);
    const forget = () => this.#background.delete(work);
    work.then(forget, forget);
  }
}
