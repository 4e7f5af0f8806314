import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type Latency, latencySampler } from "../../../src/middleware/faults/latency.ts";
import { seededRandom } from "../../../src/testing/random.ts";
import { test } from "../../support/test.ts";

function sorted(latency: Latency, count: number): number[] {
  const random = seededRandom(5);
  const { sample } = latencySampler(latency, "test");
  return Array.from({ length: count }, () => sample(random)).sort((a, b) => a - b);
}

test("latencySampler() returns a fixed latency without drawing a number", () => {
  const { sample, isRandom } = latencySampler(75, "test");
  const noChance = () => {
    throw new Error("drawn");
  };

  assertEquals([sample(noChance), isRandom], [75, false]);
});

test("latencySampler() has the given median and 99th percentile", () => {
  // With a fixed seed the result does not depend on chance.
  const samples = sorted({ medianMs: 75, p99Ms: 400 }, 100_000);

  assertAlmostEquals(samples[50_000]!, 75, 1);
  assertAlmostEquals(samples[99_000]!, 400, 12);
  assert(samples[0]! > 0);
});

test("latencySampler() spreads a uniform latency between its bounds", () => {
  const samples = sorted({ minMs: 10, maxMs: 20 }, 10_000);

  assert(samples[0]! >= 10 && samples.at(-1)! < 20);
  assertAlmostEquals(samples[5_000]!, 15, 0.2);
});

test("latencySampler() refuses a value that is no distribution", () => {
  const refuse = (latency: unknown, message: string) =>
    assertThrows(() => latencySampler(latency as Latency, "test latency"), Error, message);

  refuse(-1, "Cannot test latency as 'latency' must be a number of at least 0: received -1");
  refuse({ medianMs: 0, p99Ms: 1 }, "'latency.medianMs' must be a positive number: received 0");
  refuse({ medianMs: 10, p99Ms: 9 }, "'latency.p99Ms' must be a number of at least 'latency.medianMs'");
  refuse({ minMs: 2, maxMs: 1 }, "'latency.maxMs' must be a number of at least 'latency.minMs'");
  refuse({}, "'latency' must be milliseconds, { medianMs, p99Ms } or { minMs, maxMs }: received an object");
  refuse(null, "received null");
});
