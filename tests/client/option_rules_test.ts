import { assertEquals } from "@std/assert";
import { object as schemaOfObject } from "valibot";
import {
  arrayOf,
  atLeast0Ms,
  both,
  callable,
  count,
  errorStatus,
  flag,
  hasMethods,
  isBare,
  isFalse,
  isStandardSchema,
  members,
  number,
  oneOf,
  optionalAny,
  plain,
  positiveInteger,
  positiveMs,
  required,
  type Rule,
  rule,
  strict,
  text,
  unless,
} from "../../src/client/option_rules.ts";
import { test } from "../support/test.ts";

/** Returns the message about a value; `undefined` if the value is fine. */
function faultOf(rule: Rule, value: unknown): string | undefined {
  return rule(value)?.message;
}

/** The values that each rule accepts and refuses, and its message. */
const RULES: Record<string, {
  readonly rule: Rule;
  readonly good: readonly unknown[];
  readonly bad: readonly unknown[];
  readonly message: string;
}> = {
  positiveMs: {
    rule: positiveMs,
    good: [0.5, 1, 1e12, Infinity],
    bad: [0, -1, -Infinity, NaN, "1", null, undefined, 1n],
    message: "must be a positive number of milliseconds, or Infinity",
  },
  positiveInteger: {
    rule: positiveInteger,
    good: [1, 20, 1e6],
    bad: [0, -1, 1.5, Infinity, NaN, "1", null],
    message: "must be a positive integer",
  },
  count: {
    rule: count,
    good: [0, 1, 1e6],
    bad: [-1, 0.5, Infinity, NaN, "0", null, true],
    message: "must be a whole number of at least 0",
  },
  atLeast0Ms: {
    rule: atLeast0Ms,
    good: [0, 0.5, Infinity],
    bad: [-0.5, -Infinity, NaN, "0", null],
    message: "must be a number of milliseconds of at least 0",
  },
  errorStatus: {
    rule: errorStatus,
    good: [400, 503, 599],
    bad: [399, 600, 404.5, NaN, "404", null],
    message: "must be an integer from 400 to 599",
  },
  flag: { rule: flag, good: [true, false], bad: [0, 1, "true", null], message: "must be true or false" },
  callable: {
    rule: callable,
    good: [() => {}, Date, Math.random],
    bad: [{}, "f", null, 5],
    message: "must be a function",
  },
  number: {
    rule: number("an even number", (value) => value % 2 === 0),
    good: [0, 2, -4],
    bad: [1, NaN, "2", null],
    message: "must be an even number",
  },
};

for (const [name, { rule, good, bad, message }] of Object.entries(RULES)) {
  test(`${name} accepts good values, and says of all others that the option ${message}`, () => {
    for (const value of good) assertEquals(faultOf(rule, value), undefined);
    for (const value of bad) assertEquals(faultOf(rule, value), message);
  });
}

const anything: Rule = () => undefined;
const NUMBERED = strict({ limit: count }, "must be an object");

class Options {
  limit = 5;
}

test("plain() accepts objects that are no instances of a class", () => {
  const rule = plain("options", anything);
  for (const value of [{}, { limit: 5 }, Object.create(null), structuredClone({ limit: 5 })]) {
    assertEquals(faultOf(rule, value), undefined);
  }
});

test("plain() refuses instances of classes, whose members would not be read", () => {
  const rule = plain("options of a limit", NUMBERED);
  for (const value of [new Options(), new Date(), new Map(), [], () => {}, null, undefined, 5, "x"]) {
    assertEquals(faultOf(rule, value), "must be options of a limit");
  }
});

test("plain() applies the inner rule to plain objects only", () => {
  const rule = plain(
    "options of a limit",
    strict({ limit: number("above 3", (value) => value > 3) }, "must be an object"),
  );
  assertEquals(faultOf(rule, { limit: 4 }), undefined);
  assertEquals(faultOf(rule, { limit: 3 }), "must be above 3");
});

test("members() accepts any of the names with any value, and no other name", () => {
  const rule = members("options of a backoff", "factor", "baseMs");
  for (const value of [{}, { factor: 2 }, { factor: "two", baseMs: null }, { baseMs: undefined }]) {
    assertEquals(faultOf(rule, value), undefined);
  }
  const found = rule({ factor: 2, base: 5 });
  assertEquals([found?.kind, found?.path, found?.value], ["unwanted", ["base"], 5]);
});

test("members() refuses anything but a plain object, with its own message", () => {
  const rule = members("options of a limit", "limit");
  for (const value of [new Options(), [], null, 5, "limit"]) {
    assertEquals(faultOf(rule, value), "must be options of a limit");
  }
});

test("strict() accepts only its own members, and says of others where they belong or which one was meant", () => {
  const elsewhere = { signal: "give it to others", order: "give it to nobody" };
  const rule = strict(
    { order: count, limit: count },
    "must be x",
    () => elsewhere,
  );
  for (const value of [{}, { order: 1 }, { limit: 1, order: undefined }, Object.create({ limit: 1 })]) {
    assertEquals(faultOf(rule, value), undefined);
  }
  assertEquals(faultOf(rule, { signal: 1 }), "is not an option here: give it to others");
  assertEquals(faultOf(rule, { Limit: 1 }), "is not an option: did you mean 'limit'?");
  assertEquals(faultOf(rule, { hooks: 1 }), "is not an option");
  for (const value of [null, undefined, 5, "limit", () => {}]) {
    assertEquals(faultOf(rule, value), "must be x");
  }
});

test("strict() names the unknown member that was given in place of a missing one, if any", () => {
  const rule = strict({ limit: required(count), every: required(count), burst: count }, "must be x");
  const missing = "must be a whole number of at least 0";
  for (const value of [{}, { every: 5 }, { limit: 5 }, { limit: 5, every: undefined, burst: 1 }]) {
    assertEquals(faultOf(rule, value), missing);
  }
  for (const value of [{ limits: 5, every: 5 }, { limits: 5 }, { every: 5, limits: undefined }]) {
    assertEquals(faultOf(rule, value), "is not an option: did you mean 'limit'?");
  }
  // A member that is present and wrong is reported first.
  assertEquals(rule({ limits: 5, burst: -1 })?.path, ["burst"]);
  assertEquals(rule({ every: -1, limits: 5 })?.path, ["every"]);
  assertEquals(rule({ burst: 1 })?.path, ["limit"]);
});

test("strict() suggests a member that belongs elsewhere together with its hint, and accepts undefined for it", () => {
  const rule = strict({ key: anything }, "must be x", () => ({ body: "put it into the request" }));
  assertEquals(
    faultOf(rule, { bodi: 1 }),
    "is not an option: did you mean 'body'? If so, put it into the request",
  );
  assertEquals(faultOf(rule, { body: undefined }), undefined);
  for (const value of ["x", null, 0, false, {}]) {
    assertEquals(faultOf(rule, { body: value }), "is not an option here: put it into the request");
  }
});

test("isBare() is true for objects that may hold options, and for no others", () => {
  const own = Object.create({ limit: 1 });
  assertEquals([{}, { limit: 5 }, new Options(), Object.create(null), own].map(isBare), Array(5).fill(true));
  const others = [
    [],
    new Map(),
    new Headers(),
    new URL("https://a.test"),
    new Request("https://a.test"),
    new AbortController().signal,
    Promise.resolve({}),
    () => {},
    null,
    undefined,
    5,
    "x",
  ];
  for (const value of others) assertEquals(isBare(value), false);
});

test("optionalAny() gives each name a rule that accepts everything", () => {
  const rules = optionalAny("a", "b");
  assertEquals(Object.keys(rules), ["a", "b"]);
  for (const value of [undefined, null, 5, {}]) assertEquals(faultOf(rules["a"]!, value), undefined);
});

test("unless() accepts values that pass the test, and checks all others", () => {
  const rule = unless((value) => value === false, positiveInteger);
  assertEquals([faultOf(rule, false), faultOf(rule, 3)], [undefined, undefined]);
  for (const value of [true, 0, null]) assertEquals(faultOf(rule, value), "must be a positive integer");
});

test("isFalse() is true for false alone", () => {
  assertEquals([false, 0, null, undefined, "", "false"].map(isFalse), [true, ...Array(5).fill(false)]);
});

test("hasMethods() is true for objects that have all of the methods, inherited ones included", () => {
  const both = { get() {}, set() {} };
  assertHas(both, true);
  assertHas(new Map(), true);
  assertHas({ get() {} }, false);
  assertHas({ get() {}, set: "no function" }, false);
  for (const value of [null, undefined, 5, "x"]) assertHas(value, false);
});

function assertHas(value: unknown, expected: boolean): void {
  assertEquals(hasMethods(value, "get", "set"), expected);
}

test("isStandardSchema() is true for objects and functions with a `validate` in the place that the standard names", () => {
  const standard = { version: 1, vendor: "test", validate: () => ({ value: 1 }) };
  const good = [
    { "~standard": standard },
    Object.assign(() => {}, { "~standard": standard }),
    schemaOfObject({}),
  ];
  for (const value of good) assertEquals(isStandardSchema(value), true);
  for (
    const value of [
      {},
      { "~standard": {} },
      { "~standard": null },
      { validate() {} },
      () => {},
      null,
      undefined,
      "x",
      5,
    ]
  ) {
    assertEquals(isStandardSchema(value), false);
  }
});

test("a rule that finds a fault says where, and whether it is a number out of range", () => {
  const inner = strict(
    { list: arrayOf(strict({ ms: positiveMs }, "must be an object"), "must be an array") },
    "must be x",
  );
  assertEquals(inner({ list: [{ ms: 1 }, {}] }), undefined);
  assertEquals(inner({ list: [{ ms: 1 }, { ms: -1 }] }), {
    path: ["list", "1", "ms"],
    message: "must be a positive number of milliseconds, or Infinity",
    value: -1,
    kind: "range",
  });
  const found = inner({ list: [{ ms: "1" }] });
  assertEquals([found?.path, found?.kind], [["list", "0", "ms"], "shape"]);
  assertEquals(inner({ list: {} })?.path, ["list"]);
});

test("required() refuses an absent member, and other rules do not", () => {
  const members = strict({ url: required(text), key: text }, "must be x");
  assertEquals(members({ url: "x", key: undefined }), undefined);
  for (const value of [{}, { url: undefined }, { key: "x" }]) {
    assertEquals([members(value)?.path, members(value)?.message], [["url"], "must be a string"]);
  }
});

test("rule(), oneOf() and both() give the message of the rule that fails", () => {
  const even = rule("must be even", (value) => Number(value) % 2 === 0);
  assertEquals([faultOf(even, 2), faultOf(even, 3)], [undefined, "must be even"]);
  const small = oneOf(0, 2, "x");
  assertEquals([faultOf(small, "x"), faultOf(small, 4)], [undefined, "must be 0, 2 or 'x'"]);
  const evenAndSmall = both(even, small);
  assertEquals([2, 3, 4].map((value) => faultOf(evenAndSmall, value)), [
    undefined,
    "must be even",
    "must be 0, 2 or 'x'",
  ]);
});
