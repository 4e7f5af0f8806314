import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { InvalidDataError, isError } from "../../src/errors.ts";
import { decodeBody, type DecodeOptions, DIALECT, dialectOf } from "../../src/schemas/decode.ts";
import type { StandardSchemaV1 } from "../../src/schemas/standard_schema.ts";
import { runtime, test } from "../support/test.ts";

const describe = () => ({ url: "https://a.test/", method: "GET", attempts: 2 });

function options(rest: Partial<DecodeOptions> = {}): DecodeOptions {
  return { as: "json", schema: undefined, describe, ...rest };
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

test("decodeBody() returns the same for bytes and for their text", () => {
  for (const text of ["[1]", "null", '"é"', ""]) {
    assertEquals(decodeBody(bytes(text), options()), decodeBody(text, options()));
    assertEquals(decodeBody(bytes(text), options({ as: "text" })), text);
  }
});

test("decodeBody() refuses bytes that are more than a string can hold", () => {
  const body = new Uint8Array(runtime === "bun" ? 2 ** 31 : 2 ** 29);
  for (const as of ["json", "text"] as const) {
    const error = assertThrows(() => decodeBody(body, options({ as })), InvalidDataError);
    assertEquals([error.reason, isError(error.cause)], ["too-large", true]);
  }
});

test("S9: decodeBody() gives undefined for an empty body as JSON, and null for null", () => {
  assertEquals([decodeBody("", options()), decodeBody("null", options())], [undefined, null]);
});

test("S9: decodeBody() gives undefined for a body of white space alone as JSON, and the text as text", () => {
  for (const text of [" ", "\n", "\r\n", " \t\r\n ", " ".repeat(100_000), "\ufeff", "\ufeff\n"]) {
    assertEquals(decodeBody(bytes(text), options()), undefined, JSON.stringify(text.slice(0, 9)));
  }
  assertEquals(decodeBody(" \n", options()), undefined);
  assertEquals(decodeBody(bytes(" \n"), options({ as: "text" })), " \n");
  assertEquals(decodeBody(" ", options({ schema: v.optional(v.number(), 7) })), 7);
});

test("decodeBody() does not accept white space that JSON does not allow", () => {
  for (const text of ["\u00a0", "\v", "\f", "\u2028", "\0"]) {
    const error = assertThrows(() => decodeBody(text, options()), InvalidDataError);
    assertEquals([error.reason, error.position], ["not-json", 0]);
  }
});

test("decodeBody() removes a byte order mark from the text", () => {
  assertEquals(decodeBody(bytes("\ufeff[1]"), options()), [1]);
});

test("decodeBody() returns bytes as they are", () => {
  const body = bytes("x");
  assertStrictEquals(decodeBody(body, options({ as: "bytes" })), body);
});

test("decodeBody() tells truncated JSON from wrong JSON", () => {
  const early = assertThrows(() => decodeBody('{"a":[1', options()), InvalidDataError);
  const html = assertThrows(() => decodeBody("<html>", options()), InvalidDataError);
  assertEquals([early.reason, html.reason], ["truncated", "not-json"]);
  assertEquals([early.url, early.method, early.attempts], ["https://a.test/", "GET", 2]);
});

test("decodeBody() reports where a text stops being JSON, and at which character", () => {
  const long = `{"time":[${Array(400).fill("81.5").join(",")},NaN]}`;
  for (
    const [text, position, words] of [
      ['{"time":[1,NaN]}', 11, "unexpected 'NaN' at position 11"],
      [long, long.indexOf("NaN"), `unexpected 'NaN' at position ${long.indexOf("NaN")}`],
      ['{"a":-Infinity}', 5, "unexpected '-Infinity' at position 5"],
      ["[1,]", 3, "unexpected ']' at position 3"],
      ["{'a':1}", 1, `unexpected "'" at position 1`],
      ['["a\nb"]', 3, "unexpected U+000A at position 3"],
      ['["a\\x41"]', 3, "unexpected '\\x41' at position 3"],
      ["[1]\u2028", 3, "unexpected U+2028 at position 3"],
      ["[😀]", 1, "unexpected '😀' at position 1"],
      [`[${"x".repeat(1_000)}]`, 1, `unexpected '${"x".repeat(20)}' at position 1`],
    ] as const
  ) {
    for (const body of [text, bytes(text)]) {
      const error = assertThrows(() => decodeBody(body, options()), InvalidDataError, words);
      assertEquals([error.reason, error.position], ["not-json", position]);
    }
  }
});

test("decodeBody() says in its error where redirects have led to", () => {
  const redirected = () => ({ ...describe(), context: { redirectedTo: "https://b.test/login" } });
  const error = assertThrows(() => decodeBody("<html>", options({ describe: redirected })), InvalidDataError);
  const where =
    "The response to GET https://a.test/, redirected to https://b.test/login, is not JSON but HTML";
  assert(error.message.startsWith(where), error.message);
});

test("decodeBody() quotes the beginning of a text that is not JSON at all, and says if it is HTML", () => {
  for (
    const [text, words] of [
      ["<!doctype html><p>", "is not JSON but HTML: it begins with '<!doctype html><p>'"],
      ["\n<HTML lang=en>", "is not JSON but HTML"],
      ["<html>", "is not JSON but HTML"],
      ['<?xml version="1.0"?><Error/>', "is not JSON but XML"],
      ["<htmlx>", "is not JSON: it begins with '<htmlx>'"],
      ["maintenance", "is not JSON: it begins with 'maintenance'"],
      [`no ${"x".repeat(100)}`, `is not JSON: it begins with 'no ${"x".repeat(57)}…'`],
    ] as const
  ) {
    assertThrows(() => decodeBody(text, options()), InvalidDataError, words);
  }
});

test("decodeBody() reports after how many characters truncated JSON ends", () => {
  const error = assertThrows(() => decodeBody('{"é":[1', options()), InvalidDataError, "after 7 characters");
  assertEquals([error.reason, error.position], ["truncated", 7]);
});

test("decodeBody() reports no position for a value that a schema refuses", () => {
  const error = assertThrows(() => decodeBody("1", options({ schema: v.string() })), InvalidDataError);
  assertEquals(error.position, undefined);
});

test("decodeBody() returns the output of a schema, or reports its issues with their paths", () => {
  const schema = v.object({ laps: v.array(v.object({ time: v.pipe(v.string(), v.transform(Number)) })) });
  assertEquals(decodeBody('{"laps":[{"time":"91.5"}]}', options({ schema })), { laps: [{ time: 91.5 }] });
  const error = assertThrows(
    () => decodeBody('{"laps":[{"time":1}]}', options({ schema })),
    InvalidDataError,
  );
  assertEquals([error.reason, error.issues[0]?.path], ["schema", "laps.0.time"]);
});

test("decodeBody() waits for an asynchronous schema", async () => {
  const schema = v.pipeAsync(v.number(), v.checkAsync((value) => Promise.resolve(value > 1), "too small"));
  assertEquals(await decodeBody("2", options({ schema })), 2);
  await assertRejects(async () => await decodeBody("1", options({ schema })), InvalidDataError, "too small");
});

test("decodeBody() returns a native promise if a schema returns another thenable", async () => {
  /** A promise of a library, or of another realm. */
  const later = (result: unknown) => ({ then: (give: (result: unknown) => unknown) => void give(result) });
  const schemaOf = (result: unknown): StandardSchemaV1 => ({
    "~standard": { version: 1, vendor: "test", validate: () => later(result) as never },
  });
  const good = decodeBody("1", options({ schema: schemaOf({ value: 2 }) }));
  assert(good instanceof Promise);
  assertEquals(await good, 2);
  const bad = decodeBody("1", options({ schema: schemaOf({ issues: [{ message: "no" }] }) }));
  assert(bad instanceof Promise);
  await assertRejects(async () => await bad, InvalidDataError, "no");
});

test("decodeBody() names the part of a response that is wrong, if it is told", () => {
  const describe = () => ({ url: "https://a.test/", method: "GET", context: { line: 3 } });
  const options = { as: "json", schema: undefined, describe, part: () => "Line 3 of the response" } as const;
  const error = assertThrows(() => decodeBody("[1,x]", options), InvalidDataError);
  assertEquals(
    [error.message, error.context],
    ["Line 3 of the response to GET https://a.test/ is not JSON: unexpected 'x' at position 3", { line: 3 }],
  );
});

test("decodeBody() says what is wrong with a schema that returns no result", async () => {
  const schemaOf = (result: unknown): StandardSchemaV1 =>
    ({ "~standard": { version: 1, vendor: "test", validate: () => result } }) as StandardSchemaV1;
  const rule = "Cannot validate as the schema's validate() must give { value } or { issues }: received ";
  for (const result of [undefined, null, true, 5, "x"]) {
    const options = { as: "json" as const, describe: () => ({}) };
    assertThrows(
      () => decodeBody("1", { ...options, schema: schemaOf(result) }),
      TypeError,
      rule + String(result),
    );
    const later = async (): Promise<unknown> =>
      await decodeBody("1", { ...options, schema: schemaOf(Promise.resolve(result)) });
    await assertRejects(later, TypeError, rule + String(result));
  }
  for (const issues of [null, "x", {}]) {
    const options = { as: "json" as const, describe: () => ({}), schema: schemaOf({ issues }) };
    assertThrows(() => decodeBody("1", options), TypeError, rule + "issues that are no array");
  }
});

/** A schema of texts, which reads words without quotation marks. */
const words = Object.assign(v.string(), {
  [DIALECT]: (text: string): unknown => {
    if (/^\w+$/.test(text)) return text;
    throw new SyntaxError("no word");
  },
});

test("dialectOf() gives the parser of a schema, also of one derived from it, and none of others", () => {
  assertEquals(dialectOf(words), words[DIALECT]);
  assertEquals(dialectOf(v.pipe(words, v.toUpperCase())), words[DIALECT]);
  assertEquals([dialectOf(v.string()), dialectOf(undefined)], [undefined, undefined]);
});

test("decodeBody() reads a text that is no JSON in the dialect, and validates the value", () => {
  const options = { as: "json", schema: v.pipe(words, v.toUpperCase()), dialect: words, describe } as const;
  assertEquals([decodeBody("abc", options), decodeBody('"d"', options)], ["ABC", "D"]);
  assertEquals(decodeBody("abc", { ...options, schema: undefined }), "abc");
});

test("decodeBody() says why a text is no JSON if it is not in the dialect either", () => {
  const options = { as: "json", schema: words, dialect: words, describe } as const;
  const error = assertThrows(() => decodeBody("[1", options), InvalidDataError, "JSON that ends early");
  assertEquals(error.reason, "truncated");
});
