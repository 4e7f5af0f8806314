import { assert, assertEquals } from "@std/assert";
import { WindowedCount } from "../../src/primitives/windowed_count.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

test("WindowedCount keeps each count for the window, less up to a tenth of it", () => {
  const random = seededRandom(5);
  const count = new WindowedCount(1_000, 0);
  const moments: number[] = [];
  let nowMs = 0;
  for (let step = 0; step < 5_000; step++) {
    nowMs += random() < 0.01 ? random() * 3_000 : random() * 20;
    if (random() < 0.7) {
      count.add(nowMs);
      moments.push(nowMs);
    }
    const total = count.total(nowMs);
    assert(total >= moments.filter((moment) => moment > nowMs - 900).length);
    assert(total <= moments.filter((moment) => moment > nowMs - 1_000).length);
  }
});

test("WindowedCount is empty after a rest of one window, and of a thousand", () => {
  for (const restMs of [1_000, 1_000_000]) {
    const count = new WindowedCount(1_000, 0);
    for (let index = 0; index < 7; index++) count.add(index);
    assertEquals(count.total(6), 7);
    assertEquals(count.total(restMs), 0);
    count.add(restMs);
    assertEquals(count.total(restMs + 899), 1);
  }
});

test("WindowedCount loses nothing when the clock goes back, and goes on from there", () => {
  const count = new WindowedCount(1_000, 3_600_000);
  count.add(3_600_000);
  count.add(0);
  assertEquals(count.total(0), 2);
  assertEquals(count.total(899), 2);
  assertEquals(count.total(1_000), 0);
});

test("WindowedCount.clear() forgets all", () => {
  const count = new WindowedCount(1_000, 0);
  count.add(0);
  count.add(500);
  count.clear();

  assertEquals(count.total(500), 0);
  assertEquals(count.total(5_000), 0);
});
