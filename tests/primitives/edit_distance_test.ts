import { assertEquals } from "@std/assert";
import { editDistance, nearestOf } from "../../src/primitives/edit_distance.ts";
import { test } from "../support/test.ts";

test("editDistance() counts the keystrokes by which two words differ, either way", () => {
  const pairs: readonly [string, string, number][] = [
    ["", "", 0],
    ["", "abc", 3],
    ["monaco", "monaco", 0],
    ["monacco", "monaco", 1],
    ["monco", "monaco", 1],
    ["monzco", "monaco", 1],
    ["moncao", "monaco", 1],
    ["kitten", "sitting", 3],
    ["ca", "abc", 3],
  ];
  for (const [a, b, distance] of pairs) {
    assertEquals([editDistance(a, b), editDistance(b, a)], [distance, distance], `${a} ${b}`);
  }
});

test("nearestOf() returns the first of the nearest items, if they are near enough", () => {
  const nearest = (most: number, ...items: number[]) => nearestOf(items, most, (item) => Math.abs(item - 10));
  assertEquals([nearest(2, 13, 12, 9, 11), nearest(2, 8, 12), nearest(0, 10, 9)], [9, 8, 10]);
  assertEquals([nearest(2, 13, 7), nearest(5)], [undefined, undefined]);
  assertEquals(nearestOf(["a"], 3, () => Infinity), undefined);
});
