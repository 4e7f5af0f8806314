import { assert, assertEquals, assertThrows } from "@std/assert";
import { jsonBody, ownJson } from "../../src/http/json_body.ts";
import { test } from "../support/test.ts";

test("jsonBody() serializes values that JSON can hold", () => {
  for (const value of [null, 0, "", "text", false, [], {}, [1, { a: null }]]) {
    assertEquals(JSON.parse(jsonBody(value)), value);
  }
  assertEquals(jsonBody({ toJSON: () => "own" }), `"own"`);
});

test("jsonBody() refuses values that JSON can't hold, and says why", () => {
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  for (const value of [loop, 1n, () => 1, Symbol("s")]) {
    const error = assertThrows(
      () => jsonBody(value),
      TypeError,
      "'json' must be a value that can be written as JSON",
    );
    // Some runtimes draw the path of a circular reference, line by line.
    assert(!error.message.includes("\n"), error.message);
  }
});

test("jsonBody() refuses values whose content would be lost, such as a promise or a form", () => {
  const lost = [
    Promise.resolve(1),
    new Map([[1, 2]]),
    new Set([1]),
    new FormData(),
    new Blob(["x"]),
    new URLSearchParams("a=1"),
    new Uint8Array(2),
    new ArrayBuffer(2),
    new ReadableStream(),
    new Error("x"),
    /x/,
  ];
  for (const value of lost) {
    assertThrows(() => jsonBody(value), TypeError, "of which the content would be lost");
  }
  class Own {
    readonly a = 1;
  }
  class Empty {}
  assertEquals([new Own(), new Empty(), Object.create(null), new Date(0)].map(jsonBody), [
    `{"a":1}`,
    "{}",
    "{}",
    `"1970-01-01T00:00:00.000Z"`,
  ]);
});

test("jsonBody() reports the received value in its own words", () => {
  assertThrows(() => jsonBody({ toJSON: () => undefined }), TypeError, "received an object");
  assertThrows(() => jsonBody(() => 1), TypeError, "received a function");
});

test("ownJson() copies a value with the same JSON, and refuses what JSON can't hold", () => {
  const value = { when: new Date(0), list: [{ a: 1 }], lost: undefined };
  const copy = ownJson(value);
  const text = jsonBody(value);
  value.list.push({ a: 2 });
  assertEquals(jsonBody(copy), text);
  for (const each of [null, 0, "", false, []]) assertEquals(ownJson(each), each);
  assertThrows(() => ownJson({ a: 1n }), TypeError, "'json' must be a value");
});
