import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { InvalidDataError } from "../../src/errors.ts";
import { decodeBody } from "../../src/schemas/decode.ts";
import { DIALECT, dialectOf } from "../../src/schemas/dialect.ts";
import { test } from "../support/test.ts";

const describe = () => ({ url: "https://a.test/", method: "GET", attempts: 2 });

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
