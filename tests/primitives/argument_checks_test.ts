import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import {
  argumentError,
  assertClock,
  assertFunction,
  assertNonNegative,
  assertOnlyOptions,
  assertOptions,
  assertPositive,
  assertPositiveInteger,
  assertPromptFunction,
  assertSignal,
  assertSwitch,
  describeKind,
  secretShapeError,
  shapeError,
} from "../../src/primitives/argument_checks.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { NO_SIGNALS } from "../support/no_signals.ts";
import { test } from "../support/test.ts";

test("argumentError() names the action, the argument, the rule and the value", () => {
  const error = argumentError("create token bucket", "burst", "a positive integer", 0);

  assertInstanceOf(error, RangeError);
  assertEquals(error.message, "Cannot create token bucket as 'burst' must be a positive integer: received 0");
});

test("shapeError() is a TypeError for a number too", () => {
  const error = shapeError("run", "fn", "a function", 1);

  assertInstanceOf(error, TypeError);
  assertEquals(error.message, "Cannot run as 'fn' must be a function: received 1");
});

test("assertPromptFunction() refuses an async function, whose result always counts as true", () => {
  assertPromptFunction("run", "isFailure", () => true);
  const refused = [async () => await Promise.resolve(true), async function () {}, true, undefined];
  for (const value of refused) {
    const refuse = (): void => assertPromptFunction("run", "isFailure", value);
    assertThrows(refuse, TypeError, "Cannot run as 'isFailure' must be a function, and not an async one");
  }
});

test("describeKind() names the class of an object, and shows no text", () => {
  const received = new Map<unknown, string>([
    [{}, "an object"],
    [Object.create(null), "an object"],
    [(function* () {})(), "an object"],
    [{ constructor: null }, "an object"],
    [{ constructor: { name: Symbol("s") } }, "an object"],
    [new Map(), "an object of Map"],
    [new (class Own {})(), "an object of Own"],
    [[], "an array"],
    [() => 1, "a function"],
    [async () => {}, "an async function"],
    ["s3cret", "a string"],
    [7, "7"],
    [1n, "the bigint 1n"],
    [null, "null"],
    [undefined, "undefined"],
  ]);
  for (const [value, text] of received) assertEquals(describeKind(value), text);
});

test("argumentError() is a TypeError for a value that is no number, and names its kind", () => {
  const received = new Map<unknown, string>([
    ["2", '"2"'],
    [undefined, "undefined"],
    [null, "null"],
    [true, "true"],
    [1n, "the bigint 1n"],
    [Symbol("s"), "Symbol(s)"],
    [{}, "an object"],
    [[], "an array"],
    [() => 1, "a function"],
  ]);
  for (const [value, text] of received) {
    const error = argumentError("do", "x", "y", value);
    assertInstanceOf(error, TypeError);
    assertEquals(error.message, `Cannot do as 'x' must be y: received ${text}`);
  }
});

test("the assertions accept values that keep the rule, and no others", () => {
  type Check = (action: string, name: string, value: unknown) => void;
  const cases: [Check, unknown[], unknown[]][] = [
    [assertPositiveInteger, [1, 2 ** 53 - 1], [0, -1, 1.5, NaN, Infinity, 2 ** 53, "1", undefined]],
    [assertPositive, [1, 0.1, 5e-324], [0, -0, -1, NaN, Infinity, "1", undefined, null]],
    [assertNonNegative, [0, 0.1, 1e308], [-1, -5e-324, NaN, Infinity, "1", undefined]],
    [assertSwitch, [true, false, undefined], [null, 0, 1, "true", {}]],
    [assertFunction, [() => {}, class {}], [0, "f", {}, undefined]],
    [assertClock, [systemClock], [{}, null, undefined, () => 1]],
  ];
  for (const [check, good, bad] of cases) {
    for (const value of good) check("do", "x", value);
    for (const value of bad) {
      assertThrows(
        () => check("do", "x", value),
        typeof value === "number" && check !== assertFunction && check !== assertSwitch
          ? RangeError
          : TypeError,
        check === assertSwitch ? "Cannot do as 'x' must be true or false" : "Cannot do as 'x' must be a",
      );
    }
  }
});

test("secretShapeError() shows no text, and any other value as shapeError() does", () => {
  const messageOf = (value: unknown): string => secretShapeError("run", "jar", "a jar", value).message;
  assertEquals(messageOf("secret"), "Cannot run as 'jar' must be a jar: received a string");
  for (const value of [1, null, undefined, {}, [], () => 1]) {
    assertEquals(messageOf(value), shapeError("run", "jar", "a jar", value).message);
  }
});

test("assertOptions() shows nothing of a text in place of options, which may be a token", () => {
  assertThrows(
    () => assertOptions("do", "secret"),
    TypeError,
    "Cannot do as the options must be an object: received a string",
  );
});

test("assertOptions() accepts objects, and nothing else", () => {
  for (const options of [{}, { a: 1 }, Object.create(null)]) assertOptions("do", options);
  for (const options of [undefined, null, 5, "x", true, [], [{}], () => {}]) {
    assertThrows(() => assertOptions("do", options), TypeError, "Cannot do as the options must be an object");
  }
});

test("assertOnlyOptions() accepts objects without further members, and names one that would be ignored", () => {
  for (const options of [{}, { a: 1 }, { b: undefined, a: 1 }]) assertOnlyOptions("do", options, ["a", "b"]);
  assertThrows(
    () => assertOnlyOptions("do", null, ["a"]),
    TypeError,
    "Cannot do as the options must be an object",
  );
  assertThrows(
    () => assertOnlyOptions("do", { a: 1, c: "secret" }, ["a", "b"]),
    TypeError,
    "Cannot do as 'c' is not an option: there are 'a', 'b'",
  );
});

test("assertSignal() accepts signals of any realm, and nothing else", () => {
  const foreign = { aborted: false, reason: undefined, addEventListener() {}, removeEventListener() {} };
  for (const signal of [undefined, new AbortController().signal, AbortSignal.abort(), foreign]) {
    assertSignal("do", signal);
  }
  for (const signal of NO_SIGNALS) {
    assertThrows(() => assertSignal("do", signal), TypeError, "Cannot do as 'signal' must be an AbortSignal");
  }
});
