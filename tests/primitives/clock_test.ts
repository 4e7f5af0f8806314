import { assert, assertEquals } from "@std/assert";
import { MAX_TIMER_MS, systemClock, timerDelay } from "../../src/primitives/clock.ts";
import { test } from "../support/test.ts";

test("systemClock.now() never goes back", () => {
  let last = systemClock.now();
  for (let round = 0; round < 1_000; round++) {
    const now = systemClock.now();
    assert(now >= last);
    last = now;
  }
});

test("S5: systemClock.setTimeout() does not fire at once for a delay that is longer than a timer can run", async () => {
  const fired: string[] = [];
  const handles = [MAX_TIMER_MS + 1, 2 ** 40, Number.MAX_VALUE, Infinity].map((delayMs) =>
    systemClock.setTimeout(() => fired.push(`${delayMs}`), delayMs)
  );
  // A timer whose delay overflows fires before a later one of a millisecond.
  await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 1));
  await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 1));
  for (const handle of handles) systemClock.clearTimeout(handle);
  assertEquals(fired, []);
});

test("systemClock.setTimeout() fires soon for a delay that is not positive", async () => {
  for (const delayMs of [0, -1, NaN, -Infinity]) {
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, delayMs));
  }
});

test("systemClock.clearTimeout() forgets a timer", async () => {
  let fired = false;
  const handle = systemClock.setTimeout(() => fired = true, 0);
  systemClock.clearTimeout(handle);
  await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 1));
  systemClock.clearTimeout(handle);
  assertEquals(fired, false);
});

test("S5: timerDelay() keeps a delay within the maximum of every timer", () => {
  const delays = [-Infinity, -1, -0, 0, 0.5, 7, MAX_TIMER_MS, MAX_TIMER_MS + 1, 2 ** 53, Infinity];
  assertEquals(delays.map((delayMs) => timerDelay(delayMs)), [
    ...[0, 0, 0, 0, 0.5, 7],
    ...[MAX_TIMER_MS, MAX_TIMER_MS, MAX_TIMER_MS, MAX_TIMER_MS],
  ]);
});
