import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { LatencyGradient } from "../../src/primitives/latency_gradient.ts";
import type { WindowStats } from "../../src/primitives/sample_window.ts";
import { test } from "../support/test.ts";

const at = (latencyMs: number, peak: number, error = 0): WindowStats => {
  return { count: 100, drops: 0, peak, served: peak, mean: Math.log(latencyMs), error };
};

/** Creates a gradient that has learnt a latency of 50 ms, at a limit of 32. */
function settled(): LatencyGradient {
  const gradient = new LatencyGradient();
  assertEquals(gradient.next(32, at(50, 32), 0), 16);
  assertEquals(gradient.next(16, at(50, 16), 100), 32);
  return gradient;
}

test("LatencyGradient.next() doubles the limit while latencies do not grow", () => {
  const gradient = settled();
  assertEquals(gradient.next(32, at(50, 32), 200), 64);
  assertEquals(gradient.next(64, at(52, 64), 300), 128);
});

test("LatencyGradient.next() goes back to where latencies began to grow, plus the square root of the limit", () => {
  const gradient = settled();
  gradient.next(32, at(50, 32), 200);
  assertAlmostEquals(gradient.next(64, at(100, 64), 300), 32 + 8, 1e-9);
});

test("LatencyGradient.next() no longer doubles the limit once it was too high", () => {
  const gradient = settled();
  gradient.next(32, at(50, 32), 200);
  gradient.next(64, at(100, 64), 300);
  assertAlmostEquals(gradient.next(36, at(50, 36), 400), 36 + 6, 1e-9);
});

test("LatencyGradient.next() ignores growth that may be chance, and learns from equal measurements", () => {
  const uncertain = () => {
    const gradient = new LatencyGradient();
    assertEquals(gradient.next(32, at(50, 32, 0.5), 0), 16);
    assertEquals(gradient.next(16, at(50, 16, 0.5), 100), 32);
    return gradient;
  };
  // A growth by half is 0.41 as a logarithm, and the base is uncertain by 0.5.
  assertEquals(uncertain().next(32, at(75, 32), 200), 64);

  const gradient = uncertain();
  assertEquals(gradient.next(32, at(75, 32, 0.5), 200), 64);
  // Both were equally certain: the new base is half-way between them, and more certain than either.
  const growth = Math.log(120 / 50) - Math.log(75 / 50) / 2 - 0.5 * Math.SQRT1_2;
  assertAlmostEquals(gradient.next(64, at(120, 64), 300), 64 * Math.exp(-growth) + 8, 1e-9);
});

test("LatencyGradient.next() first looks for latencies without a queue, by lowering the limit while they fall", () => {
  const gradient = new LatencyGradient();
  let limit = 256;
  const limits = [];
  for (let index = 0; index < 6; index++) {
    limit = gradient.next(limit, at(50 * Math.max(1, limit / 32), limit), index);
    limits.push(limit);
  }
  assertEquals(limits, [128, 64, 32, 16, 32, 64]);
});

test("LatencyGradient.next() keeps the limit of a service that has become permanently slower", () => {
  const gradient = settled();
  let limit = 32;
  let lowest = limit;
  for (let index = 0; index < 10; index++) {
    limit = gradient.next(limit, at(150, limit), 200 + index);
    lowest = Math.min(lowest, limit);
  }
  assert(lowest >= 16 && limit >= 32, `${lowest}, ${limit}`);
});

test("LatencyGradient.next() keeps falling while latencies fall with the limit", () => {
  const gradient = settled();
  let limit = 32;
  for (let index = 0; index < 20; index++) {
    limit = gradient.next(limit, at(50 * Math.max(1, limit / 4), limit), 200 + index);
  }
  assert(limit > 4 && limit < 8, `${limit}`);
});

test("LatencyGradient.next() keeps the limit while less than half of it is used", () => {
  const gradient = settled();
  assertEquals(gradient.next(32, at(50, 15), 200), 32);
  assertEquals(gradient.next(32, at(500, 15), 300), 32);
  // That latency is taken for the latency without a queue.
  assertEquals(gradient.next(32, at(500, 32), 400), 64);
});

test("LatencyGradient.next() ends a probe that was not used, and restores the limit before it", () => {
  const gradient = new LatencyGradient();
  gradient.next(32, at(50, 32), 0);
  assertEquals(gradient.next(16, at(50, 3), 100), 32);
});

test("LatencyGradient.next() does not mistake chance for a queue", () => {
  const gradient = settled();
  assertEquals(gradient.next(32, at(70, 32, 0.4), 200), 64);
});

test("LatencyGradient.next() tries a lower limit now and then, for one window", () => {
  const gradient = settled();
  gradient.next(32, at(50, 32), 200);
  gradient.next(64, at(100, 64), 300);
  // There was a queue, so that the limit falls further until there is none.
  assertAlmostEquals(gradient.next(40, at(62.5, 40), 10_100), 34, 1e-9);
  assertAlmostEquals(gradient.next(34, at(53.2, 34), 10_200), 28.9, 1e-9);
  assertEquals(gradient.next(28.9, at(50, 29), 10_300), 34);
  assert(gradient.next(34, at(53.2, 34), 10_400) > 34);
});

test("LatencyGradient.next() goes on with small steps down only while latencies fall nearly as much as the limit", () => {
  const gradient = settled();
  gradient.next(32, at(50, 32), 200);
  let limit = 100;
  const limits = [100, 86, 74, 66.6].map((latencyMs) =>
    limit = gradient.next(limit, at(latencyMs, limit), 10_100)
  );
  assertEquals(limits.map(Math.round), [85, 72, 61, 72]);
});

test("LatencyGradient.interrupt() ends a probe when the limit has changed for another reason", () => {
  const gradient = new LatencyGradient();
  gradient.next(32, at(50, 32), 0);
  gradient.interrupt();
  assert(gradient.next(10, at(50, 10), 20_000) < 10);
});

test("LatencyGradient.next() tries a lower limit no later than usual after a clock that goes back", () => {
  const gradient = settled();
  gradient.next(32, at(50, 32), 200);
  assert(gradient.next(40, at(50, 40), 101) > 40);
  assertAlmostEquals(gradient.next(40, at(50, 40), -86_400_000), 34, 1e-9);
});
