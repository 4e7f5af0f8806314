import { assertEquals } from "@std/assert";
import { parseContentRange } from "../../src/download/content_range.ts";
import { test } from "../support/test.ts";

test("parseContentRange() reads a part of bytes", () => {
  assertEquals(parseContentRange("bytes 0-0/1"), { start: 0, end: 1, totalBytes: 1 });
  assertEquals(parseContentRange("Bytes 5-9/100"), { start: 5, end: 10, totalBytes: 100 });
});

test("parseContentRange() refuses malformed and impossible ranges", () => {
  const values = [
    null,
    "",
    "bytes",
    "bytes 0-9",
    "bytes 0-9/*",
    "bytes */9",
    "bytes 9-0/10",
    "bytes 0-10/10",
  ];
  for (
    const value of [
      ...values,
      "bytes 0-9/10, bytes 0-9/10",
      "items 0-9/10",
      "bytes -1-9/10",
      "bytes 0x0-9/10",
    ]
  ) {
    assertEquals(parseContentRange(value), undefined, String(value));
  }
  assertEquals(parseContentRange(`bytes 0-9/${"9".repeat(20)}`), undefined);
});
