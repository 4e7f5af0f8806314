import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { isAsyncIterable, iterableBody } from "../../src/http/iterable_body.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { test } from "../support/test.ts";

/** An iterable that records its calls. */
function watched(chunks: readonly unknown[]) {
  const log: string[] = [];
  const iterable: AsyncIterable<unknown> = {
    [Symbol.asyncIterator]() {
      let at = 0;
      return {
        next() {
          log.push("next");
          if (chunks[at] instanceof Error) return Promise.reject(chunks[at]);
          return Promise.resolve(at < chunks.length ? { value: chunks[at++] } : { done: true, value: 0 });
        },
        return() {
          log.push("return");
          return Promise.resolve({ done: true, value: undefined });
        },
      };
    },
  };
  return { iterable, log };
}

test("isAsyncIterable() is true for async iterables, and for no others", () => {
  assert(isAsyncIterable((async function* () {})()));
  assert(isAsyncIterable(watched([]).iterable));
  for (const value of [null, undefined, "x", 5, [], {}, new FormData(), { [Symbol.asyncIterator]: 1 }]) {
    assertFalse(isAsyncIterable(value));
  }
});

test("iterableBody() gives bytes and text, and pulls chunks as they are read", async () => {
  const { iterable, log } = watched(["a", new Uint8Array([98]), new Uint8Array([99]).buffer]);
  const reader = iterableBody(iterable).getReader();
  await eventLoopTurn();
  assertEquals(log, []);
  assertEquals(await reader.read(), { done: false, value: new Uint8Array([97]) });
  assertEquals(log, ["next"]);
  assertEquals(await reader.read(), { done: false, value: new Uint8Array([98]) });
  assertEquals(await reader.read(), { done: false, value: new Uint8Array([99]) });
  assertEquals((await reader.read()).done, true);
  assertEquals(log, ["next", "next", "next", "next"]);
});

test("iterableBody() breaks off with the error of the iterable, or at a value that is no chunk", async () => {
  const reader = iterableBody(watched(["a", new RangeError("mine")]).iterable).getReader();
  await reader.read();
  await assertRejects(() => reader.read(), RangeError, "mine");
  const wrong = watched([5]);
  await assertRejects(() => iterableBody(wrong.iterable).getReader().read(), TypeError, "received number");
  assertEquals(wrong.log, ["next", "return"]);
});

test("iterableBody() ends the iterable when it is cancelled, also before its first chunk", async () => {
  for (const isBegun of [false, true]) {
    const { iterable, log } = watched(["a", "b"]);
    const reader = iterableBody(iterable).getReader();
    if (isBegun) await reader.read();
    await reader.cancel();
    assertEquals(log, isBegun ? ["next", "return"] : ["return"]);
  }
});

test("iterableBody() rejects a cancellation with the iterable's own error, but reports a bad chunk", async () => {
  const unclosable = (value: unknown): AsyncIterable<unknown> => ({
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ value }),
      return: () => Promise.reject(new RangeError("mine")),
    }),
  });
  await assertRejects(() => iterableBody(unclosable("a")).cancel(), RangeError, "mine");
  await assertRejects(() => iterableBody(unclosable(5)).getReader().read(), TypeError, "received number");
});
