import { assertEquals } from "@std/assert";
import { ConsecutiveFailures, FailureRatio } from "../../src/primitives/failure_counter.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

test("ConsecutiveFailures reports exactly the threshold, and starts anew after a success", () => {
  const counter = new ConsecutiveFailures(3);
  assertEquals([counter.failure(), counter.failure()], [false, false]);
  counter.success();
  assertEquals([counter.failure(), counter.failure(), counter.failure()], [false, false, true]);
  counter.clear();
  assertEquals(counter.failure(), false);
});

test("FailureRatio reports nothing below the minimum of results", () => {
  const counter = new FailureRatio(0.5, 10, 1_000, new ManualClock());
  for (let index = 0; index < 9; index++) assertEquals(counter.failure(), false);
  assertEquals(counter.failure(), true);
});

test("FailureRatio reports exactly the ratio", () => {
  const counter = new FailureRatio(0.5, 4, 1_000, new ManualClock());
  for (let index = 0; index < 4; index++) counter.success();
  assertEquals([counter.failure(), counter.failure(), counter.failure()], [false, false, false]);
  assertEquals(counter.failure(), true);
});

test("FailureRatio forgets results outside of the window, also after a long rest", () => {
  for (const restMs of [1_000, 1_000_000]) {
    const clock = new ManualClock();
    const counter = new FailureRatio(0.5, 4, 1_000, clock);
    for (let index = 0; index < 3; index++) counter.failure();
    clock.jump(restMs);
    assertEquals([counter.failure(), counter.failure(), counter.failure()], [false, false, false]);
    assertEquals(counter.failure(), true);
  }
});

test("FailureRatio counts failures and results at the same moment, so that its ratio is never above 1", () => {
  const clock = new ManualClock();
  const counter = new FailureRatio(1, 5, 1_000, clock);
  for (let index = 0; index < 100; index++) {
    counter.success();
    clock.jump(150);
    assertEquals(counter.failure(), false);
  }
});

test("FailureRatio.clear() forgets all", () => {
  const counter = new FailureRatio(0.5, 2, 1_000, new ManualClock());
  counter.failure();
  counter.clear();
  assertEquals([counter.failure(), counter.failure()], [false, true]);
});

/** Creates a window full of successes, in which a share of failures would take long to show. */
function fullOfSuccesses(minimumRequests: number): { clock: ManualClock; counter: FailureRatio } {
  const clock = new ManualClock();
  const counter = new FailureRatio(0.8, minimumRequests, 10_000, clock);
  for (let index = 0; index < 1_000; index++) counter.success();
  return { clock, counter };
}

test("FailureRatio reports the minimum of failures in a row over a quarter of a second", () => {
  const { clock, counter } = fullOfSuccesses(4);
  assertEquals([counter.failure(), counter.failure(), counter.failure(), counter.failure()], [
    false,
    false,
    false,
    false,
  ]);
  clock.jump(249);
  assertEquals(counter.failure(), false);
  clock.jump(1);
  assertEquals(counter.failure(), true);
});

test("FailureRatio counts how long failures have come in a row from when the clock went back", () => {
  const { clock, counter } = fullOfSuccesses(4);
  clock.jump(5_000);
  for (let index = 0; index < 4; index++) counter.failure();
  clock.jump(-3_000);
  assertEquals(counter.failure(), false);
  clock.jump(250);
  assertEquals(counter.failure(), true);
});

test("FailureRatio reports five times the minimum of failures in a row, at whatever speed", () => {
  const { counter } = fullOfSuccesses(4);
  for (let index = 0; index < 19; index++) assertEquals(counter.failure(), false);
  assertEquals(counter.failure(), true);
});

test("FailureRatio ends a row of failures at a success, unless its call began before the first of them", () => {
  const isTooManyAfter = (startedAtMs: number | undefined): boolean => {
    const { clock, counter } = fullOfSuccesses(4);
    clock.jump(1_000);
    for (let index = 0; index < 4; index++) counter.failure(500 + index);
    counter.success(startedAtMs);
    clock.jump(250);
    return counter.failure(1_100);
  };
  assertEquals([isTooManyAfter(499), isTooManyAfter(500)], [true, true]);
  // A result without a start time counts.
  assertEquals([isTooManyAfter(501), isTooManyAfter(undefined)], [false, false]);
});

test("FailureRatio ignores a failure once five calls have succeeded that began after it", () => {
  for (const [successes, isTooMany] of [[4, true], [5, false]] as const) {
    const counter = new FailureRatio(0.5, 8, 10_000, new ManualClock({ nowMs: 1_000 }));
    for (let index = 0; index < successes; index++) counter.success(200 + index);
    const verdicts = Array.from({ length: 20 }, () => counter.failure(199));
    assertEquals(verdicts.includes(true), isTooMany);
    // Failures of calls that began later count as usual.
    for (let index = 0; index < 8; index++) counter.failure(300);
    assertEquals(counter.failure(300), true);
    counter.clear();
    for (let index = 0; index < 7; index++) assertEquals(counter.failure(199), false);
    assertEquals(counter.failure(199), true);
  }
});

test("FailureRatio begins a new row of failures when it is cleared", () => {
  const { clock, counter } = fullOfSuccesses(4);
  for (let index = 0; index < 4; index++) counter.failure();
  counter.clear();
  for (let index = 0; index < 1_000; index++) counter.success(-Infinity);
  clock.jump(250);
  for (let index = 0; index < 4; index++) assertEquals(counter.failure(), false);
});

test("FailureRatio and ConsecutiveFailures are quiet while no failure counts", () => {
  const clock = new ManualClock();
  const ratio = new FailureRatio(0.8, 4, 1_000, clock);
  const consecutive = new ConsecutiveFailures(3);
  for (const counter of [ratio, consecutive]) {
    counter.success();
    assertEquals(counter.isQuiet, true);
    counter.failure();
    assertEquals(counter.isQuiet, false);
  }
  clock.jump(1_000);
  consecutive.success();
  assertEquals([ratio.isQuiet, consecutive.isQuiet], [true, true]);
});

test("FailureRatio reports exactly its share, despite rounding", () => {
  for (let percent = 1; percent <= 100; percent++) {
    for (const results of [25, 50, 100]) {
      const needed = Math.ceil(percent * results / 100);
      const counter = new FailureRatio(percent / 100, results, 1_000, new ManualClock());
      for (let index = needed; index < results; index++) counter.success();
      // The window is full only with the last result.
      for (let index = 1; index < needed; index++) assertEquals(counter.failure(), false);
      assertEquals(counter.failure(), true, `${percent} % of ${results}`);
      if (needed < 2) continue;
      const short = new FailureRatio(percent / 100, results, 1_000, new ManualClock());
      for (let index = needed - 1; index < results; index++) short.success();
      for (let index = 1; index < needed; index++) {
        assertEquals(short.failure(), false, `${percent} % of ${results}`);
      }
    }
  }
});

test("FailureRatio counts failures after a clock that goes back, whatever was served before, and successes end their run", () => {
  for (const backMs of [60_000, 86_400_000]) {
    const clock = new ManualClock({ nowMs: 1e9 });
    const counter = new FailureRatio(0.5, 4, 1_000, clock);
    for (let index = 0; index < 5; index++) counter.success(clock.now());
    clock.jump(-backMs);
    const failures = Array.from({ length: 5 }, () => counter.failure(clock.now()));
    assertEquals(failures, [false, false, false, false, true]);
    clock.jump(backMs);
    counter.clear();
    counter.failure(clock.now());
    clock.jump(-backMs);
    counter.success(clock.now());
    counter.success(clock.now());
    assertEquals([counter.failure(clock.now()), counter.failure(clock.now())], [true, true]);
    counter.clear();
    for (let index = 0; index < 20; index++) counter.success(clock.now());
    assertEquals(counter.failure(clock.now()), false);
  }
});
