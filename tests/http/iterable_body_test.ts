import { assertEquals, assertRejects } from "@std/assert";
import { isIterableBody, iterableBody } from "../../src/http/iterable_body.ts";
import { test } from "../support/test.ts";

async function* chunks(...values: unknown[]): AsyncGenerator<unknown, void> {
  yield* values;
}

test("isIterableBody() is true of what yields chunks, and of nothing that is a body otherwise", () => {
  assertEquals([chunks(), { [Symbol.asyncIterator]: chunks }].map(isIterableBody), [true, true]);
  const others = [
    "text",
    null,
    undefined,
    5,
    ["a"],
    { a: 1 },
    new Blob(["a"]),
    new ReadableStream(),
    new FormData(),
  ];
  assertEquals(others.filter(isIterableBody), []);
});

test("iterableBody() sends bytes and text, chunk by chunk, and nothing before it is asked", async () => {
  let asked = 0;
  async function* counted(): AsyncGenerator<unknown, void> {
    for (const value of ["h\u00e9", new Uint8Array([108, 108]), "", "o"]) {
      asked++;
      yield value;
    }
  }
  const stream = iterableBody(counted());
  await Promise.resolve();
  assertEquals(asked, 0);
  assertEquals(await new Response(stream).text(), "h\u00e9llo");
  assertEquals(await new Response(iterableBody(chunks())).text(), "");
});

test("iterableBody() breaks off with what the iterable throws", async () => {
  const thrown = new RangeError("mine");
  const sources = [
    { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(thrown) }) },
    {
      [Symbol.asyncIterator]: (): AsyncIterator<unknown> => {
        throw thrown;
      },
    },
  ];
  for (const source of sources) {
    await assertRejects(() => iterableBody(source).getReader().read(), RangeError, "mine");
  }
});

test("iterableBody() tells the iterable to end when it is cancelled, and needs none that can", async () => {
  const heard: unknown[] = [];
  async function* endless(): AsyncGenerator<string, void> {
    try {
      for (;;) yield "a";
    } finally {
      heard.push("ended");
    }
  }
  const reader = iterableBody(endless()).getReader();
  await reader.read();
  await reader.cancel("enough");
  assertEquals(heard, ["ended"]);
  await iterableBody(chunks("unread")).cancel();
  const plain = {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: false, value: "a" }) }),
  };
  const other = iterableBody(plain).getReader();
  await other.read();
  await other.cancel();
});
