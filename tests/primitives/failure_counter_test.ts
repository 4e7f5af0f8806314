import { assertEquals } from "@std/assert";
import { ConsecutiveFailures, FailureRatio } from "../../src/primitives/failure_counter.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

test("ConsecutiveFailures says so at exactly the threshold, and begins anew after a success", () => {
  const counter = new ConsecutiveFailures(3);
  assertEquals([counter.failure(), counter.failure()], [false, false]);
  counter.success();
  assertEquals([counter.failure(), counter.failure(), counter.failure()], [false, false, true]);
  counter.clear();
  assertEquals(counter.failure(), false);
});

test("FailureRatio says nothing below the minimum of results", () => {
  const counter = new FailureRatio(0.5, 10, 1_000, new ManualClock());
  for (let index = 0; index < 9; index++) assertEquals(counter.failure(), false);
  assertEquals(counter.failure(), true);
});

test("FailureRatio says so at exactly the ratio", () => {
  const counter = new FailureRatio(0.5, 4, 1_000, new ManualClock());
  for (let index = 0; index < 4; index++) counter.success();
  assertEquals([counter.failure(), counter.failure(), counter.failure()], [false, false, false]);
  assertEquals(counter.failure(), true);
});

test("FailureRatio forgets what has left the window, also after a long rest", () => {
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
