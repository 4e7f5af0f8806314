import { assertEquals, assertThrows } from "@std/assert";
import { type CircuitBreakerOptions, toCircuitSettings } from "../../src/primitives/circuit_options.ts";
import { systemClock } from "../../src/primitives/clock.ts";
import { ConsecutiveFailures, FailureRatio } from "../../src/primitives/failure_counter.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

test("toCircuitSettings() counts the share of failures and cools down for 250 ms by default", () => {
  const { counter, ...settings } = toCircuitSettings({});
  assertEquals(settings, {
    cooldownMs: 250,
    maxCooldownMs: 60_000,
    probeTimeoutMs: 5_000,
    clock: systemClock,
    name: undefined,
    isFailure: undefined,
  });
  assertEquals(counter instanceof FailureRatio, true);
});

test("toCircuitSettings() needs 80 % of 20 results by default, and each number can be set alone", () => {
  const failuresUntil = (options: CircuitBreakerOptions, successes: number): number => {
    const { counter } = toCircuitSettings({ ...options, clock: new ManualClock() });
    for (let index = 0; index < successes; index++) counter.success();
    for (let failures = 1;; failures++) if (counter.failure()) return failures;
  };
  assertEquals([failuresUntil({}, 0), failuresUntil({}, 5)], [20, 20]);
  assertEquals([failuresUntil({ minimumRequests: 2 }, 0), failuresUntil({ minimumRequests: 2 }, 1)], [2, 4]);
  assertEquals([failuresUntil({ failureRatio: 0.5 }, 0), failuresUntil({ failureRatio: 0.5 }, 15)], [20, 15]);
});

test("toCircuitSettings() forgets results after 10 s by default, or after `windowMs`", () => {
  for (const [options, windowMs] of [[{}, 10_000], [{ windowMs: 1_000 }, 1_000]] as const) {
    const clock = new ManualClock();
    const { counter } = toCircuitSettings({ ...options, clock });
    counter.failure();
    clock.jump(0.89 * windowMs);
    assertEquals(counter.isQuiet, false);
    clock.jump(0.11 * windowMs);
    assertEquals(counter.isQuiet, true);
  }
});

test("toCircuitSettings() counts failures in a row when there is a threshold", () => {
  const { counter } = toCircuitSettings({ threshold: 5 });
  assertEquals(counter instanceof ConsecutiveFailures, true);
  assertEquals([1, 2, 3, 4, 5].map(() => counter.failure()), [false, false, false, false, true]);
});

test("toCircuitSettings() makes the longest cooldown no shorter than the first", () => {
  assertEquals(toCircuitSettings({ cooldownMs: 90_000 }).maxCooldownMs, 90_000);
  assertEquals(toCircuitSettings({ cooldownMs: 90, maxCooldownMs: 90 }).maxCooldownMs, 90);
  assertThrows(() => toCircuitSettings({ cooldownMs: 90, maxCooldownMs: 89 }), RangeError, "'maxCooldownMs'");
  for (const maxCooldownMs of ["90000", [90_000], null, Symbol("s"), 90_000n] as unknown[] as number[]) {
    const options = { cooldownMs: 90, maxCooldownMs } as CircuitBreakerOptions;
    assertThrows(() => toCircuitSettings(options), TypeError, "'maxCooldownMs'");
  }
});

test("toCircuitSettings() refuses both ways of counting at once", () => {
  const cases: readonly unknown[] = [
    { threshold: 5, failureRatio: 0.5 },
    { threshold: 5, minimumRequests: 2 },
    { threshold: 5, windowMs: 1_000 },
  ];
  for (const options of cases) {
    assertThrows(() => toCircuitSettings(options as CircuitBreakerOptions), TypeError);
  }
});

test("toCircuitSettings() refuses a value that is no options object", () => {
  for (const options of [null, 5, "x", true, () => 1] as never[]) {
    assertThrows(
      () => toCircuitSettings(options),
      TypeError,
      "Cannot create circuit breaker as the options must be an object: received",
    );
  }
});

test("toCircuitSettings() refuses an option that does not exist", () => {
  const options = { resetTimeout: 1_000 } as CircuitBreakerOptions;
  const message = "Cannot create circuit breaker as 'resetTimeout' is not an option: there are 'threshold',";
  assertThrows(() => toCircuitSettings(options), TypeError, message);
});

test("toCircuitSettings() names the option that can't be combined with 'threshold'", () => {
  for (const name of ["failureRatio", "minimumRequests", "windowMs"]) {
    const options = { threshold: 2, [name]: 1 } as unknown as CircuitBreakerOptions;
    assertThrows(() => toCircuitSettings(options), TypeError, `'threshold' does not go with '${name}'`);
  }
});
