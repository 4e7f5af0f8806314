import { assertEquals, assertThrows } from "@std/assert";
import { type AdaptiveLimitRules, limitSettings } from "../../src/primitives/adaptive_limit_options.ts";
import { test } from "../support/test.ts";

test("limitSettings() fills in defaults that fit the given options", () => {
  const cases: [AdaptiveLimitRules, min: number, initial: number, max: number][] = [
    [{}, 1, 20, 256],
    [{ max: 10 }, 1, 10, 10],
    [{ min: 50 }, 50, 50, 256],
    [{ min: 1_000 }, 1_000, 1_000, 1_000],
    [{ min: 2, initial: 4, max: 8 }, 2, 4, 8],
  ];
  for (const [rules, min, initial, max] of cases) {
    assertEquals(limitSettings(rules), { min, initial, max, algorithm: "gradient", windowMs: 100 });
  }
});

test("limitSettings() names the option that is wrong, and the value", () => {
  const cases: [rules: unknown, kind: typeof TypeError | typeof RangeError, message: string][] = [
    [5, TypeError, "the options must be an object: received 5"],
    [{ min: 0 }, RangeError, "'min' must be a positive integer: received 0"],
    [{ min: "1" }, TypeError, "'min' must be a positive integer: received \"1\""],
    [{ min: Symbol("s") }, TypeError, "'min' must be a positive integer: received Symbol(s)"],
    [{ min: 5n }, TypeError, "'min' must be a positive integer: received the bigint 5n"],
    [{ max: Symbol("s") }, TypeError, "'max' must be an integer"],
    [{ min: 5, max: 4 }, RangeError, "'max' must be an integer of at least 'min', which is 5: received 4"],
    [{ max: 1.5 }, RangeError, "'max' must be an integer"],
    [{ initial: 300 }, RangeError, "'initial' must be an integer from 1 to 256: received 300"],
    [{ min: 5, initial: 4 }, RangeError, "'initial' must be an integer from 5 to 256: received 4"],
    [{ max: Infinity }, RangeError, "'max' must be"],
    [{ algorithm: "vegas" }, TypeError, "'algorithm' must be 'gradient' or 'aimd': received \"vegas\""],
    [{ minimum: 1 }, TypeError, "'minimum' is not an option"],
    [{ windowMs: 0 }, RangeError, "'windowMs' must be a positive number: received 0"],
  ];
  for (const [rules, kind, message] of cases) {
    assertThrows(() => limitSettings(rules as AdaptiveLimitRules), kind, message);
  }
});
