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
    ["omnaco", "monaco", 1],
    ["kitten", "sitting", 3],
    ["ca", "abc", 3],
  ];
  for (const [a, b, distance] of pairs) {
    assertEquals([editDistance(a, b), editDistance(b, a)], [distance, distance], `${a} ${b}`);
  }
});

test("editDistance() does not compare texts whose lengths differ by more than what matters", () => {
  assertEquals([editDistance("abc", "abcdef", 3), editDistance("abcdef", "abc", 3)], [3, 3]);
  // To compare them would take longer than a test may.
  const long = "x".repeat(200_000_000);
  assertEquals([editDistance(long, "abc", 3), editDistance("abc", long, 3)], [Infinity, Infinity]);
});

test("nearestOf() returns the first of the nearest items, if they are near enough", () => {
  const nearest = (most: number, ...items: number[]) => nearestOf(items, most, (item) => Math.abs(item - 10));
  assertEquals([nearest(2, 13, 12, 9, 11), nearest(2, 8, 12), nearest(0, 10, 9)], [9, 8, 10]);
  assertEquals([nearest(2, 13, 7), nearest(5)], [undefined, undefined]);
  assertEquals(nearestOf(["a"], 3, () => Infinity), undefined);
});
