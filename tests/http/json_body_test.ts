import { assertEquals, assertThrows } from "@std/assert";
import { jsonBody } from "../../src/http/json_body.ts";
import { test } from "../support/test.ts";

test("jsonBody() writes what JSON can hold", () => {
  for (const value of [null, 0, "", "text", false, [], {}, [1, { a: null }]]) {
    assertEquals(JSON.parse(jsonBody(value)), value);
  }
  assertEquals(jsonBody({ toJSON: () => "own" }), `"own"`);
});

test("jsonBody() refuses what JSON can't hold, saying why", () => {
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  for (const value of [loop, 1n, () => 1, Symbol("s")]) {
    assertThrows(() => jsonBody(value), TypeError, "'json' must be a value that can be written as JSON");
  }
});
