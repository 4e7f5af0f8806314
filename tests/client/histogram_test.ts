import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Histogram } from "../../src/client/histogram.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

test("Histogram.percentile() is 0 without values", () => {
  assertEquals(new Histogram().percentile(0.5), 0);
});

test("Histogram.percentile() gives a single value back for every share, within 4 %", () => {
  for (const value of [0.002, 0.5, 1, 7, 75, 1_000, 30_000, 86_400_000]) {
    const histogram = new Histogram();
    histogram.record(value);
    for (const share of [0, 0.5, 0.99, 1]) {
      assertAlmostEquals(histogram.percentile(share) / value, 1, 0.04, `${share} of ${value}`);
    }
  }
});

test("Histogram.percentile() is within 4 % of the value at that rank, for values of any size", () => {
  const random = seededRandom(11);
  for (const length of [1, 2, 3, 19, 20, 21, 100, 1_000, 5_000]) {
    const histogram = new Histogram();
    const values = Array.from({ length }, () => 10 ** (6 * random() - 2));
    for (const value of values) histogram.record(value);
    values.sort((a, b) => a - b);
    for (const share of [0.5, 0.95, 0.99, 1]) {
      const exact = values[Math.max(1, Math.ceil(share * length)) - 1]!;
      assertAlmostEquals(histogram.percentile(share) / exact, 1, 0.04, `${share} of ${length} values`);
    }
  }
});

test("Histogram.percentile() never falls as the share rises", () => {
  const random = seededRandom(12);
  const histogram = new Histogram();
  for (let count = 0; count < 1_000; count++) histogram.record(1_000 * random());
  let last = 0;
  for (let share = 0; share <= 1; share += 0.01) {
    const value = histogram.percentile(share);
    assert(value >= last, `${share}`);
    last = value;
  }
});

test("Histogram.record() counts values beyond its range as the smallest or the largest", () => {
  const histogram = new Histogram();
  for (const value of [0, -1, 1e-9]) histogram.record(value);
  assert(histogram.percentile(1) < 0.002);
  for (const value of [Infinity, Number.MAX_VALUE]) histogram.record(value);
  const largest = histogram.percentile(1);
  assert(Number.isFinite(largest) && largest > 1e9);
  assert(histogram.percentile(0.5) < 0.002);
});
