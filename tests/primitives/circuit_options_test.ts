import { assertEquals, assertThrows } from "@std/assert";
import { type CircuitBreakerOptions, toCircuitSettings } from "../../src/primitives/circuit_options.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { ConsecutiveFailures, FailureRatio } from "../../src/primitives/failure_counter.ts";
import { test } from "../support/test.ts";

test("toCircuitSettings() counts five failures in a row and cools down for a minute by default", () => {
  const { cooldownMs, clock, name, isFailure, counter } = toCircuitSettings({});
  assertEquals([cooldownMs, clock, name, isFailure], [60_000, systemClock, undefined, undefined]);
  assertEquals(counter instanceof ConsecutiveFailures, true);
  assertEquals([1, 2, 3, 4, 5].map(() => counter.failure()), [false, false, false, false, true]);
});

test("toCircuitSettings() counts a ratio when its three options are there", () => {
  const { counter } = toCircuitSettings({ failureRatio: 0.5, minimumRequests: 2, windowMs: 1_000 });
  assertEquals(counter instanceof FailureRatio, true);
});

test("toCircuitSettings() refuses a half of the ratio's options, and both ways of counting at once", () => {
  const cases: readonly unknown[] = [
    { failureRatio: 0.5 },
    { failureRatio: 0.5, minimumRequests: 2 },
    { minimumRequests: 2, windowMs: 1_000 },
    { threshold: 5, failureRatio: 0.5, minimumRequests: 2, windowMs: 1_000 },
  ];
  for (const options of cases) {
    assertThrows(() => toCircuitSettings(options as CircuitBreakerOptions), TypeError);
  }
});
