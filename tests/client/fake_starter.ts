/**
 * What a batch runs on: requests that end when a test says so, and a consumer that writes everything down.
 *
 * @module
 */

import { Batch, type BatchRun, type OutcomeConsumer } from "../../src/client/batch.ts";
import type { Outcome } from "../../src/client/outcome.ts";
import type { FetchRequest } from "../../src/client/request.ts";
import { clientSettings } from "../../src/client/settings.ts";
import { NO_HEADERS } from "../../src/http/headers.ts";
import { Call, type CallOwner, type CallSink } from "../../src/policies/call.ts";

/** Starts requests, and answers them when it is told to. */
export class FakeStarter implements CallOwner {
  /** What was started, in order. */
  readonly calls: Call[] = [];
  /** The reasons of those that were aborted. */
  readonly aborted: unknown[] = [];
  /** The most that were under way at once. */
  peak = 0;

  readonly start = (request: FetchRequest, sink: CallSink): Call => {
    const url = String(request);
    if (!url.startsWith("https:")) throw new TypeError(`Cannot fetch ${url}`);
    const call = new Call({
      id: this.calls.length + 1,
      owner: this,
      sink,
      request: {
        method: "GET",
        url,
        absolute: true,
        origin: undefined,
        headers: NO_HEADERS,
        body: null,
        repeatable: true,
        init: undefined,
      },
      origin: undefined,
      settings: clientSettings({}),
      signals: [],
      streams: false,
      startedAtMs: 0,
    });
    this.calls.push(call);
    this.peak = Math.max(this.peak, this.open);
    return call;
  };

  /** How many are under way. */
  get open(): number {
    return this.calls.filter((call) => !call.settled).length;
  }

  /** Answers a request with a value. */
  answer(index: number, value: unknown = index): void {
    this.settle(this.calls[index]!, true, value);
  }

  /** Lets a request fail. */
  fail(index: number, error: unknown): void {
    this.settle(this.calls[index]!, false, error);
  }

  settle(call: Call, ok: boolean, value: unknown): void {
    if (call.settled) return;
    call.settled = true;
    call.attempts = 1;
    call.durationMs = 5;
    if (!ok) this.aborted.push(value);
    call.sink.onSettled(call, ok, value);
  }

  onBodyEnd(): void {}
}

/** Takes outcomes. */
export class RecordingConsumer implements OutcomeConsumer {
  held = 0;
  readonly outcomes: Outcome<unknown>[] = [];
  /** What else it was told. */
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

/** A batch of two at once, unless told otherwise, with what it runs on. */
export function fakeBatch<C extends OutcomeConsumer>(
  source: BatchRun["source"],
  consumer: C,
  options: Partial<Pick<BatchRun, "concurrency" | "window" | "signal" | "start">> = {},
): { readonly batch: Batch; readonly starter: FakeStarter; readonly consumer: C } {
  const starter = new FakeStarter();
  const { concurrency = 2, window = 2 * concurrency, signal, start = starter.start } = options;
  return { batch: new Batch({ source, concurrency, window, signal, consumer, start }), starter, consumer };
}

/** Requests that count what was pulled of them, and how often they were closed. */
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

  /** The same, asynchronously. */
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
