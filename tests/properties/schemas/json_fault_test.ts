import { assert, assertEquals } from "@std/assert";
import { InvalidDataError } from "../../../src/errors.ts";
import { decodeBody } from "../../../src/schemas/decode.ts";
import { findJsonFault } from "../../../src/schemas/json_fault.ts";
import { fc } from "../property.ts";
import { test } from "../../support/test.ts";

const PIECES = [
  ...'[]{},: \n"\\-+.eE0',
  "12",
  "true",
  "fals",
  "null",
  '"a"',
  "\\u00",
  "\0",
  "é",
  "\ud800",
  "\uFEFF",
  "NaN",
  '"__proto__":',
];
const soup = fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }).map((pieces) => pieces.join(""));
const document = fc.tuple(fc.jsonValue(), fc.constantFrom(undefined, 1, "\t")).map(([value, space]) =>
  JSON.stringify(value, undefined, space)
);
/** Draws a JSON document with a small change. */
const changed = fc.tuple(document, fc.nat(), fc.nat(3), fc.constantFrom(...PIECES, "")).map(
  ([text, at, dropped, piece]) => {
    const index = at % (text.length + 1);
    return text.slice(0, index) + piece + text.slice(index + dropped);
  },
);
const text = fc.oneof(soup, changed, fc.string());

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("findJsonFault() finds a fault in a text if and only if JSON.parse() refuses it", () => {
  fc.assert(fc.property(text, (text) => assertEquals(findJsonFault(text) === undefined, isJson(text))));
});

test("findJsonFault() calls every beginning of a document one that ends early, unless it is a document", () => {
  fc.assert(fc.property(document, fc.nat(), (text, at) => {
    const beginning = text.slice(0, at % text.length);
    const fault = findJsonFault(beginning);
    if (!isJson(beginning)) assertEquals(fault, { endsEarly: true, position: beginning.length });
  }));
});

test("findJsonFault() says where the first character is that does not fit: all before it does", () => {
  fc.assert(fc.property(text, (text) => {
    const fault = findJsonFault(text);
    if (fault === undefined || fault.endsEarly) return;
    assert(fault.position < text.length);
    const before = findJsonFault(text.slice(0, fault.position));
    assert(before === undefined || before.endsEarly, JSON.stringify(before));
  }));
});

test("decodeBody() gives the value or an InvalidDataError, of text and of bytes alike", () => {
  const decode = (body: string | Uint8Array<ArrayBuffer>): unknown => {
    try {
      return [decodeBody(body, { as: "json", schema: undefined, describe: () => ({}) })];
    } catch (error) {
      assert(error instanceof InvalidDataError);
      assert(error.message.length < 200, error.message);
      return [error.message, error.reason, error.position];
    }
  };
  fc.assert(fc.property(text, (text) => {
    const wellFormed = text.toWellFormed();
    const bytes = new TextEncoder().encode(wellFormed);
    // Decoding bytes to text removes a byte order mark.
    assertEquals(decode(bytes), decode(wellFormed.replace(/^\uFEFF/, "")));
  }));
});
