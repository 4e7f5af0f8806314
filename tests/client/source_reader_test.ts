import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { RequestSource } from "../../src/client/request.ts";
import { SourceReader } from "../../src/client/source_reader.ts";
import { test } from "../support/test.ts";

/** Creates a source with this iterator. */
function sourceOf(iterator: Partial<Record<keyof Iterator<string>, unknown>>): Iterable<string> {
  return { [Symbol.iterator]: () => iterator as unknown as Iterator<string> };
}

function opened(source: RequestSource): SourceReader {
  const reader = new SourceReader(source);
  reader.open();
  return reader;
}

test("new SourceReader() refuses values that are no source, and opens nothing", () => {
  for (const source of [undefined, null, 5, "a.json", {}]) {
    assertThrows(() => new SourceReader(source as unknown as RequestSource), TypeError, "Cannot fetch many");
  }
  const reader = new SourceReader({
    [Symbol.iterator]: () => {
      throw new Error("opened");
    },
  });
  assertEquals(reader.isOpen, false);
  assertThrows(() => reader.open(), Error, "opened");
  assertEquals(reader.isOpen, false);
});

test("SourceReader.list is set only for an array with the usual iterator", () => {
  const own = ["a"];
  Object.defineProperty(own, Symbol.iterator, { value: () => ["b"].values() });
  const list = ["a", "b"];

  assertStrictEquals(new SourceReader(list).list, list);
  for (const source of [own, new (class extends Array<string> {})("a"), new Set(["a"]), ["a"].values()]) {
    assertEquals(new SourceReader(source).list, undefined);
  }
});

test("SourceReader.ask() gives the source's result, at once or later as the source does", async () => {
  const sync = opened(new Set(["a"]));
  assertEquals([sync.ask(), sync.ask()], [{ done: false, value: "a" }, { done: true, value: undefined }]);

  async function* later(): AsyncGenerator<string> {
    yield await Promise.resolve("b");
  }
  const asynchronous = opened(later());
  const result = asynchronous.ask();
  assert(result instanceof Promise);
  assertEquals([await result, (await asynchronous.ask()).done], [{ done: false, value: "b" }, true]);
});

test("SourceReader.ask() waits for whatever has a `then`", async () => {
  const then = (resolve: (result: unknown) => void) => resolve({ done: false, value: "a" });
  assertEquals(await opened(sourceOf({ next: () => ({ then }) })).ask(), { done: false, value: "a" });
});

test("SourceReader.ask() throws or rejects when next() returns no object, or throws", async () => {
  for (const result of [undefined, null, 5, "a"]) {
    assertThrows(
      () => opened(sourceOf({ next: () => result })).ask(),
      TypeError,
      "next() must give an object",
    );
    const later = { then: (resolve: (result: unknown) => void) => resolve(result) };
    const rejected = opened(sourceOf({ next: () => later })).ask() as Promise<unknown>;
    await assertRejects(() => rejected, TypeError, "next() must give an object");
  }
  const next = () => {
    throw new Error("broken");
  };
  assertThrows(() => opened(sourceOf({ next })).ask(), Error, "broken");
});

test("SourceReader.close() waits for the source, and rejects with what it throws", async () => {
  let ends = 0;
  const later = () => Promise.resolve().then(() => ends++);
  await opened(sourceOf({ return: later })).close();
  assertEquals(ends, 1);
  await new SourceReader(sourceOf({ return: later })).close();
  assertEquals(ends, 1);

  const broken = opened(sourceOf({ return: () => Promise.reject(new Error("stuck")) }));
  await assertRejects(() => broken.close(), Error, "stuck");
});

test("SourceReader.closeUnheard() closes a source once, not during its own next(), and hides an error of that", async () => {
  const steps: string[] = [];
  const reader: SourceReader = opened(sourceOf({
    next: () => {
      reader.closeUnheard();
      steps.push("asked");
      return { done: false, value: "a" };
    },
    return: () => {
      steps.push("closed");
      throw new Error("stuck");
    },
  }));
  assertEquals(reader.ask(), { done: false, value: "a" });
  assertEquals(steps, ["asked", "closed"]);

  const ended: SourceReader = opened(sourceOf({
    next: () => {
      ended.closeUnheard();
      return { done: true, value: undefined };
    },
    return: () => steps.push("closed again"),
  }));
  ended.ask();
  await Promise.resolve();
  assertEquals(steps.length, 2);
});

test("SourceReader does not ask an async source that was closed before its turn came", async () => {
  let asked = 0;
  const reader = opened({
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: false, value: `${asked++}` }),
    }),
  });
  assertEquals(await reader.ask(), { done: false, value: "0" });
  const next = reader.ask();
  reader.closeUnheard();
  assertEquals([(await next).done, asked], [true, 1]);
});
