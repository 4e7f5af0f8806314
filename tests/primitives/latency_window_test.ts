import { assert, assertEquals } from "@std/assert";
import { LatencyWindow } from "../../src/primitives/latency_window.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

const window = (percentile: number, minimumSamples = 20): LatencyWindow =>
  new LatencyWindow({ percentile, minimumSamples });

test("LatencyWindow.thresholdMs is Infinity until there are enough samples", () => {
  const latencies = window(0.5, 3);
  for (const [index, expected] of [[1, false], [2, false], [3, true]] as const) {
    latencies.add(10, index);
    assertEquals([latencies.count, latencies.thresholdMs < Infinity], [index, expected]);
  }
});

test("LatencyWindow.thresholdMs is never below the percentile, and 4.4 % above it at most", () => {
  const random = seededRandom(7);
  for (const percentile of [0.5, 0.9, 0.95, 0.99]) {
    const latencies = window(percentile);
    const all = Array.from({ length: 2_000 }, () => 10 ** (4 * random() - 1));
    for (const latencyMs of all) latencies.add(latencyMs, 0);
    const exact = all.toSorted((a, b) => a - b)[Math.ceil(percentile * all.length) - 1]!;
    const { thresholdMs } = latencies;
    assert(
      thresholdMs >= exact && thresholdMs <= 1.0443 * exact,
      `${percentile}: ${thresholdMs} of ${exact}`,
    );
  }
});

test("LatencyWindow.thresholdMs is not below latencies that are all alike", () => {
  for (const latencyMs of [0, 0.01, 1, 50, 51, 1_000, 30_000, 1e9]) {
    const latencies = window(0.95);
    for (let index = 0; index < 100; index++) latencies.add(latencyMs, index);
    const least = Math.min(latencyMs, 4_000_000);
    assert(latencies.thresholdMs >= least, `${latencyMs}: ${latencies.thresholdMs}`);
    assert(latencies.thresholdMs <= Math.max(0.07, 1.0443 * latencyMs), `${latencyMs}`);
  }
});

test("LatencyWindow forgets old samples once there are enough new ones", () => {
  const latencies = window(0.5);
  for (let index = 0; index < 100; index++) latencies.add(1_000, 0);
  // A few requests: the old latencies still count.
  for (let index = 1; index <= 5; index++) latencies.add(10, index * 3_600_000);
  assert(latencies.thresholdMs >= 1_000);
  const nowMs = 6 * 3_600_000;
  for (let index = 0; index < 20; index++) latencies.add(10, nowMs + index * 1_000);
  for (let index = 20; index < 60; index++) latencies.add(10, nowMs + index * 1_000);
  assert(latencies.thresholdMs < 11, `${latencies.thresholdMs}`);
  assert(latencies.count < 100);
});

test("LatencyWindow.thresholdMs follows changes", () => {
  const latencies = window(0.9);
  for (let index = 0; index < 200; index++) latencies.add(10, index);
  assert(latencies.thresholdMs < 11);
  for (let index = 0; index < 100; index++) latencies.add(80, 200 + index);
  assert(latencies.thresholdMs >= 80);
});

test("LatencyWindow forgets nothing of the last 15 seconds, and everything older than two such windows", () => {
  for (const fromMs of [0, 3_600_000]) {
    const latencies = window(0.5, 4);
    for (let nth = 0; nth < 20; nth++) latencies.add(10, fromMs + 700 * nth);
    assertEquals(latencies.count, 20);
    for (let nth = 0; nth < 8; nth++) latencies.add(100, fromMs + 15_000 + 4_000 * nth);
    assertEquals(latencies.count, 8);
    assert(latencies.thresholdMs >= 100);
  }
});
