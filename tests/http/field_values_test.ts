import { assertEquals } from "@std/assert";
import { trimSpace } from "../../src/http/field_values.ts";
import { test } from "../support/test.ts";

test("trimSpace() takes spaces and tabs off both ends, and nothing else", () => {
  const cases: readonly [string, string][] = [
    ["", ""],
    [" \t ", ""],
    ["a", "a"],
    ["\t a  b \t", "a  b"],
    ["\u00a0a\u00a0", "\u00a0a\u00a0"],
    ["\na\n", "\na\n"],
  ];
  for (const [text, expected] of cases) assertEquals(trimSpace(text), expected);
});

test("trimSpace() ends for a long run of spaces inside", () => {
  const text = `a${" ".repeat(200_000)}b`;
  assertEquals(trimSpace(text), text);
});
