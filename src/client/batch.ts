/**
 * Many requests: pulled from their source one by one, as many under way as allowed, and each with its outcome.
 *
 * @module
 */

import { SlipstreamError } from "../errors.ts";
import type { Call, CallSink } from "../policies/call.ts";
import { type AbortTarget, addAbortListener, removeAbortListener } from "../primitives/abort_listeners.ts";
import { type LinkedItem, LinkedQueue } from "../primitives/linked_queue.ts";
import type { Outcome } from "./outcome.ts";
import type { FetchRequest, RequestSource } from "./request.ts";

/** Who takes the outcomes of a batch. */
export interface OutcomeConsumer {
  /** How many outcomes it holds that nobody has taken. */
  readonly held: number;
  /** Takes an outcome. */
  onOutcome(outcome: Outcome<unknown>): void;
  /** There will be no further outcome; the source threw, if there is a failure. */
  onEnd(failure: { readonly reason: unknown } | undefined): void;
  /** The batch was aborted: there will be no further outcome, and those held are of no use. */
  onStop(reason: unknown): void;
}

/** What a batch runs on. */
export interface BatchRun {
  readonly source: RequestSource;
  /** How many requests may be under way. */
  readonly concurrency: number;
  /** How many may be under way or held by the consumer. */
  readonly window: number;
  readonly signal: AbortSignal | undefined;
  readonly consumer: OutcomeConsumer;
  /** What the client was closed with, once it was: nothing more is started then. */
  readonly closing?: (() => { readonly reason: unknown } | undefined) | undefined;
  /** Starts a request, or throws what is wrong with it. */
  readonly start: (request: FetchRequest, sink: CallSink) => Call;
}

/**
 * Pulls requests and starts them. At most `concurrency` are under way, and the next one is pulled only when it can start:
 * nothing is held of what was not pulled.
 */
export class Batch implements AbortTarget {
  readonly #run: BatchRun;
  readonly #underWay = new LinkedQueue<BatchItem>();
  #iterator: Iterator<FetchRequest> | AsyncIterator<FetchRequest> | undefined;
  #nextIndex = 0;
  /** Whether the source is being asked: it may be entered again by what it does. */
  #pulling = false;
  #exhausted = false;
  #failure: { readonly reason: unknown } | undefined;
  #ended = false;
  #stopReason: unknown;

  /**
   * Creates a batch; nothing starts before {@linkcode Batch.pump}.
   *
   * @throws {TypeError} If the source can't be iterated over.
   */
  constructor(run: BatchRun) {
    checkSource(run.source);
    this.#run = run;
  }

  /** Starts as many requests as there is room for. */
  pump(): void {
    if (this.#ended || this.#pulling) return;
    if (this.#iterator === undefined && !this.#begin()) return;
    this.#pulling = true;
    while (this.#hasRoom()) {
      if (this.#pull() === "later") return;
    }
    this.#pulling = false;
    this.#endIfDone();
  }

  #hasRoom(): boolean {
    const { concurrency, window, consumer } = this.#run;
    const underWay = this.#underWay.size;
    return !this.#exhausted && !this.#ended && underWay < concurrency && underWay + consumer.held < window;
  }

  #begin(): boolean {
    const { source, signal } = this.#run;
    if (signal?.aborted) {
      this.stop(signal.reason);
      return false;
    }
    try {
      this.#iterator = Symbol.asyncIterator in source
        ? source[Symbol.asyncIterator]()
        : source[Symbol.iterator]();
    } catch (error) {
      this.#fail(error);
      this.#endIfDone();
      return false;
    }
    if (signal !== undefined) addAbortListener(signal, this);
    return true;
  }

  #pull(): "now" | "later" {
    let result: IteratorResult<FetchRequest> | Promise<IteratorResult<FetchRequest>>;
    try {
      result = checkResult(this.#iterator!.next());
    } catch (error) {
      this.#fail(error);
      return "now";
    }
    // A source that has stopped its own batch could not be closed while it was asked.
    if (this.#ended && !("then" in result)) ignoreFailure(() => this.#iterator!.return?.());
    if (!("then" in result)) {
      this.#take(result);
      return "now";
    }
    const resume = (): void => {
      this.#pulling = false;
      this.pump();
    };
    result.then((settled) => this.#take(checkResult(settled) as IteratorResult<FetchRequest>)).catch((
      error,
    ) => this.#fail(error)).then(resume);
    return "later";
  }

  /** A closed client starts nothing more; what had started has its outcomes. */
  #giveUp(reason: unknown): void {
    this.#fail(reason);
    ignoreFailure(() => this.#iterator!.return?.());
  }

  /** What the source throws ends the batch, but loses nothing that has started. */
  #fail(reason: unknown): void {
    this.#exhausted = true;
    this.#failure = { reason };
  }

  #take(result: IteratorResult<FetchRequest>): void {
    if (this.#ended) return;
    const closing = this.#run.closing?.();
    if (result.done) this.#exhausted = true;
    else if (closing !== undefined) this.#giveUp(closing.reason);
    else this.#start(result.value, this.#nextIndex++);
  }

  #start(request: FetchRequest, index: number): void {
    const item = new BatchItem(this, request, index);
    this.#underWay.push(item);
    try {
      item.call = this.#run.start(request, item);
      // Who listens may have stopped the batch as soon as the request was reported.
      if (this.#ended) item.abort(this.#stopReason);
    } catch (error) {
      if (this.#ended) return;
      this.#underWay.remove(item);
      this.#run.consumer.onOutcome({
        ok: false,
        index,
        request,
        error: toError(error),
        attempts: 0,
        durationMs: 0,
      });
    }
  }

  /** A request of this batch has ended. */
  onSettled(item: BatchItem, { from, attempts, durationMs }: Call, ok: boolean, value: unknown): void {
    if (this.#ended) return;
    this.#underWay.remove(item);
    const { index, request } = item;
    this.#run.consumer.onOutcome(
      ok
        ? { ok, index, request, value, from, attempts, durationMs }
        : { ok, index, request, error: toError(value), attempts, durationMs },
    );
    this.pump();
  }

  #endIfDone(): void {
    if (!this.#exhausted || this.#underWay.size > 0 || this.#ended) return;
    this.#finish();
    this.#run.consumer.onEnd(this.#failure);
  }

  #finish(): void {
    this.#ended = true;
    const { signal } = this.#run;
    if (signal !== undefined) removeAbortListener(signal, this);
  }

  /** The signal of the batch was aborted. */
  onAbort(signal: AbortSignal): void {
    this.stop(signal.reason);
  }

  /** Ends the batch with an error: see {@linkcode Batch.cancel}. */
  stop(reason: unknown): void {
    if (this.#ended) return;
    // The source's own end is not waited for: who aborts is answered at once.
    this.cancel(reason).catch(() => {});
    this.#run.consumer.onStop(reason);
  }

  /**
   * Aborts what is under way, pulls nothing more, and closes the source.
   *
   * @param reason What the requests are aborted with.
   * @returns When the source has been closed, unless it is just being asked; rejects with what it throws at that.
   */
  async cancel(reason: unknown): Promise<void> {
    if (this.#ended) return;
    this.#finish();
    this.#stopReason = reason;
    for (let item = this.#underWay.peek(); item !== undefined; item = this.#underWay.peek()) {
      this.#underWay.remove(item);
      item.abort(reason);
    }
    if (this.#exhausted) return;
    // A source that is stalled would not close before it gives its next request, which nobody wants.
    if (this.#pulling) ignoreFailure(() => this.#iterator?.return?.());
    else await this.#iterator?.return?.();
  }
}

/** A request of a batch, from its start to its outcome. */
class BatchItem implements CallSink, LinkedItem<BatchItem> {
  previous: BatchItem | undefined;
  next: BatchItem | undefined;
  call: Call | undefined;
  readonly #batch: Batch;

  constructor(batch: Batch, readonly request: FetchRequest, readonly index: number) {
    this.#batch = batch;
  }

  onSettled(call: Call, ok: boolean, value: unknown): void {
    this.#batch.onSettled(this, call, ok, value);
  }

  abort(reason: unknown): void {
    this.call?.abort(reason);
  }
}

function checkSource(source: unknown): void {
  const iterable = typeof source === "object" && source !== null &&
    (Symbol.iterator in source || Symbol.asyncIterator in source);
  if (iterable && !(source instanceof URL)) return;
  throw new TypeError(
    `Cannot fetch many as the requests must be an iterable or async iterable: received ${typeof source}`,
  );
}

/** An abort's reason may be anything; an outcome has an error. */
function toError(reason: unknown): Error {
  if (reason instanceof Error) return reason;
  const shown = typeof reason === "string" ? reason : typeof reason;
  return new SlipstreamError(`The request was aborted: ${shown}`, { cause: reason });
}

function checkResult<T>(result: T): T {
  if (typeof result === "object" && result !== null) return result;
  throw new TypeError(
    `Cannot fetch many as the source's next() must give an object: received ${typeof result}`,
  );
}

/** Closes what can't be waited for; how that ends is nobody's concern any more. */
function ignoreFailure(close: () => unknown): void {
  Promise.try(close).catch(() => {});
}
