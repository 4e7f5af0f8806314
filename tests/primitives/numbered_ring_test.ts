import { assertEquals } from "@std/assert";
import { NumberedRing } from "../../src/primitives/numbered_ring.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

test("NumberedRing.take() returns values in the order of their numbers, in whatever order they came", () => {
  const ring = new NumberedRing<string>();
  ring.put(1, "b");
  assertEquals([ring.take(), ring.size], [undefined, 1]);
  ring.put(2, "c");
  ring.put(0, "a");
  assertEquals([ring.take(), ring.take(), ring.take(), ring.take()], ["a", "b", "c", undefined]);
  assertEquals(ring.size, 0);
});

test("NumberedRing loses nothing when numbers are far apart, round after round", () => {
  const random = seededRandom(3);
  const ring = new NumberedRing<number>();
  const taken: number[] = [];
  let waiting: number[] = [];
  for (let next = 0; next < 5_000; next++) {
    waiting.push(next);
    if (random() < 0.95) continue;
    waiting = waiting.toSorted(() => random() - 0.5);
    for (const number of waiting) ring.put(number, number + 0.5);
    assertEquals(ring.size, waiting.length);
    waiting = [];
    for (let value = ring.take(); value !== undefined; value = ring.take()) taken.push(value);
  }
  assertEquals(taken, Array.from({ length: taken.length }, (_, index) => index + 0.5));
  assertEquals(taken.length > 4_500, true);
});

test("NumberedRing.clear() drops all waiting values", () => {
  const ring = new NumberedRing<string>();
  for (const number of [0, 3, 17]) ring.put(number, "x");
  ring.clear();
  assertEquals([ring.size, ring.take()], [0, undefined]);
});
