import { assert, assertEquals } from "@std/assert";
import { findJsonFault } from "../../src/schemas/json_fault.ts";
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

function endsEarly(text: string): boolean {
  return findJsonFault(text)?.endsEarly ?? false;
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

test("findJsonFault() recognizes every proper prefix of a JSON document", () => {
  const random = seededRandom(11);
  for (let round = 0; round < 200; round++) {
    const text = JSON.stringify(randomValue(random, 0), null, round % 3);
    for (let end = 0; end < text.length; end++) {
      const prefix = text.slice(0, end);
      assert(isJson(prefix) || endsEarly(prefix), prefix);
    }
  }
});

test("findJsonFault() does not take a text for a prefix that can't be one", () => {
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
    assertEquals(findJsonFault(text)?.endsEarly, false, text);
  }
});

test("findJsonFault() does not overflow the stack, however deep the nesting", () => {
  assertEquals(findJsonFault("[".repeat(100_000)), { endsEarly: true, position: 100_000 });
  assertEquals(findJsonFault('{"a":'.repeat(100_000) + "x"), { endsEarly: false, position: 500_000 });
});

test("findJsonFault() returns the position of the first word or character that does not fit", () => {
  for (
    const [text, position] of [
      ['{"time":[81.5,NaN]}', 14],
      ['{"a":undefined}', 5],
      ["[1, -Infinity]", 4],
      ["<html>", 0],
      ["  \n<html>", 3],
      ["{a:1}", 1],
      ['{"a":1,}', 7],
      ['{"a" 1}', 5],
      ["[1,,2]", 3],
      ["[1 2]", 3],
      ["[1]x", 3],
      ["[1] {}", 4],
      ["[01]", 1],
      ["[1.5e]", 1],
      ["[tru]", 1],
      ["{'a':1}", 1],
      ['["a\nb"]', 3],
      ['["a\\x41"]', 3],
      ['["\\u12g4"]', 2],
      ['{"é😀":nope}', 7],
      ["]", 0],
    ] as const
  ) {
    assertEquals(findJsonFault(text), { endsEarly: false, position }, text);
  }
});

test("findJsonFault() returns the length of a text that ends early", () => {
  for (const text of ["[", '{"a":', '"ab', "tru", "1.", "-", "[1, ", '["\\u12']) {
    assertEquals(findJsonFault(text), { endsEarly: true, position: text.length }, text);
  }
});

test("findJsonFault() finds no fault in JSON", () => {
  for (const text of ["1", " null ", '{"a":[1,{"b":"\\u0041"}]}', "-0.5e+7", '""']) {
    assertEquals(findJsonFault(text), undefined, text);
  }
});

test("findJsonFault() never reports a fault too late or too early", () => {
  const random = seededRandom(29);
  for (let round = 0; round < 2_000; round++) {
    const whole = JSON.stringify(randomValue(random, 0), null, round % 3);
    const at = Math.floor(random() * whole.length);
    const text = `${whole.slice(0, at)}${'NaN<,]}"\\ :x'[Math.floor(random() * 13)]}${whole.slice(at + 1)}`;
    const fault = findJsonFault(text);
    assertEquals(fault === undefined, isJson(text), text);
    if (fault === undefined || fault.endsEarly) continue;
    // The text before the fault may be a prefix of JSON; with the rest it is none.
    const before = text.slice(0, fault.position);
    assert(before === "" || isJson(before) || endsEarly(before), `${text} at ${fault.position}`);
    assert(!endsEarly(text), text);
  }
});
