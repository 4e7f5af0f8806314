/**
 * Many requests: pulled from their source one by one, as many in flight as allowed, and each with its outcome.
 *
 * @module
 */

import { TimeoutError } from "../errors.ts";
import { Allowance } from "../lanes/allowance.ts";
import type { Claimant, Runnable } from "../lanes/claimant.ts";
import type { Call, CallContext } from "../policies/call.ts";
import type { ClosingTarget } from "../policies/opener.ts";
import { type AbortTarget, addAbortListener, removeAbortListener } from "../primitives/abort_listeners.ts";
import type { Deadline, DeadlineTarget } from "../primitives/deadline_queue.ts";
import { type Deferred, deferredAcrossRequests } from "../primitives/deferred.ts";
import type { BatchRun, BatchSink } from "./batch_run.ts";
import { outcomeOf, refusal } from "./outcome.ts";
import type { FetchRequest } from "./request.ts";
import { END, SourceReader, type SourceResult } from "./source_reader.ts";

/** How long a batch may get outcomes without sending anything before the event loop gets a turn, in milliseconds. */
const BUSY_MS = 50;

/**
 * Pulls requests from a source, and starts them. It takes turns with others at the client's permits, and pulls a request when it
 * has got a permit, so that it never holds requests that can't start. A request that has to wait makes room for the next one.
 */
export class Batch implements AbortTarget, BatchSink, Claimant, ClosingTarget, DeadlineTarget {
  previous: Claimant | undefined = undefined;
  next: Claimant | undefined = undefined;
  isClaiming = false;
  /** A batch holds no permits: its lanes do. */
  readonly permits = undefined;
  readonly claimPriority: number;
  /** Counts the requests in flight and asleep. */
  readonly allowance: Allowance;
  /** What the requests of the batch have in common. */
  readonly context: CallContext;
  readonly #run: BatchRun;
  readonly #source: SourceReader;
  #nextIndex = 0;
  /** Whether the source is being asked: its code may call back into the batch. */
  #pulling = false;
  #isPullingAhead = false;
  /** Tells a batch that pulls ahead that there is room; see `#awaitRoom()`. */
  #room: Deferred<void> | undefined;
  /** The request, or the end, that the source has given before there was room for it. */
  #pulled: SourceResult | undefined;
  #exhausted = false;
  #deadline: Deadline | undefined;
  /** Since when every outcome has come without an attempt, and maybe without a turn of the event loop; on the client's clock. */
  #busySinceMs: number | undefined;
  /** The timer that ends a rest, during which the batch pulls nothing. */
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
    this.#run.scheduler.round.join(this);
    this.#run.scheduler.round.dispatch();
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
   * Whether one more request may start although the window is full, while others sleep. The consumer waits for the outcome of a
   * sleeping request, so it must hold the later outcomes: they count against `maxWaiting`, together with the sleeping requests.
   */
  #maySetAside(): boolean {
    const { active, asleep } = this.allowance;
    const { maxWaiting, window, consumer } = this.#run;
    return consumer.awaitsEarlier && active + asleep + consumer.held < window + maxWaiting;
  }

  /** Looks for room after a request in flight has ended or fallen asleep. */
  #onRoom(): void {
    const { scheduler, pullsAhead } = this.#run;
    const mayPull = this.#source.isOpen && this.#hasRoom();
    // Join first, so that requests to a silent origin see that the batch wants their place.
    if (mayPull && !pullsAhead) scheduler.round.join(this);
    if (this.allowance.hasRefused) scheduler.makeRoom(this.allowance);
    if (!mayPull) return;
    if (pullsAhead) return this.#room?.resolve();
    scheduler.round.dispatch();
  }

  /**
   * Pulls when there is room again. In a worker, code of another incoming request may find that out, and its timers and sockets
   * must not become those of this batch. Code after a promise runs in the incoming request that made the promise.
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
    const { signal, closings, scheduler, timeoutMs, deadlines } = this.#run;
    if (signal?.aborted) {
      this.stop(signal.reason);
      return false;
    }
    if (closings.closing !== undefined) {
      this.#fail(closings.closing.reason);
      this.#endIfDone();
      return false;
    }
    // Do this before opening the source, whose code may end the batch.
    if (signal !== undefined) addAbortListener(signal, this);
    closings.add(this);
    if (this.#run.pullsAhead) this.#awaitRoom();
    this.allowance.beganAtMs = scheduler.now();
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
    if (!this.#hasRoom() || this.#run.signal?.aborted) {
      this.#run.scheduler.round.quit(this);
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

  /** Ends the batch, because the source threw when it was asked. */
  #breakOff(error: unknown): undefined {
    this.#pulling = false;
    this.#fail(error);
    this.#endIfDone();
  }

  #await(result: Promise<SourceResult>): undefined {
    this.#run.scheduler.round.quit(this);
    result.then((pulled) => {
      this.#pulling = false;
      // There may be no room for it any more: requests that have slept go on first.
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
    this.#run.scheduler.round.quit(this);
  }

  /** Ends the batch with an error, once the requests that have started have their outcomes. */
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
    // Code that ran while the request began may have closed the client.
    this.#endIfDone();
  }

  /** Takes the result of a request of this batch. */
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

  /**
   * Rests when it is time: while one answer from memory, or one refusal, follows another, the program hears of no timer, socket
   * or abort.
   */
  #restIfDue(nowMs: number): void {
    const sinceMs = this.#busySinceMs ??= nowMs;
    const { scheduler, deadlines, pullsAhead } = this.#run;
    // In a worker, the clock stands still between two turns of the event loop.
    if (
      nowMs - sinceMs < BUSY_MS || this.#rest !== undefined || this.#exhausted || this.#ended || pullsAhead
    ) {
      return;
    }
    scheduler.round.quit(this);
    const onDeadline = (): void => {
      this.#rest = undefined;
      this.#busySinceMs = undefined;
      this.pump();
    };
    this.#rest = deadlines.add({ onDeadline }, 0, nowMs);
  }

  /**
   * Asks the source ahead while others have the permits: otherwise the batch would learn that the source is at its end only when
   * they give a permit back.
   */
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
    // The batch may have left the round meanwhile, because of the source's own code.
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
    const { signal, scheduler, closings, deadlines } = this.#run;
    scheduler.round.quit(this);
    closings.delete(this);
    if (this.#deadline !== undefined) deadlines.remove(this.#deadline);
    if (this.#rest !== undefined) deadlines.remove(this.#rest);
    if (signal !== undefined) removeAbortListener(signal, this);
  }

  /** Handles the closing of the client: requests that have started get their outcomes, and no further one starts. */
  onClose(reason: unknown): void {
    const { signal } = this.#run;
    // The batch's own signal has aborted as well, and is about to say so.
    if (signal?.aborted) return this.stop(signal.reason);
    if (this.#exhausted) return;
    const { list } = this.#source;
    // If all requests of an array have started, the batch is whole, although it had no room yet to find that out.
    if (list !== undefined && this.#nextIndex >= list.length) this.#exhaust();
    else {
      this.#fail(reason);
      this.#source.closeUnheard();
    }
    this.#endIfDone();
  }

  get isTimeout(): boolean {
    return true;
  }

  /**
   * Ends a batch that has taken too long. Its requests in flight fail; so do the requests of an array that have not started. A
   * batch of another source ends with the error.
   */
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
      // Do this first, because the batch ends with the last request in flight.
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

  /** Stops the batch, because its signal has aborted. */
  onAbort(signal: AbortSignal): void {
    this.stop(signal.reason);
  }

  /** Ends the batch with an error: see {@linkcode Batch.cancel}. */
  stop(reason: unknown): void {
    if (this.#ended) return;
    // Do not wait until the source is closed: a caller that aborts is answered at once.
    this.cancel(reason).catch(() => {});
    this.#run.consumer.onStop(reason);
  }

  /**
   * Aborts the requests in flight, pulls nothing more, and closes the source.
   *
   * @param reason The reason of the abort.
   * @returns Resolves when the source is closed, or at once while it is being asked. Rejects with an error that the source throws
   * when it is closed.
   */
  async cancel(reason: unknown): Promise<void> {
    if (this.#ended) return;
    this.#finish();
    this.allowance.stopped = { reason };
    this.#run.starter.abortAll(this.allowance, (call) => call.abort(reason));
    if (this.#exhausted) return;
    // A stalled source would close only after it has given its next request, which the batch does not want.
    if (this.#pulling) this.#source.closeUnheard();
    else await this.#source.close();
  }
}
