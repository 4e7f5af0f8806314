import { assertEquals } from "@std/assert";
import { closingQuote, splitOutsideQuotes } from "../../src/http/quoted_text.ts";
import { test } from "../support/test.ts";

test("splitOutsideQuotes() splits at a character outside of quotes, and keeps the parts as they are", () => {
  const cases: [text: string, parts: string[]][] = [
    ["", [""]],
    ["a", ["a"]],
    ["a, b ,c", ["a", " b ", "c"]],
    [",a,,", ["", "a", "", ""]],
    ['a="1,2", b', ['a="1,2"', " b"]],
    ['"a\\",b",c', ['"a\\",b"', "c"]],
    ['"",""', ['""', '""']],
    ["a\\,b", ["a\\", "b"]],
  ];
  for (const [text, parts] of cases) {
    for (const unclosed of ["quote", "text"] as const) {
      assertEquals(splitOutsideQuotes(text, ",", unclosed), parts, text);
    }
  }
  assertEquals(splitOutsideQuotes('a;"b;c";d,e', ";", "text"), ["a", '"b;c"', "d,e"]);
});

test("splitOutsideQuotes() treats a quote that never ends as it is told to", () => {
  const cases: [text: string, asQuote: string[], asText: string[]][] = [
    ['a,"b,c', ["a", '"b,c'], ["a", '"b', "c"]],
    ['"', ['"'], ['"']],
    ['"a","b,"c,d', ['"a"', '"b,"c', "d"], ['"a"', '"b,"c', "d"]],
    ['"a\\",b', ['"a\\",b'], ['"a\\"', "b"]],
    ['a"b,c"d,e"f,g', ['a"b,c"d', 'e"f,g'], ['a"b,c"d', 'e"f', "g"]],
  ];
  for (const [text, asQuote, asText] of cases) {
    assertEquals(splitOutsideQuotes(text, ",", "quote"), asQuote, text);
    assertEquals(splitOutsideQuotes(text, ",", "text"), asText, text);
  }
});

test("closingQuote() finds the end of a quoted string after escaped quotes", () => {
  assertEquals([closingQuote('"ab"', 0), closingQuote('x"a\\"b"', 1), closingQuote('""', 0)], [3, 6, 1]);
  assertEquals([closingQuote('"ab', 0), closingQuote('"ab\\"', 0), closingQuote('"\\', 0)], [-1, -1, -1]);
});
