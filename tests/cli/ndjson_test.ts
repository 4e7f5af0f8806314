import { assertEquals } from "@std/assert";
import { ndjsonBodyLine, ndjsonLine } from "../../src/cli/ndjson.ts";
import { test } from "../support/test.ts";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const joined = (line: string | Iterable<string>): string =>
  typeof line === "string" ? line : [...line].join("");
/** The length of a piece of a long body. */
const PIECE = 3 * 2 ** 20;

test("ndjsonLine() has the fields", () => {
  assertEquals(ndjsonLine({ url: "https://h/\n", ok: false }), '{"url":"https://h/\\n","ok":false}\n');
});

test("ndjsonBodyLine() inserts JSON unchanged, on one line", () => {
  const body = '\ufeff{\r\n  "big": 12345678901234567890,\n  "whole": 1.0,\n  "text": "a\\nb"\n}\n';
  assertEquals(
    ndjsonBodyLine({ url: "u" }, bytes(body)),
    '{"url":"u","value":{   "big": 12345678901234567890,   "whole": 1.0,   "text": "a\\nb" }}\n',
  );
  for (const scalar of ["null", "0", '"a"', "[]"]) {
    assertEquals(ndjsonBodyLine({ a: 1 }, bytes(scalar)), `{"a":1,"value":${scalar}}\n`);
  }
});

test("ndjsonBodyLine() inserts other text as a string", () => {
  for (const text of ["", "<html>\n", '{"cut": [1, 2', "NaN", "é\u2028"]) {
    const line = ndjsonBodyLine({ a: 1 }, bytes(text)) as string;
    assertEquals(JSON.parse(line), { a: 1, text });
    assertEquals(line.indexOf("\n"), line.length - 1);
  }
});

test("ndjsonBodyLine() inserts bytes as base64", () => {
  for (const length of [1, 2, 3, 100_000, PIECE - 1, PIECE, PIECE + 1]) {
    const body = Uint8Array.from({ length }, (_, index) => (index + 255) % 256);
    const line = ndjsonBodyLine({ a: 1 }, body);
    const { base64 } = JSON.parse(joined(line)) as { base64: string };
    assertEquals(typeof line === "string", length <= PIECE);
    assertEquals(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)), body);
  }
});

test("ndjsonBodyLine() makes a long line in pieces, of which none grows with the body", () => {
  const binary = new Uint8Array(2 * PIECE).fill(255);
  const text = bytes(`a${"\u{1f600}".repeat(PIECE)}\n`);
  const json = bytes(`["\u{1f600}",\n${'"\u{1f600}",\n'.repeat(PIECE / 4)}1]\n`);
  for (const body of [binary, text, json]) {
    const line = ndjsonBodyLine({ a: 1 }, body);
    assertEquals(typeof line, "object");
    const pieces = [...line];
    assertEquals(Math.max(...pieces.map(({ length }) => length)) <= PIECE / 3 * 4, true);
    assertEquals(pieces.every((piece) => piece.isWellFormed()), true);
    assertEquals(joined(pieces).indexOf("\n"), joined(pieces).length - 1);
    const { text, value } = JSON.parse(joined(pieces));
    if (text !== undefined) assertEquals(bytes(text), body);
    if (value !== undefined) assertEquals(bytes(JSON.stringify(value)).length, body.length - 2 - PIECE / 4);
  }
});
