/**
 * Many requests: pulled from their source one by one, as many in flight as allowed, and each with its outcome.
 *
 * @module
 */

import { TimeoutError } from "../errors.ts";
import { Allowance } from "../lanes/allowance.ts";
import type { Claimant, Runnable } from "../lanes/claimant.ts";
import type { Call, CallContext } from "../policies/call.ts";
import { type AbortTarget, addAbortListener, removeAbortListener } from "../primitives/abort_listeners.ts";
import type { Deadline, DeadlineTarget } from "../primitives/deadline_queue.ts";
import { type Deferred, deferredAcrossRequests } from "../primitives/deferred.ts";
import type { BatchRun, BatchSink } from "./batch_run.ts";
import type { Closable } from "./dispatcher.ts";
import { outcomeOf, refusal } from "./outcome.ts";
import type { FetchRequest } from "./request.ts";
import { END, SourceReader, type SourceResult } from "./source_reader.ts";

/** For how long a batch may get answers for which nothing was sent before the event loop gets a turn, in milliseconds. */
const BUSY_MS = 50;

/**
 * Pulls requests and starts them. It takes its turn at the client's permits, and pulls when it has got one, so that nothing is
 * held of what was not pulled. What has to wait makes room for the next.
 */
export class Batch implements AbortTarget, BatchSink, Claimant, Closable, DeadlineTarget {
  previous: Claimant | undefined = undefined;
  next: Claimant | undefined = undefined;
  isClaiming = false;
  /** A batch holds no permits: its lanes do. */
  readonly permits = undefined;
  readonly claimPriority: number;
  /** What it has in flight, and asleep. */
  readonly allowance: Allowance;
  /** What its requests have in common. */
  readonly context: CallContext;
  readonly #run: BatchRun;
  readonly #source: SourceReader;
  #nextIndex = 0;
  /** Whether the source is being asked: it may be entered again by what it does. */
  #pulling = false;
  #isPullingAhead = false;
  /** Tells a batch that pulls ahead that there is room; see `#awaitRoom()`. */
  #room: Deferred<void> | undefined;
  /** What the source has given before there was room for it. */
  #pulled: SourceResult | undefined;
  #exhausted = false;
  #deadline: Deadline | undefined;
  /** Since when nothing was sent for any answer, which may need no turn of the event loop; on the client's clock. */
  #busySinceMs: number | undefined;
  /** The end of a rest, in which nothing is pulled. */
  #rest: Deadline | undefined;
  #failure: { readonly reason: unknown } | undefined;
  #ended = false;

  /**
   * Creates a batch; nothing starts before {@linkcode Batch.pump}.
   *
   * @throws {TypeError} If the source can't be iterated over.
   */
  constructor(run: BatchRun) {
    this.#run = run;
    this.#source = new SourceReader(run.source);
    this.claimPriority = run.priority;
    this.allowance = new Allowance(run.concurrency, run.maxWaiting, () => this.#onRoom());
    this.allowance.signal = run.signal;
    this.context = run.contextOf(this.allowance);
  }

  /** Starts as many requests as there is room for. */
  pump(): void {
    if (this.isClaiming || this.#ended || this.#pulling) return;
    if (!this.#source.isOpen && !this.#begin()) return;
    if (!this.#hasRoom()) return;
    if (this.#run.pullsAhead) return this.#pullAhead();
    this.#run.scheduler.join(this);
    this.#run.scheduler.dispatch();
  }

  #pullAhead(): void {
    if (this.#isPullingAhead) return;
    this.#isPullingAhead = true;
    while (this.#hasRoom() && this.allowance.asleep < this.#run.concurrency) this.claim()?.run();
    this.#isPullingAhead = false;
  }

  #hasRoom(): boolean {
    const { allowance } = this;
    const { maxWaiting, window, consumer } = this.#run;
    return !this.#exhausted && !this.#ended && !this.#pulling && this.#rest === undefined &&
      allowance.active < allowance.concurrency &&
      (allowance.asleep < maxWaiting || allowance.asleep === 0) &&
      (allowance.active + consumer.held < window || (allowance.asleep > 0 && this.#maySetAside()));
  }

  /**
   * Whether one more may come before its turn than the window has room for, where some sleep. The consumer takes all that it can, while earlier ones
   * sleep: what must wait for these counts as they do.
   */
  #maySetAside(): boolean {
    const { active, asleep } = this.allowance;
    const { maxWaiting, window, consumer } = this.#run;
    return consumer.awaitsEarlier && active + asleep + consumer.held < window + maxWaiting;
  }

  /** One that was in flight waits now. */
  #onRoom(): void {
    const { scheduler, pullsAhead } = this.#run;
    const mayPull = this.#source.isOpen && this.#hasRoom();
    // First of all, so that requests that wait for a silent origin know that it wants the place.
    if (mayPull && !pullsAhead) scheduler.join(this);
    if (this.allowance.hasRefused) scheduler.makeRoom(this.allowance);
    if (!mayPull) return;
    if (pullsAhead) return this.#room?.resolve();
    scheduler.dispatch();
  }

  /**
   * Pulls when there is room again. That may become known in another incoming request, whose timers and sockets must not be those of
   * this batch: what runs after a promise does so in the request that has made the promise.
   */
  #awaitRoom(): void {
    this.#room = deferredAcrossRequests();
    this.#room.promise.then(() => {
      if (this.#ended) return;
      this.#awaitRoom();
      this.pump();
    });
  }

  #begin(): boolean {
    const { signal, starter, timeoutMs, deadlines } = this.#run;
    if (signal?.aborted) {
      this.stop(signal.reason);
      return false;
    }
    if (starter.closing !== undefined) {
      this.#fail(starter.closing.reason);
      this.#endIfDone();
      return false;
    }
    // First of all, for what opens the source may end the batch.
    if (signal !== undefined) addAbortListener(signal, this);
    starter.add(this);
    if (this.#run.pullsAhead) this.#awaitRoom();
    this.allowance.beganAtMs = starter.now();
    if (timeoutMs !== Infinity) {
      this.#deadline = deadlines.add(this, timeoutMs);
      this.allowance.endsAtMs = this.#deadline.atMs;
    }
    try {
      this.#source.open();
    } catch (error) {
      this.#fail(error);
      this.#endIfDone();
      return false;
    }
    return true;
  }

  claim(): Runnable | undefined {
    const { allowance } = this;
    const { maxWaiting, window, consumer } = this.#run;
    if (
      this.#exhausted || this.#ended || this.#pulling || this.#rest !== undefined ||
      allowance.active >= allowance.concurrency ||
      (allowance.asleep >= maxWaiting && allowance.asleep > 0) ||
      (allowance.active + consumer.held >= window && !(allowance.asleep > 0 && this.#maySetAside())) ||
      this.#run.signal?.aborted
    ) {
      this.#run.scheduler.quit(this);
      return undefined;
    }
    if (this.#pulled !== undefined) return this.#takePulled();
    this.#pulling = true;
    let result: SourceResult | Promise<SourceResult>;
    try {
      const { list } = this.#source;
      if (list === undefined) result = this.#source.ask();
      else if (this.#nextIndex < list.length) result = { done: false, value: list[this.#nextIndex]! };
      else result = END;
    } catch (error) {
      return this.#breakOff(error);
    }
    if (result instanceof Promise) return this.#await(result);
    this.#pulling = false;
    return result.done || this.#ended || this.#exhausted ? this.#take(result) : this.#start(result.value);
  }

  /** The source has thrown when it was asked. */
  #breakOff(error: unknown): undefined {
    this.#pulling = false;
    this.#fail(error);
    this.#endIfDone();
  }

  #await(result: Promise<SourceResult>): undefined {
    this.#run.scheduler.quit(this);
    result.then((pulled) => {
      this.#pulling = false;
      // There may be no room any more: requests that have slept go on first.
      if (pulled.done || this.#ended || this.#exhausted) this.#take(pulled);
      else this.#pulled = pulled;
    }).catch((error) => {
      this.#pulling = false;
      this.#fail(error);
      this.#endIfDone();
    }).then(() => this.pump());
  }

  #takePulled(): Runnable | undefined {
    const pulled = this.#pulled!;
    this.#pulled = undefined;
    return this.#take(pulled);
  }

  #take(result: SourceResult): Runnable | undefined {
    if (this.#ended || this.#exhausted) return undefined;
    if (!result.done) return this.#start(result.value);
    this.#exhaust();
    this.#endIfDone();
    return undefined;
  }

  #exhaust(): void {
    this.#exhausted = true;
    this.allowance.hasMore = false;
    this.#run.scheduler.quit(this);
  }

  /** What the source throws ends the batch, but loses nothing that has started. */
  #fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#exhaust();
  }

  #start(request: FetchRequest): Runnable | undefined {
    const { starter, begin } = this.#run;
    const index = this.#nextIndex++;
    this.allowance.active++;
    let call: Call | undefined;
    try {
      if (typeof request === "string") call = starter.tryBegin(this.context, request, this);
      call ??= begin(request, this);
    } catch (error) {
      return this.#refuse(request, index, error);
    }
    call.index = index;
    call.given = request;
    return starter.launch(call);
  }

  #refuse(request: FetchRequest, index: number, error: unknown): undefined {
    this.allowance.active--;
    if (this.#ended) return;
    const { consumer, scheduler } = this.#run;
    consumer.onOutcome(refusal(request, index, error), error);
    this.#restIfDue(scheduler.now());
    // What has begun it may have closed the client.
    this.#endIfDone();
  }

  /** A request of this batch has ended. */
  onSettled(call: Call, ok: boolean, value: unknown): void {
    if (this.#ended) return;
    const outcome = outcomeOf(call, call.index, call.given as FetchRequest, { ok, value });
    this.#run.consumer.onOutcome(outcome, value);
    if (call.attempts > 0) this.#busySinceMs = undefined;
    else this.#restIfDue(call.startedAtMs + call.durationMs);
    const { active, asleep, hasRefused } = this.allowance;
    if (this.isClaiming && !hasRefused) {
      if (active + asleep === 0) queueMicrotask(() => this.#lookAhead());
      return;
    }
    this.#onRoom();
    this.#endIfDone();
  }

  /** Timers, sockets and aborts are not heard of while one answer from memory, or one refusal, follows another. */
  #restIfDue(nowMs: number): void {
    const sinceMs = this.#busySinceMs ??= nowMs;
    const { scheduler, deadlines, pullsAhead } = this.#run;
    // The time of a worker stands still between two turns.
    if (
      nowMs - sinceMs < BUSY_MS || this.#rest !== undefined || this.#exhausted || this.#ended || pullsAhead
    ) {
      return;
    }
    scheduler.quit(this);
    const onDeadline = (): void => {
      this.#rest = undefined;
      this.#busySinceMs = undefined;
      this.pump();
    };
    this.#rest = deadlines.add({ onDeadline }, 0, nowMs);
  }

  /** If the permit has gone to others: whether the batch is over must not be known as late as they give one back. */
  #lookAhead(): void {
    const { active, asleep } = this.allowance;
    if (!this.isClaiming || active + asleep > 0 || this.#pulling || this.#pulled !== undefined) return;
    const { list } = this.#source;
    if (list !== undefined) {
      if (this.#nextIndex >= list.length) this.#take(END);
      return;
    }
    this.#pulling = true;
    let result: SourceResult | Promise<SourceResult>;
    try {
      result = this.#source.ask();
    } catch (error) {
      return this.#breakOff(error);
    }
    if (result instanceof Promise) return this.#await(result);
    this.#pulling = false;
    if (result.done || this.#ended || this.#exhausted) return void this.#take(result);
    this.#pulled = result;
    // It may have left the line meanwhile, by what the source does when it is asked.
    this.pump();
  }

  #endIfDone(): void {
    const { active, asleep } = this.allowance;
    if (!this.#exhausted || active + asleep > 0 || this.#ended) return;
    this.#finish();
    this.#run.consumer.onEnd(this.#failure);
  }

  #finish(): void {
    this.#ended = true;
    const { signal, scheduler, starter, deadlines } = this.#run;
    scheduler.quit(this);
    starter.delete(this);
    if (this.#deadline !== undefined) deadlines.remove(this.#deadline);
    if (this.#rest !== undefined) deadlines.remove(this.#rest);
    if (signal !== undefined) removeAbortListener(signal, this);
  }

  /** The client is closed: what had started has its outcomes, and nothing more is started. */
  onClose(reason: unknown): void {
    const { signal } = this.#run;
    // It was about to be told of that.
    if (signal?.aborted) return this.stop(signal.reason);
    if (this.#exhausted) return;
    this.#fail(reason);
    this.#source.closeUnheard();
    this.#endIfDone();
  }

  /** The batch has taken too long: what is in flight fails, and so does what was not started, as far as it is known how much that is. */
  onDeadline(): void {
    this.#deadline = undefined;
    const { source, timeoutMs, starter } = this.#run;
    const error = new TimeoutError(`The batch took longer than 'batchTimeoutMs': ${timeoutMs}`, {
      kind: "batch",
      timeoutMs,
    });
    const isWhole = this.#exhausted;
    this.#exhaust();
    if (!isWhole) {
      this.#source.closeUnheard();
      // First of all, for the batch ends with the last one that is in flight.
      if (Array.isArray(source)) this.#refuseRest(source, error);
      else this.#failure ??= { reason: error };
    }
    if (!this.#ended) starter.abortAll(this.allowance, (call) => call.onBatchDeadline(timeoutMs));
    this.#endIfDone();
  }

  #refuseRest(source: readonly FetchRequest[], error: unknown): void {
    while (this.#nextIndex < source.length && !this.#ended) {
      const index = this.#nextIndex++;
      this.#run.consumer.onOutcome(refusal(source[index]!, index, error), error);
    }
  }

  /** The signal of the batch was aborted. */
  onAbort(signal: AbortSignal): void {
    this.stop(signal.reason);
  }

  /** Ends the batch with an error: see {@linkcode Batch.cancel}. */
  stop(reason: unknown): void {
    if (this.#ended) return;
    // The source's own end is not waited for: a caller that aborts is answered at once.
    this.cancel(reason).catch(() => {});
    this.#run.consumer.onStop(reason);
  }

  /**
   * Aborts what is in flight, pulls nothing more, and closes the source.
   *
   * @param reason What the requests are aborted with.
   * @returns When the source has been closed, unless it is just being asked; rejects with what it throws at that.
   */
  async cancel(reason: unknown): Promise<void> {
    if (this.#ended) return;
    this.#finish();
    this.allowance.stopped = { reason };
    this.#run.starter.abortAll(this.allowance, (call) => call.abort(reason));
    if (this.#exhausted) return;
    // A source that is stalled would not close before it gives its next request, which is not wanted.
    if (this.#pulling) this.#source.closeUnheard();
    else await this.#source.close();
  }
}
