/**
 * Runs a batch in a test: requests end when the test says so, and a consumer records its calls.
 *
 * @module
 */

import { DeadlineQueue } from "../../src/primitives/deadline_queue.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { Batch } from "../../src/client/batch.ts";
import type { BatchRun, BatchSink, BatchStarter, OutcomeConsumer } from "../../src/client/batch_run.ts";
import type { Outcome } from "../../src/client/outcome.ts";
import type { FetchRequest } from "../../src/client/request.ts";
import { clientSettings } from "../../src/client/settings.ts";
import { NO_HEADERS } from "../../src/http/headers.ts";
import type { Allowance } from "../../src/lanes/allowance.ts";
import type { Claimant, Runnable } from "../../src/lanes/claimant.ts";
import { Call, type CallContext, type CallOwner } from "../../src/policies/call.ts";
import type { Closings } from "../../src/policies/opener.ts";
import { LinkedQueue } from "../../src/primitives/linked_queue.ts";

/** Starts requests, and answers them when the test says so. There is always a permit. */
export class FakeStarter implements CallOwner, BatchStarter, Closings {
  /** The calls that were started, in order. */
  readonly calls: Call[] = [];
  /** The reasons of the aborted calls. */
  readonly aborted: unknown[] = [];
  /** The batches that have begun, and not ended. */
  readonly batches: Set<object> = new Set();
  /** The most calls that were under way at once. */
  peak = 0;
  closing: { readonly reason: unknown } | undefined;
  readonly round: FakeStarter = this;
  readonly #claimants = new LinkedQueue<Claimant>();
  #isDispatching = false;

  join(claimant: Claimant): void {
    if (claimant.isClaiming) return;
    claimant.isClaiming = true;
    this.#claimants.push(claimant);
  }

  quit(claimant: Claimant): void {
    if (!claimant.isClaiming) return;
    claimant.isClaiming = false;
    this.#claimants.remove(claimant);
  }

  dispatch(): void {
    if (this.#isDispatching) return;
    this.#isDispatching = true;
    while (this.#claimants.head !== undefined) this.#claimants.head.claim(0)?.run();
    this.#isDispatching = false;
  }

  makeRoom(): void {}

  now(): number {
    return 0;
  }

  tryBegin(): undefined {}

  readonly begin = (request: FetchRequest, batch: BatchSink): Call => {
    const url = String(request);
    if (!url.startsWith("https:")) throw new TypeError(`Cannot fetch ${url}`);
    return new Call(batch.context, url, batch);
  };

  launch(call: Call): Runnable | undefined {
    this.calls.push(call);
    this.peak = Math.max(this.peak, this.open);
    return undefined;
  }

  readonly straight = { run: (): Promise<void> => Promise.resolve() };

  abortAll(allowance: Allowance, abort: (call: Call) => void): void {
    for (const call of this.calls) {
      if (call.context.allowance === allowance && !call.settled) abort(call);
    }
  }

  add(batch: object): void {
    this.batches.add(batch);
  }

  delete(batch: object): void {
    this.batches.delete(batch);
  }

  /** Returns the context that the requests of a batch share. */
  contextOf(allowance: Allowance): CallContext {
    return {
      settings: clientSettings({}),
      signals: [],
      headers: NO_HEADERS,
      allowance,
      streams: false,
      rejectsStatus: false,
      isBackground: false,
      owner: this,
      straightHeaders: undefined,
    };
  }

  /** How many calls are under way. */
  get open(): number {
    return this.calls.filter((call) => !call.settled).length;
  }

  /** Answers a request with a value. */
  answer(index: number, value: unknown = index): void {
    this.settle(this.calls[index]!, true, value);
    this.dispatch();
  }

  /** Makes a request fail. */
  fail(index: number, error: unknown): void {
    this.settle(this.calls[index]!, false, error);
    this.dispatch();
  }

  /** Makes a request wait, or go on. */
  sleep(index: number, isAsleep: boolean): void {
    const call = this.calls[index]!;
    call.isAsleep = isAsleep;
    if (isAsleep) call.allowance!.fallAsleep();
    else call.allowance!.wakeUp();
    this.dispatch();
  }

  settle(call: Call, ok: boolean, value: unknown): void {
    if (call.settled) return;
    call.settled = true;
    if (call.isAsleep) call.context.allowance!.asleep--;
    else call.context.allowance!.active--;
    call.attempts = 1;
    call.durationMs = 5;
    call.head = { status: 200, headers: new Headers(), url: call.url };
    if (!ok) this.aborted.push(value);
    call.sink.onSettled(call, ok, value);
  }

  onBodyEnd(): void {}

  placesOf({ url }: Call): readonly string[] {
    return [url];
  }

  nextId(): number {
    return this.calls.length + 1;
  }

  onCancel(): void {}
}

/** A consumer that records outcomes. */
export class RecordingConsumer implements OutcomeConsumer {
  held = 0;
  readonly awaitsEarlier = false;
  readonly outcomes: Outcome<unknown>[] = [];
  /** The other calls that it got. */
  readonly log: unknown[] = [];

  onOutcome(outcome: Outcome<unknown>): void {
    this.outcomes.push(outcome);
  }

  onEnd(failure: { readonly reason: unknown } | undefined): void {
    this.log.push(failure === undefined ? "end" : { failed: failure.reason });
  }

  onStop(reason: unknown): void {
    this.log.push({ stopped: reason });
  }
}

/** Creates a batch, by default of two at once, with its starter. */
export function fakeBatch<C extends OutcomeConsumer>(
  source: BatchRun["source"],
  consumer: C,
  options: Partial<
    Pick<BatchRun, "concurrency" | "maxWaiting" | "window" | "signal" | "begin" | "pullsAhead">
  > = {},
): { readonly batch: Batch; readonly starter: FakeStarter; readonly consumer: C } {
  const starter = new FakeStarter();
  const { concurrency = 2, window = 2 * concurrency, maxWaiting = 1_000, signal, pullsAhead = false } =
    options;
  const batch = new Batch({
    source,
    concurrency,
    maxWaiting,
    window,
    priority: 0,
    pullsAhead,
    signal,
    timeoutMs: Infinity,
    deadlines: new DeadlineQueue(new ManualClock()),
    consumer,
    contextOf: (allowance) => starter.contextOf(allowance),
    scheduler: starter,
    starter,
    closings: starter,
    begin: options.begin ?? starter.begin,
  });
  return { batch, starter, consumer };
}

/** A source that counts how many requests were pulled from it, and how often it was closed. */
export class CountedSource implements Iterable<string> {
  pulled = 0;
  closed = 0;
  readonly #length: number;

  constructor(length: number) {
    this.#length = length;
  }

  [Symbol.iterator](): Iterator<string> {
    return {
      next: () =>
        this.pulled < this.#length
          ? { done: false, value: `https://a.test/${this.pulled++}` }
          : { done: true, value: undefined },
      return: () => {
        this.closed++;
        return { done: true, value: undefined };
      },
    };
  }

  /** Gives the same requests asynchronously. */
  async *stream(): AsyncGenerator<string> {
    try {
      for (const url of { [Symbol.iterator]: () => this[Symbol.iterator]() }) {
        yield await Promise.resolve(url);
      }
    } finally {
      this.closed++;
    }
  }
}
