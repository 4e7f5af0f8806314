import { assertEquals } from "@std/assert";
import { leadingNumbers } from "../../src/primitives/leading_numbers.ts";
import { test } from "../support/test.ts";

const TEN = [1, 0.5, -0, NaN, Infinity, 6, 7, 8, 9, 10];

test("leadingNumbers() counts the numbers before the first other value", () => {
  assertEquals(leadingNumbers([...TEN, ...TEN], null), 20);
  for (const other of ["3", undefined, 2n, {}, true]) {
    assertEquals(leadingNumbers([...TEN, 1, other, ...TEN], null), 11);
  }
  const holey: unknown[] = [...TEN, ...TEN];
  delete holey[3];
  assertEquals(leadingNumbers(holey, null), 3);
});

test("leadingNumbers() is 0 for an array that is short, begins or ends with other values, or has a gap", () => {
  const some = [[], TEN, [null, ...TEN, ...TEN], ["1", ...TEN, ...TEN], [...TEN, ...TEN, {}], [
    ...TEN,
    null,
    ...TEN,
  ]];
  for (const values of some) assertEquals(leadingNumbers(values, null), 0);
  assertEquals([
    leadingNumbers([...TEN, "None", ...TEN], "None"),
    leadingNumbers([...TEN, null, ...TEN], "None"),
  ], [0, 10]);
});
