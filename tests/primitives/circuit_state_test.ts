import { assertEquals, assertMatch } from "@std/assert";
import { CLOSED, openError, remainingMs, toRest } from "../../src/primitives/circuit_state.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

test("remainingMs() is 0 when closed, Infinity when isolated, and what is left of a cooldown when open", () => {
  const clock = new ManualClock({ nowMs: 400 });
  assertEquals(remainingMs(CLOSED, clock, 1_000), 0);
  assertEquals(remainingMs({ kind: "isolated", holders: 1, rest: CLOSED }, clock, 1_000), Infinity);
  assertEquals(remainingMs({ kind: "open", untilMs: 1_000 }, clock, 1_000), 600);
  assertEquals(remainingMs({ kind: "open", untilMs: 300 }, clock, 1_000), 0);
});

test("remainingMs() leaves no more than a cooldown when the clock went back", () => {
  const clock = new ManualClock({ nowMs: 10_000 });
  const open = { kind: "open" as const, untilMs: 11_000 };
  clock.jump(-9_000);
  assertEquals(remainingMs(open, clock, 1_000), 1_000);
});

test("toRest() leaves a probe due, and everything else as it is", () => {
  const open = { kind: "open" as const, untilMs: 5 };
  assertEquals(toRest({ kind: "half-open", untilMs: 5 }), { kind: "open", untilMs: -Infinity });
  assertEquals([toRest(open), toRest(CLOSED)], [open, CLOSED]);
});

test("openError() says whose circuit it is, its state, and when to try again", () => {
  assertMatch(
    openError({ kind: "open", untilMs: 5 }, 1_499.2, "a.test").message,
    /a\.test is open.* 1500 ms$/,
  );
  const isolated = openError({ kind: "isolated", holders: 1, rest: CLOSED }, Infinity, undefined);
  assertEquals([isolated.message, isolated.retryAfterMs], ["Circuit is isolated", Infinity]);
});
