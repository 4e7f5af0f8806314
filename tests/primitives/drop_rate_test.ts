import { assertEquals } from "@std/assert";
import { DropRate } from "../../src/primitives/drop_rate.ts";
import type { WindowStats } from "../../src/primitives/sample_window.ts";
import { test } from "../support/test.ts";

const window = (drops: number, count = 100): WindowStats => {
  return { drops, count, peak: 50, served: 50, mean: 1, error: 0 };
};

test("DropRate.isOverload() is true for more than 2 % of drops, but never for a single drop", () => {
  const cases: [drops: number, count: number, isOverload: boolean][] = [
    [0, 10, false],
    [1, 10, false],
    [2, 10, true],
    [2, 100, false],
    [3, 100, true],
    [100, 100, true],
  ];
  for (const [drops, count, isOverload] of cases) {
    assertEquals(new DropRate().isOverload(50, window(drops, count)), isOverload, `${drops} of ${count}`);
  }
});

test("DropRate.testFall() returns the limit to restore if drops have not become fewer with it", () => {
  const rate = new DropRate();
  assertEquals(rate.testFall(50, window(6)), undefined);
  assertEquals(rate.testFall(45, window(6)), undefined);
  assertEquals(rate.testFall(40, window(5)), 50);
  // This rate of drops is the usual one from now on.
  assertEquals([rate.isOverload(50, window(8)), rate.isOverload(50, window(20))], [false, true]);
});

test("DropRate.testFall() keeps lowering while drops become fewer, or are too many to be usual", () => {
  const fewer = new DropRate();
  fewer.testFall(50, window(30));
  assertEquals(fewer.testFall(40, window(9)), undefined);
  const many = new DropRate();
  many.testFall(50, window(60));
  assertEquals(many.testFall(25, window(60)), undefined);
  assertEquals(many.testFall(25, window(25)), undefined);
});

test("DropRate.testFall() starts anew after so many drops that they measure nothing", () => {
  for (const blip of [31, 60, 100]) {
    const rate = new DropRate();
    rate.testFall(50, window(blip));
    assertEquals(rate.testFall(25, window(10)), undefined);
    assertEquals(rate.testFall(22, window(10)), undefined);
    assertEquals(rate.testFall(20, window(9)), 25, `${blip}`);
    assertEquals([rate.isOverload(25, window(15)), rate.isOverload(25, window(30))], [false, true]);
  }
});

test("DropRate.isOverload() gradually forgets the usual rate", () => {
  const rate = new DropRate();
  rate.testFall(50, window(20));
  rate.testFall(40, window(20));
  assertEquals(rate.isOverload(50, window(25)), false);
  for (let index = 0; index < 100; index++) rate.isOverload(50, window(0));
  assertEquals(rate.isOverload(50, window(25)), true);
});

test("DropRate.isOverload() remembers where the limit began to fall, until it is back there", () => {
  const rate = new DropRate();
  rate.testFall(50, window(6));
  rate.isOverload(45, window(0));
  assertEquals(rate.testFall(40, window(6)), 50);
  const risen = new DropRate();
  risen.testFall(50, window(6));
  risen.isOverload(50, window(0));
  assertEquals(risen.testFall(40, window(6)), undefined);
});
