import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { InvalidDataError } from "../../src/errors.ts";
import { decodeBody, type DecodeOptions } from "../../src/schemas/decode.ts";
import { test } from "../support/test.ts";

const describe = () => ({ url: "https://a.test/", method: "GET", attempts: 2 });

function options(rest: Partial<DecodeOptions> = {}): DecodeOptions {
  return { as: "json", schema: undefined, describe, ...rest };
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

test("decodeBody() gives the same for bytes and for the text that they are", () => {
  for (const text of ["[1]", "null", '"é"', ""]) {
    assertEquals(decodeBody(bytes(text), options()), decodeBody(text, options()));
    assertEquals(decodeBody(bytes(text), options({ as: "text" })), text);
  }
});

test("S9: decodeBody() gives undefined for an empty body as JSON, and null for null", () => {
  assertEquals([decodeBody("", options()), decodeBody("null", options())], [undefined, null]);
});

test("decodeBody() takes a byte order mark for none of the text", () => {
  assertEquals(decodeBody(bytes("\ufeff[1]"), options()), [1]);
});

test("decodeBody() hands bytes through as they are", () => {
  const body = bytes("x");
  assertStrictEquals(decodeBody(body, options({ as: "bytes" })), body);
});

test("decodeBody() tells JSON that ends early from what is no JSON", () => {
  const early = assertThrows(() => decodeBody('{"a":[1', options()), InvalidDataError);
  const html = assertThrows(() => decodeBody("<html>", options()), InvalidDataError);
  assertEquals([early.reason, html.reason], ["truncated", "not-json"]);
  assertEquals([early.url, early.method, early.attempts], ["https://a.test/", "GET", 2]);
});

test("decodeBody() gives what a schema makes of the value, and says what it finds wrong and where", () => {
  const schema = v.object({ laps: v.array(v.object({ time: v.pipe(v.string(), v.transform(Number)) })) });
  assertEquals(decodeBody('{"laps":[{"time":"91.5"}]}', options({ schema })), { laps: [{ time: 91.5 }] });
  const error = assertThrows(
    () => decodeBody('{"laps":[{"time":1}]}', options({ schema })),
    InvalidDataError,
  );
  assertEquals([error.reason, error.issues[0]?.path], ["schema", "laps.0.time"]);
});

test("decodeBody() waits for a schema that is asynchronous", async () => {
  const schema = v.pipeAsync(v.number(), v.checkAsync((value) => Promise.resolve(value > 1), "too small"));
  assertEquals(await decodeBody("2", options({ schema })), 2);
  await assertRejects(async () => await decodeBody("1", options({ schema })), InvalidDataError, "too small");
});
