import { assertEquals } from "@std/assert";
import { ndjsonLine } from "../../src/cli/ndjson.ts";
import { test } from "../support/test.ts";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

test("ndjsonLine() without a body has the fields only", () => {
  assertEquals(ndjsonLine({ url: "https://h/\n", ok: false }), '{"url":"https://h/\\n","ok":false}\n');
});

test("ndjsonLine() inserts JSON unchanged, on one line", () => {
  const body = '\ufeff{\r\n  "big": 12345678901234567890,\n  "whole": 1.0,\n  "text": "a\\nb"\n}\n';
  assertEquals(
    ndjsonLine({ url: "u" }, bytes(body)),
    '{"url":"u","value":{   "big": 12345678901234567890,   "whole": 1.0,   "text": "a\\nb" }}\n',
  );
  for (const scalar of ["null", "0", '"a"', "[]"]) {
    assertEquals(ndjsonLine({ a: 1 }, bytes(scalar)), `{"a":1,"value":${scalar}}\n`);
  }
});

test("ndjsonLine() inserts other text as a string", () => {
  for (const text of ["", "<html>\n", '{"cut": [1, 2', "NaN", "é\u2028"]) {
    const line = ndjsonLine({ a: 1 }, bytes(text));
    assertEquals(JSON.parse(line), { a: 1, text });
    assertEquals(line.indexOf("\n"), line.length - 1);
  }
});

test("ndjsonLine() inserts bytes as base64", () => {
  const body = Uint8Array.from({ length: 100_000 }, (_, index) => index % 256);
  const { base64 } = JSON.parse(ndjsonLine({}, body).replace("{,", "{")) as { base64: string };
  assertEquals(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)), body);
});
