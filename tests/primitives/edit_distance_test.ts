import { assertEquals } from "@std/assert";
import { editDistance } from "../../src/primitives/edit_distance.ts";
import { test } from "../support/test.ts";

test("editDistance() counts what has to be typed differently, either way", () => {
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
