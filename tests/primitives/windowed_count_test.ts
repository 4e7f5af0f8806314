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

test("WindowedCount counts at the edge of a slot into the slot that begins there", () => {
  const count = new WindowedCount(1_000, 0);
  for (const nowMs of [99, 100, 199, 200]) count.add(nowMs);
  assertEquals(count.total(999), 4);
  // The slots expire one by one, each as a whole.
  assertEquals(count.total(1_000), 3);
  assertEquals(count.total(1_099), 3);
  assertEquals(count.total(1_100), 1);
  assertEquals(count.total(1_200), 0);
});

test("WindowedCount gives the same whether it is read in each slot or only at the end", () => {
  for (const stepMs of [7, 100, 250, 1_000, 1_300]) {
    const asked = new WindowedCount(1_000, 0);
    const unasked = new WindowedCount(1_000, 0);
    for (let nowMs = 0; nowMs < 5_000; nowMs += stepMs) {
      asked.add(nowMs);
      unasked.add(nowMs);
      asked.total(nowMs);
    }
    assertEquals(unasked.total(5_000), asked.total(5_000), `${stepMs}`);
  }
});

test("WindowedCount slides on its own grid of slots, however late it is read", () => {
  const count = new WindowedCount(1_000, 50);
  count.add(50);
  count.add(149);
  count.add(150);
  assertEquals([count.total(1_049), count.total(1_050)], [3, 1]);
  count.add(12_345);
  // Slots lie at 50 modulo 100.
  assertEquals([count.total(13_244), count.total(13_249), count.total(13_250)], [1, 1, 0]);
});

test("WindowedCount takes back the latest counts first, and no more than there are", () => {
  const count = new WindowedCount(1_000, 0);
  for (const nowMs of [0, 0, 0, 250, 250, 990]) count.add(nowMs);
  count.remove(2, 990);
  assertEquals([count.total(990), count.total(1_000)], [4, 1]);
  count.remove(9, 1_000);
  assertEquals([count.total(1_000), count.total(1_300)], [0, 0]);
  count.add(1_300);
  assertEquals(count.total(1_300), 1);
});
