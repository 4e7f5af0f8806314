import { assertEquals, assertMatch } from "@std/assert";
import { CLOSED, elapsedMs, openError, toRest } from "../../src/primitives/circuit_state.ts";
import { test } from "../support/test.ts";

test("elapsedMs() says how long a cooldown or a lease has lasted", () => {
  assertEquals(elapsedMs({ sinceMs: 400 }, 1_000), 600);
  assertEquals(elapsedMs({ sinceMs: -Infinity }, 1_000), Infinity);
});

test("elapsedMs() starts anew when the clock went back, so that nothing lasts too long", () => {
  const state = { sinceMs: 10_000 };
  assertEquals([elapsedMs(state, 1_000), elapsedMs(state, 1_500)], [0, 500]);
});

test("toRest() makes a probe due, and leaves other states as they are", () => {
  const open = { kind: "open" as const, sinceMs: 5, cooldownMs: 100 };
  assertEquals(toRest({ kind: "half-open", sinceMs: 5, cooldownMs: 100 }), {
    kind: "open",
    sinceMs: -Infinity,
    cooldownMs: 100,
  });
  assertEquals([toRest(open), toRest(CLOSED)], [open, CLOSED]);
});

test("openError() names the circuit, its state, and when to try again", () => {
  assertMatch(
    openError({ kind: "open", sinceMs: 5, cooldownMs: 100 }, 1_499.2, "a.test").message,
    /a\.test is open.* 1500 ms$/,
  );
  const isolated = openError({ kind: "isolated", holders: 1, rest: CLOSED }, Infinity, undefined);
  assertEquals([isolated.message, isolated.retryAfterMs], ["Circuit is isolated", Infinity]);
});
