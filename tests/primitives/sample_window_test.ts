import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { SampleWindow } from "../../src/primitives/sample_window.ts";
import { test } from "../support/test.ts";

test("SampleWindow.stats() counts samples and drops, and the most work in flight", () => {
  const window = new SampleWindow();
  window.add(10, 3, false, 10);
  window.add(10, 7, true, 20);
  window.add(10, 5, false, 30);

  const { count, drops, peak } = window.stats(30);
  assertEquals([count, drops, peak], [3, 1, 7]);
});

test("SampleWindow.stats() uses the geometric mean, which one outlier of ten times the rest hardly moves", () => {
  const window = new SampleWindow();
  for (let index = 0; index < 49; index++) window.add(50, 1, false, index);
  window.add(500, 1, false, 50);

  const latencyMs = Math.exp(window.stats(50).mean);
  assertAlmostEquals(latencyMs, 50 * 10 ** (1 / 50), 1e-9);
  assert(latencyMs < 53);
});

test("SampleWindow.stats() ignores the latency of drops", () => {
  const window = new SampleWindow();
  for (let index = 0; index < 10; index++) window.add(index % 2 === 0 ? 50 : 1, 1, index % 2 === 1, index);

  assertAlmostEquals(Math.exp(window.stats(9).mean), 50, 1e-9);
});

test("SampleWindow.stats() gives how much was served at once, by Little's law", () => {
  const window = new SampleWindow();
  window.restart(0);
  // Four at a time, which take 50 ms each.
  for (let atMs = 50; atMs <= 1_000; atMs += 50) {
    for (let nth = 0; nth < 4; nth++) window.add(50, 4, false, atMs);
  }

  assertAlmostEquals(window.stats(1_000).served, 4, 1e-9);
});

test("SampleWindow.error is the standard error, and Infinity before two latencies", () => {
  const window = new SampleWindow();
  assertEquals(window.error, Infinity);
  window.add(1, 1, false, 0);
  window.add(1, 1, true, 0);
  assertEquals(window.error, Infinity);
  window.add(Math.E ** 2, 1, false, 0);
  // Logarithms of 0 and 2: their standard deviation is √2, of two.
  assertAlmostEquals(window.error, 1, 1e-9);
});

test("SampleWindow.add() treats a latency of 0 on the clock as a very short one", () => {
  const window = new SampleWindow();
  window.add(0, 1, false, 0);
  assert(Number.isFinite(window.stats(0).mean) && Number.isFinite(window.stats(0).served));
});

test("SampleWindow.restart() forgets everything, and starts a window then", () => {
  const window = new SampleWindow();
  window.add(10, 3, true, 10);
  window.restart(15);

  assertEquals([window.count, window.peak, window.ageMs(20)], [0, 0, 5]);
});

test("SampleWindow is open since the work of its first sample began", () => {
  const window = new SampleWindow();
  window.add(50, 1, false, 1_050);
  window.add(500, 1, false, 1_100);
  assertEquals(window.ageMs(1_200), 200);
});
