/**
 * The outcomes of a batch as they come, or in input order.
 *
 * @module
 */

import "../primitives/dispose_symbols.ts";
import { type LinkedItem, LinkedQueue } from "../primitives/linked_queue.ts";
import { NumberedRing } from "../primitives/numbered_ring.ts";
import type { Batch } from "./batch.ts";
import type { OutcomeConsumer } from "./batch_run.ts";
import type { Outcome } from "./outcome.ts";

type Result<T> = IteratorResult<Outcome<T>, undefined>;

/** One call of `next()`. */
interface Waiter<T> extends LinkedItem<Waiter<T>> {
  readonly resolve: (result: Result<T>) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Yields outcomes to a consumer that pulls. The stream holds outcomes that the consumer has not taken. They count against the
 * batch's window, so that a slow consumer slows the batch down. A consumer that waits for an earlier outcome than the held ones
 * does not.
 */
export class OutcomeStream<T>
  implements AsyncIterableIterator<Outcome<T>, undefined>, AsyncDisposable, OutcomeConsumer {
  readonly #ordered: boolean;
  /** The held outcomes: numbered by index if the stream is ordered, and otherwise as they came. */
  readonly #ready = new NumberedRing<Outcome<T>>();
  readonly #waiters = new LinkedQueue<Waiter<T>>();
  #batch: Batch | undefined;
  #ended = 0;
  #end: { readonly failure: { readonly reason: unknown } | undefined } | undefined;
  /** How many outcomes are held; see `OutcomeConsumer`. */
  held = 0;

  get awaitsEarlier(): boolean {
    return this.held > 0 && this.#waiters.head !== undefined;
  }

  /** Creates the stream; `ordered` makes outcomes come in input order. */
  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** Connects the stream to its batch; nothing starts before the first `next()`. */
  attach(batch: Batch): this {
    this.#batch = batch;
    return this;
  }

  onOutcome(outcome: Outcome<unknown>): void {
    const waiter = this.#waiters.head;
    if (waiter !== undefined && !this.#ordered && this.held === 0) {
      this.#waiters.remove(waiter);
      return waiter.resolve({ done: false, value: outcome as Outcome<T> });
    }
    this.#ready.put(this.#ordered ? outcome.index : this.#ended, outcome as Outcome<T>);
    this.#ended++;
    this.held++;
    if (waiter !== undefined) this.#serve();
  }

  onEnd(failure: { readonly reason: unknown } | undefined): void {
    this.#end = { failure };
    this.#serve();
  }

  onStop(reason: unknown): void {
    this.#drop();
    this.onEnd({ reason });
  }

  #drop(): void {
    this.#ready.clear();
    this.held = 0;
  }

  #serve(): void {
    for (let waiter = this.#waiters.head; waiter !== undefined; waiter = this.#waiters.head) {
      const outcome = this.#ready.take();
      if (outcome !== undefined) {
        this.held--;
        this.#waiters.remove(waiter);
        waiter.resolve({ done: false, value: outcome });
      } else if (this.#end !== undefined && this.held === 0) {
        this.#waiters.remove(waiter);
        this.#finish(waiter);
      } else {
        return;
      }
    }
  }

  /** Ends a call of `next()`. An error rejects one call; after it the stream is over. */
  #finish(waiter: Waiter<T>): void {
    const { failure } = this.#end!;
    this.#end = { failure: undefined };
    if (failure === undefined) waiter.resolve({ done: true, value: undefined });
    else waiter.reject(failure.reason);
  }

  next(): Promise<Result<T>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ previous: undefined, next: undefined, resolve, reject });
      if (this.held > 0 || this.#end !== undefined) this.#serve();
      const batch = this.#batch!;
      if (!batch.isClaiming) batch.pump();
    });
  }

  /** Leaves the stream: aborts the requests in flight, drops the held outcomes, and closes the source. */
  async return(): Promise<Result<T>> {
    this.#drop();
    this.onEnd(undefined);
    await this.#batch!.cancel(new DOMException("The stream of outcomes was left", "AbortError"));
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Leaves the stream, as {@linkcode OutcomeStream.return} does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
