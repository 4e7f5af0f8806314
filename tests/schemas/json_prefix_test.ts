import { assert, assertEquals } from "@std/assert";
import { isJsonPrefix } from "../../src/schemas/json_prefix.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function randomValue(random: () => number, depth: number): unknown {
  const kind = Math.floor(random() * (depth > 3 ? 5 : 7));
  if (kind === 0) return null;
  if (kind === 1) return random() < 0.5;
  if (kind === 2) return Math.round((random() - 0.5) * 1e6) / 10 ** Math.floor(random() * 8);
  if (kind === 3) return 'a"\\\n\u2028é😀'.slice(0, Math.floor(random() * 9));
  if (kind === 4) return random() * 1e300;
  const values = Array.from({ length: Math.floor(random() * 4) }, () => randomValue(random, depth + 1));
  return kind === 5 ? values : Object.fromEntries(values.map((value, index) => [`k${index}`, value]));
}

test("isJsonPrefix() knows every beginning of a document that is no document itself", () => {
  const random = seededRandom(11);
  for (let round = 0; round < 200; round++) {
    const text = JSON.stringify(randomValue(random, 0), null, round % 3);
    for (let end = 0; end < text.length; end++) {
      const prefix = text.slice(0, end);
      assert(isJson(prefix) || isJsonPrefix(prefix), prefix);
    }
  }
});

test("isJsonPrefix() takes nothing for a beginning that can't be one", () => {
  const texts = [
    "<html>",
    "{a",
    "[1,,",
    '{"a" 1',
    '{"a":1,}',
    "[1 2",
    "tru1",
    "nul ",
    "01",
    "-a",
    "1.e",
    "]",
    "}",
    '"\n',
  ];
  for (
    const text of [
      ...texts,
      '"\\x',
      '"\\u12g',
      "[1]x",
      '{"a":1}}',
      "undefined",
      "NaN",
      "'a",
      "+1",
      "{1",
      "[,",
    ]
  ) {
    assertEquals(isJsonPrefix(text), false, text);
  }
});

test("isJsonPrefix() does not overflow the stack, however deep the nesting", () => {
  assertEquals(isJsonPrefix("[".repeat(100_000)), true);
  assertEquals(isJsonPrefix('{"a":'.repeat(100_000) + "x"), false);
});
