import { AsyncLocalStorage } from "node:async_hooks";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { Batch } from "../../src/client/batch.ts";
import type { BatchRun } from "../../src/client/batch_run.ts";
import { SlipstreamError } from "../../src/errors.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { test } from "../support/test.ts";
import { CountedSource, fakeBatch, RecordingConsumer } from "./fake_starter.ts";
import { watch } from "../support/settled.ts";
import { until } from "../support/until.ts";

function setUp(source: BatchRun["source"], options: Parameters<typeof fakeBatch>[2] = {}) {
  return fakeBatch(source, new RecordingConsumer(), options);
}

test("new Batch() refuses a value that is no source, and starts nothing", () => {
  for (const source of ["https://a.test/", new URL("https://a.test/"), 5, null, undefined, {}, () => []]) {
    const run = { source, concurrency: 1, window: 1 } as unknown as BatchRun;
    assertThrows(() => new Batch(run), TypeError, "must be an iterable or async iterable");
  }
  const { starter } = setUp(new CountedSource(3));
  assertEquals(starter.calls.length, 0);
});

test("Batch.pump() pulls no request that it can't start", () => {
  const source = new CountedSource(100);
  const { batch, starter, consumer } = setUp(source, { concurrency: 3 });

  assertEquals(source.pulled, 0);
  batch.pump();
  batch.pump();
  assertEquals([source.pulled, starter.open], [3, 3]);
  for (let index = 0; index < 100; index++) {
    starter.answer(index);
    assert(source.pulled <= index + 4, `${source.pulled} pulled after ${index + 1} answers`);
  }
  assertEquals([starter.peak, consumer.outcomes.length, consumer.log], [3, 100, ["end"]]);
  assertEquals(source.closed, 0);
});

test("Batch.pump() pulls an async source one by one, with one next() at a time", async () => {
  const source = new CountedSource(20);
  const { batch, starter, consumer } = setUp(source.stream(), { concurrency: 3 });

  batch.pump();
  batch.pump();
  await eventLoopTurn();
  assertEquals([source.pulled, starter.open], [3, 3]);
  for (let index = 0; index < 20; index++) {
    starter.answer(index);
    await eventLoopTurn();
    assert(source.pulled <= index + 4, `${source.pulled} pulled after ${index + 1} answers`);
  }
  assertEquals([starter.peak, consumer.outcomes.length, consumer.log], [3, 20, ["end"]]);
});

test("Batch.pump() stops while the consumer holds as much as the window allows, and goes on when it takes an outcome", () => {
  const source = new CountedSource(10);
  const { batch, starter, consumer } = setUp(source, { concurrency: 2, window: 3 });

  batch.pump();
  consumer.held = 2;
  starter.answer(0);
  assertEquals([source.pulled, starter.open], [2, 1]);
  consumer.held = 3;
  starter.answer(1);
  batch.pump();
  assertEquals([source.pulled, starter.open], [2, 0]);
  consumer.held = 2;
  batch.pump();
  assertEquals([source.pulled, starter.open], [3, 1]);
  consumer.held = 0;
  batch.pump();
  assertEquals([source.pulled, starter.open], [4, 2]);
});

test("Batch gives each outcome its index, its request and its numbers", () => {
  const [first, second] = [new URL("https://a.test/0"), "https://a.test/1"];
  const { batch, starter, consumer } = setUp([first, second]);
  const error = new Error("down");

  batch.pump();
  starter.fail(1, error);
  starter.answer(0, "value");
  assertEquals(consumer.outcomes, [
    { ok: false, index: 1, request: second, error, attempts: 1, durationMs: 5 },
    {
      ok: true,
      index: 0,
      request: first,
      value: "value",
      status: 200,
      headers: new Headers(),
      url: "https://a.test/0",
      from: "network",
      attempts: 1,
      durationMs: 5,
    },
  ]);
  assertStrictEquals(consumer.outcomes[1]!.request, first);
});

/** Returns the error in the outcome of a request that was aborted with this reason. */
function errorFor(reason: unknown): Error {
  const { batch, starter, consumer } = setUp(["https://a.test/"]);
  batch.pump();
  starter.fail(0, reason);
  const [outcome] = consumer.outcomes;
  assert(outcome !== undefined && !outcome.ok);
  assertEquals(consumer.log, ["end"]);
  return outcome.error;
}

test("Batch wraps the reason of an aborted request in an error, and keeps it as the cause", () => {
  for (const reason of ["enough", 0, undefined, null, { my: "reason" }]) {
    const error = errorFor(reason);
    assertInstanceOf(error, SlipstreamError);
    assertStrictEquals(error.cause, reason);
  }
  const own = new Error("enough");
  assertStrictEquals(errorFor(own), own);
});

test("Batch also makes an error of a reason that can't be converted to text", () => {
  for (const reason of [Symbol("enough"), Object.create(null)]) {
    assertStrictEquals(errorFor(reason).cause, reason);
  }
});

test("Batch gives a malformed request its outcome, and goes on", () => {
  const { batch, starter, consumer } = setUp(["ftp://a.test/0", "https://a.test/1", "ftp://a.test/2"], {
    concurrency: 1,
  });

  batch.pump();
  starter.answer(0);
  assertEquals(consumer.outcomes.map(({ index, ok, attempts }) => [index, ok, attempts]), [
    [0, false, 0],
    [1, true, 1],
    [2, false, 0],
  ]);
  assertEquals(consumer.log, ["end"]);
});

test("Batch reads a list as it is at the time of each pull, and reads no more once it has ended", () => {
  const list = ["https://a.test/0", "https://a.test/1"];
  const { batch, starter, consumer } = setUp(list, { concurrency: 1 });
  batch.pump();
  list.push("https://a.test/2");
  starter.answer(0);
  list.splice(1, 1, "https://a.test/x");
  starter.answer(1);
  starter.answer(2);
  list.push("https://a.test/3");
  batch.pump();
  assertEquals(consumer.outcomes.map(({ request }) => request), [
    "https://a.test/0",
    "https://a.test/1",
    "https://a.test/2",
  ]);
  assertEquals(consumer.log, ["end"]);
});

test("Batch reads a list with an iterator of its own through that iterator", () => {
  class Reversed extends Array<string> {
    override *[Symbol.iterator](): ArrayIterator<string> {
      for (let index = this.length - 1; index >= 0; index--) yield this[index]!;
    }
  }
  const own = ["https://a.test/0", "https://a.test/1"];
  own[Symbol.iterator] = function* (): ArrayIterator<string> {
    yield "https://a.test/own";
  };
  for (const list of [Reversed.from(["https://a.test/0", "https://a.test/1"]), own]) {
    const { batch, starter, consumer } = setUp(list);
    batch.pump();
    for (const index of [...list].keys()) starter.answer(index);
    assertEquals(consumer.outcomes.map(({ request }) => request), [...list]);
  }
});

test("Batch treats a list with an unreadable item as a source that throws", () => {
  const broken = new Error("broken list");
  const list = ["https://a.test/0", "https://a.test/1", "https://a.test/2"];
  Object.defineProperty(list, 1, {
    get(): string {
      throw broken;
    },
  });
  const { batch, starter, consumer } = setUp(list);
  batch.pump();
  assertEquals([starter.open, consumer.log], [1, []]);
  starter.answer(0);
  assertEquals([consumer.outcomes.length, consumer.log], [1, [{ failed: broken }]]);
});

test("Batch ends at once when its source is empty", async () => {
  const { batch, consumer } = setUp([]);
  batch.pump();
  assertEquals(consumer.log, ["end"]);

  const stream = setUp(new CountedSource(0).stream());
  stream.batch.pump();
  await eventLoopTurn();
  assertEquals(stream.consumer.log, ["end"]);
});

test("Batch lets started requests end when its source throws, and then reports the error", async () => {
  const broken = new Error("broken source");
  function* source(): Generator<string> {
    yield* { [Symbol.iterator]: () => new CountedSource(5)[Symbol.iterator]() };
    throw broken;
  }
  async function* stream(): AsyncGenerator<string> {
    yield* source();
    await Promise.resolve();
  }
  for (const requests of [source(), stream()]) {
    const { batch, starter, consumer } = setUp(requests, { concurrency: 10 });
    batch.pump();
    await eventLoopTurn();
    assertEquals([starter.open, consumer.log], [5, []]);
    for (const index of [4, 2, 0, 1, 3]) starter.answer(index);
    assertEquals(consumer.outcomes.map(({ index }) => index), [4, 2, 0, 1, 3]);
    assertEquals(consumer.log, [{ failed: broken }]);
    batch.pump();
    assertEquals(consumer.log.length, 1);
  }
});

test("Batch treats a source that can't be opened as one that throws, and leaves no listener", () => {
  const broken = new Error("can't be opened");
  const source = {
    [Symbol.iterator](): Iterator<string> {
      throw broken;
    },
  };
  const { signal } = new AbortController();
  const listeners = countAbortListeners(signal);
  const { batch, consumer } = setUp(source, { signal });

  try {
    batch.pump();
  } catch (error) {
    assertStrictEquals(error, broken); // the caller of pump() may get the error instead of the consumer
    consumer.onEnd({ reason: error });
  }
  assertEquals(consumer.log, [{ failed: broken }]);
  assertEquals(listeners.now, 0);
});

test("Batch.cancel() aborts its requests, closes the source once, and gives the consumer nothing more", async () => {
  const source = new CountedSource(100);
  const { batch, starter, consumer } = setUp(source, { concurrency: 3 });
  const reason = new Error("left");

  batch.pump();
  starter.answer(1);
  await batch.cancel(reason);
  await batch.cancel(new Error("again"));
  batch.pump();
  assertEquals([starter.open, starter.aborted], [0, [reason, reason, reason]]);
  assertEquals([source.pulled, source.closed], [4, 1]);
  assertEquals([consumer.outcomes.length, consumer.log], [1, []]);
});

test("Batch.cancel() does not close a source that has ended or was never opened", async () => {
  const ended = new CountedSource(1);
  const first = setUp(ended);
  first.batch.pump();
  await first.batch.cancel("left");
  const untouched = new CountedSource(1);
  await setUp(untouched).batch.cancel("left");
  assertEquals([ended.closed, untouched.closed, untouched.pulled], [0, 0, 0]);
});

test("Batch.cancel() waits until the source is closed, and rejects with its error", async () => {
  const closing = Promise.withResolvers<void>();
  const broken = new Error("broken end");
  async function* source(): AsyncGenerator<string> {
    try {
      while (true) yield await Promise.resolve("https://a.test/");
    } finally {
      await closing.promise;
    }
  }
  const { batch, starter } = setUp(source());
  batch.pump();
  await eventLoopTurn();
  const cancelled = watch(batch.cancel("left"));
  await eventLoopTurn();
  assertEquals([cancelled.state, starter.open], ["pending", 0]);
  closing.reject(broken);
  await eventLoopTurn();
  assertEquals([cancelled.state, cancelled.error], ["rejected", broken]);
});

test("Batch stops at once when its signal aborts, also while an async source is stalled", async () => {
  const controller = new AbortController();
  const listeners = countAbortListeners(controller.signal);
  const reason = { my: "reason" };
  let asked = 0;
  const source = {
    [Symbol.asyncIterator]: (): AsyncIterator<string> => ({
      next: () => ++asked === 1 ? Promise.resolve({ value: "https://a.test/" }) : new Promise(() => {}),
      return: () => new Promise(() => {}),
    }),
  };
  const { batch, starter, consumer } = setUp(source, { signal: controller.signal });

  batch.pump();
  await eventLoopTurn();
  assertEquals([asked, starter.open, listeners.now], [2, 1, 1]);
  controller.abort(reason);
  assertEquals([consumer.outcomes, consumer.log], [[], [{ stopped: reason }]]);
  assertEquals([starter.open, starter.aborted, listeners.now], [0, [reason], 0]);
  assertEquals(watch(batch.cancel("again")).state, "pending");
});

test("Batch starts no request that an async source gives after the abort", async () => {
  const controller = new AbortController();
  const request = Promise.withResolvers<string>();
  let closed = 0;
  async function* source(): AsyncGenerator<string> {
    try {
      yield await request.promise;
      yield "https://a.test/never";
    } finally {
      closed++;
    }
  }
  const { batch, starter, consumer } = setUp(source(), { signal: controller.signal });

  batch.pump();
  await eventLoopTurn();
  controller.abort("enough");
  request.resolve("https://a.test/late");
  await eventLoopTurn();
  assertEquals([starter.calls.length, closed], [0, 1]);
  assertEquals(consumer.log, [{ stopped: "enough" }]);
});

test("Batch pulls nothing when its signal has already aborted", () => {
  const source = new CountedSource(5);
  const { batch, starter, consumer } = setUp(source, { signal: AbortSignal.abort("before") });
  batch.pump();
  batch.pump();
  assertEquals([source.pulled, source.closed, starter.calls.length], [0, 0, 0]);
  assertEquals(consumer.log, [{ stopped: "before" }]);
});

test("Batch aborts a request during whose start the batch is stopped, and closes the source", () => {
  const controller = new AbortController();
  const source = new CountedSource(5);
  const run: Parameters<typeof fakeBatch>[2] = { signal: controller.signal };
  const { starter } = setUp(source);
  const { batch, consumer } = setUp(source, {
    ...run,
    begin: (request, batch) => {
      const call = starter.begin(request, batch);
      controller.abort("while it starts");
      return call;
    },
  });
  batch.pump();
  assertEquals([starter.calls.length, starter.open, starter.aborted], [0, 0, []]);
  assertEquals([source.pulled, source.closed], [1, 1]);
  assertEquals([consumer.outcomes, consumer.log], [[], [{ stopped: "while it starts" }]]);
});

test("Batch closes a source that stops the batch while it is asked", async () => {
  const controller = new AbortController();
  let closed = 0;
  function* source(): Generator<string> {
    try {
      controller.abort("by the source");
      yield "https://a.test/";
    } finally {
      closed++;
    }
  }
  const { batch, starter, consumer } = setUp(source(), { signal: controller.signal });
  batch.pump();
  await eventLoopTurn();
  assertEquals([starter.calls.length, consumer.log], [0, [{ stopped: "by the source" }]]);
  assertEquals(closed, 1);
});

test("Batch that pulls ahead pulls in its own async context, whichever request makes room", async () => {
  const request = new AsyncLocalStorage<string>();
  for (const makesRoom of ["answers", "goes on", "falls asleep"] as const) {
    const pulledIn: (string | undefined)[] = [];
    const inner = new CountedSource(4)[Symbol.iterator]();
    const source = {
      [Symbol.iterator]: () => ({
        next: () => {
          pulledIn.push(request.getStore());
          return inner.next();
        },
      }),
    };
    const { batch, starter, consumer } = setUp(source, { concurrency: 2, maxWaiting: 2, pullsAhead: true });
    request.run("own", () => batch.pump());
    if (makesRoom === "goes on") {
      request.run("own", () => starter.sleep(0, true));
      await eventLoopTurn();
    }
    const pulled = starter.calls.length;
    request.run("other", () => {
      if (makesRoom === "answers") starter.answer(0);
      else starter.sleep(0, makesRoom === "falls asleep");
    });
    await eventLoopTurn();
    if (makesRoom !== "goes on") assert(starter.calls.length > pulled, makesRoom);
    for (let index = 0; index < starter.calls.length; index++) {
      request.run("other", () => starter.answer(index));
      await eventLoopTurn();
    }
    assertEquals([consumer.outcomes.length, consumer.log], [4, ["end"]], makesRoom);
    assertEquals(new Set(pulledIn), new Set(["own"]), makesRoom);
  }
});

test("Batch pulls from an async source in the async context of its caller, whichever request makes room", async () => {
  const caller = new AsyncLocalStorage<string>();
  const pulledIn: (string | undefined)[] = [];
  async function* source(): AsyncGenerator<string> {
    for (let index = 0; index < 6; index++) {
      pulledIn.push(caller.getStore());
      await eventLoopTurn();
      pulledIn.push(caller.getStore());
      yield `https://a.test/${index}`;
    }
  }
  const { batch, starter, consumer } = caller.run("own", () => setUp(source(), { concurrency: 2 }));
  caller.run("other", () => batch.pump());
  for (let index = 0; index < 6; index++) {
    await until(() => starter.calls.length > index);
    caller.run("other", () => starter.answer(index));
  }
  await eventLoopTurn();
  assertEquals([consumer.outcomes.length, consumer.log], [6, ["end"]]);
  assertEquals(pulledIn, Array.from({ length: 12 }, () => "own"));
});

test("Batch that ends before it has asked its async source does not ask any more", async () => {
  const controller = new AbortController();
  const log: string[] = [];
  const source = {
    [Symbol.asyncIterator]: (): AsyncIterator<string> => ({
      next: () => Promise.resolve({ value: `https://a.test/${log.push("next")}` }),
      return: () => Promise.resolve({ done: true, value: log.push("return") }),
    }),
  };
  const { batch, starter } = setUp(source, { signal: controller.signal });
  batch.pump();
  controller.abort();
  await eventLoopTurn();
  assertEquals([log, starter.calls.length], [["return"], 0]);
});

test("Batch reports a source whose next() returns no result, as a loop would", () => {
  const source = { [Symbol.iterator]: () => ({ next: () => undefined }) };
  const { batch, consumer } = setUp(source as unknown as BatchRun["source"]);
  batch.pump();
  const [end] = consumer.log as { readonly failed: unknown }[];
  assertInstanceOf(end?.failed, TypeError);
});

test("Batch leaves nothing with its signal or its client when it has ended", async () => {
  const { signal } = new AbortController();
  const listeners = countAbortListeners(signal);
  for (const isCancelled of [false, true]) {
    const { batch, starter } = setUp(["https://a.test/0", "https://a.test/1"], { signal });
    batch.pump();
    assertEquals([listeners.now, starter.batches.size, batch.allowance.hasMore], [1, 1, true]);
    starter.answer(0);
    assertEquals(batch.allowance.hasMore, false);
    if (isCancelled) await batch.cancel("left");
    else starter.answer(1);
    assertEquals([listeners.now, starter.batches.size], [0, 0]);
  }
});
