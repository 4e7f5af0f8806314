import { assertEquals, assertStrictEquals } from "@std/assert";
import { OutcomeStream } from "../../src/client/outcome_stream.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { test } from "../support/test.ts";
import { CountedSource, fakeBatch } from "./fake_starter.ts";
import { rejection, watch } from "../support/settled.ts";

function setUp(ordered: boolean, length = 10, options: Parameters<typeof fakeBatch>[2] = {}) {
  const source = new CountedSource(length);
  const { batch, starter, consumer } = fakeBatch(source, new OutcomeStream<number>(ordered), options);
  return { stream: consumer.attach(batch), starter, source };
}

const END = { done: true, value: undefined } as const;

test("OutcomeStream starts nothing before the first next()", () => {
  const { stream, starter, source } = setUp(false);
  assertStrictEquals(stream[Symbol.asyncIterator](), stream);
  assertEquals([source.pulled, starter.calls.length, stream.held], [0, 0, 0]);
  watch(stream.next());
  assertEquals(source.pulled, 2);
});

test("OutcomeStream yields outcomes as they end", async () => {
  const { stream, starter } = setUp(false, 3, { concurrency: 3 });
  const results = [stream.next(), stream.next(), stream.next(), stream.next()];
  for (const index of [2, 0, 1]) starter.answer(index);
  const values = await Promise.all(results);
  assertEquals(values.map(({ value }) => value?.index), [2, 0, 1, undefined]);
  assertEquals(values[3], END);
});

test("OutcomeStream yields in input order, behind a slow head", async () => {
  const { stream, starter } = setUp(true, 3, { concurrency: 3 });
  const first = watch(stream.next());
  starter.answer(2);
  starter.answer(1);
  await eventLoopTurn();
  assertEquals([first.state, stream.held], ["pending", 2]);
  starter.answer(0);
  await eventLoopTurn();
  assertEquals([first.value?.value?.index, stream.held], [0, 2]);
  assertEquals((await stream.next()).value?.index, 1);
  assertEquals((await stream.next()).value?.index, 2);
  assertEquals([await stream.next(), await stream.next()], [END, END]);
});

test("OutcomeStream in order puts a request that can't be started into its place", async () => {
  const requests = ["https://a.test/0", "ftp://a.test/1", "https://a.test/2"];
  const { batch, starter, consumer } = fakeBatch(requests, new OutcomeStream<number>(true));
  const outcomes = Array.fromAsync(consumer.attach(batch));
  starter.answer(1);
  starter.answer(0);
  assertEquals((await outcomes).map(({ index, ok }) => [index, ok]), [[0, true], [1, false], [2, true]]);
});

test("OutcomeStream gives several next() at once one outcome each, in the order of the calls", async () => {
  const { stream, starter } = setUp(false);
  const calls = [1, 2, 3, 4].map(() => watch(stream.next()));
  for (let index = 0; index < 3; index++) starter.answer(index);
  await eventLoopTurn();
  assertEquals(calls.map(({ value }) => value?.value?.index), [0, 1, 2, undefined]);
  assertEquals(calls[3]!.state, "pending");
});

test("OutcomeStream holds no more than the window allows, in either order, until its consumer takes an outcome", async () => {
  for (const ordered of [false, true]) {
    const { stream, starter, source } = setUp(ordered, 100, { concurrency: 2, window: 5 });
    const first = stream.next();
    for (let index = 0; index < starter.calls.length; index++) starter.answer(index);
    await first;
    assertEquals([stream.held, starter.open, source.pulled], [5, 0, 6]);
    await stream.next();
    assertEquals([stream.held, starter.open, source.pulled], [4, 1, 7]);
  }
});

test("OutcomeStream in order never stands still while its head is slow", async () => {
  const { stream, starter, source } = setUp(true, 100, { concurrency: 2, window: 2 });
  const outcomes = watch(Array.fromAsync(stream));
  for (let index = 0; index < 100; index += 2) {
    starter.answer(index + 1);
    starter.answer(index);
    await eventLoopTurn();
  }
  assertEquals([outcomes.state, source.pulled, starter.peak], ["fulfilled", 100, 2]);
  assertEquals(outcomes.value?.map(({ index }) => index), Array.from({ length: 100 }, (_, index) => index));
});

test("OutcomeStream in order goes on while an earlier request sleeps, for as many requests as may wait", async () => {
  const { stream, starter, source } = setUp(true, 100, { concurrency: 2, window: 4, maxWaiting: 10 });
  const results = [watch(stream.next())];
  starter.sleep(0, true);
  for (let index = 1; index < starter.calls.length; index++) starter.answer(index);
  assertEquals([stream.held, starter.open, source.pulled], [13, 1, 14]);
  starter.sleep(0, false);
  starter.answer(0);
  await eventLoopTurn();
  assertEquals([results[0]!.value?.value?.index, stream.held, source.pulled], [0, 13, 14]);
  // No earlier outcome is missing any more, so that these wait for their consumer.
  for (let index = 1; index < 10; index++) results.push(watch(stream.next()));
  assertEquals([stream.held, source.pulled], [4, 14]);
  for (let index = 10; index < 13; index++) results.push(watch(stream.next()));
  assertEquals([stream.held, starter.open, source.pulled], [1, 2, 16]);
  await eventLoopTurn();
  assertEquals(results.map(({ value }) => value?.value?.index), Array.from(results, (_, index) => index));
});

test("OutcomeStream in order holds no more than the window allows for a busy consumer, whichever requests sleep", async () => {
  const { stream, starter, source } = setUp(true, 100, { concurrency: 2, window: 5, maxWaiting: 10 });
  const first = stream.next();
  starter.sleep(1, true);
  for (let index = 0; index < 20; index++) {
    if (index !== 1 && index < starter.calls.length) starter.answer(index);
  }
  await first;
  assertEquals([stream.held, starter.open, source.pulled], [5, 1, 7]);
  // The consumer now waits for the request that sleeps.
  const second = watch(stream.next());
  assertEquals([stream.held, starter.open, source.pulled], [5, 3, 9]);
  starter.sleep(1, false);
  starter.answer(1);
  await eventLoopTurn();
  assertEquals(second.value?.value?.index, 1);
  starter.answer(7);
  starter.answer(8);
  assertEquals([stream.held, starter.open, source.pulled], [7, 0, 9]);
});

test("OutcomeStream in order holds no more than the window allows while an earlier request is in flight", () => {
  const { stream, starter, source } = setUp(true, 100, { concurrency: 2, window: 5, maxWaiting: 10 });
  watch(stream.next());
  for (let index = 1; index < starter.calls.length; index++) starter.answer(index);
  assertEquals([stream.held, starter.open, source.pulled], [4, 1, 5]);
});

test("OutcomeStream aborts its requests, drops held outcomes and closes the source when its loop is left by break", async () => {
  const { stream, starter, source } = setUp(false, 100, { concurrency: 3 });
  const loop = (async () => {
    for await (const _ of stream) break;
  })();
  starter.answer(0);
  starter.answer(1);
  await loop;
  assertEquals([starter.open, stream.held, source.closed], [0, 0, 1]);
  assertEquals(starter.aborted.map((reason) => (reason as Error).name), [
    "AbortError",
    "AbortError",
    "AbortError",
  ]);
  const { pulled } = source;
  assertEquals([await stream.next(), source.pulled], [END, pulled]);
});

test("OutcomeStream.return() ends the next() calls that wait, and has an effect once", async () => {
  const { stream, starter, source } = setUp(false);
  const waiting = [stream.next(), stream.next()];
  assertEquals(await stream.return(), END);
  assertEquals(await Promise.all(waiting), [END, END]);
  assertEquals(await stream.return(), END);
  assertEquals([starter.open, source.closed], [0, 1]);
});

test("OutcomeStream ends with its scope as by return()", async () => {
  const { stream, starter, source } = setUp(false, 100, { concurrency: 3 });
  {
    await using own = stream;
    const first = own.next();
    starter.answer(0);
    assertEquals((await first).value?.index, 0);
    assertEquals([starter.open, source.closed], [3, 0]);
  }
  assertEquals([starter.open, stream.held, source.closed], [0, 0, 1]);
  assertEquals(await stream.next(), END);
});

test("OutcomeStream.return() before the first next() starts and opens nothing", async () => {
  const { stream, starter, source } = setUp(true);
  assertEquals([await stream.return(), await stream.next()], [END, END]);
  assertEquals([source.pulled, source.closed, starter.calls.length], [0, 0, 0]);
});

test("OutcomeStream yields the outcomes so far before it throws, once, the error of its source", async () => {
  const broken = new Error("broken source");
  function* source(): Generator<string> {
    yield "https://a.test/0";
    throw broken;
  }
  for (const ordered of [false, true]) {
    const { batch, starter, consumer } = fakeBatch(source(), new OutcomeStream<number>(ordered));
    const stream = consumer.attach(batch);
    const first = stream.next();
    starter.answer(0);
    assertEquals((await first).value?.index, 0);
    assertStrictEquals(await rejection(stream.next()), broken);
    assertEquals(await stream.next(), END);
  }
});

test("OutcomeStream rejects once with the reason of an abort, and drops held outcomes", async () => {
  const controller = new AbortController();
  const reason = { my: "reason" };
  const { stream, starter } = setUp(true, 10, { signal: controller.signal });
  const waiting = [stream.next(), stream.next()].map(watch);
  starter.answer(1);
  assertEquals(stream.held, 1);
  controller.abort(reason);
  await eventLoopTurn();
  assertEquals(waiting.map(({ state }) => state), ["rejected", "fulfilled"]);
  assertStrictEquals(waiting[0]!.error, reason);
  assertEquals([waiting[1]!.value, await stream.next(), stream.held, starter.open], [END, END, 0, 0]);
});

test("OutcomeStream keeps the reason of an abort for the next call of next()", async () => {
  const controller = new AbortController();
  const { stream, starter } = setUp(false, 10, { signal: controller.signal });
  const first = stream.next();
  starter.answer(0);
  starter.answer(1);
  await first;
  controller.abort("enough");
  assertEquals(await rejection(stream.next()), "enough");
  assertEquals(await stream.next(), END);
});
