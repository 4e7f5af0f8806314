import { assertEquals, assertNotEquals } from "@std/assert";
import { derivedSeed } from "../../src/testing/derived_seed.ts";
import { test } from "../support/test.ts";

test("derivedSeed() is FNV-1a over the parts", () => {
  // The published vectors of the 32-bit function.
  assertEquals(derivedSeed(""), 0x811c9dc5);
  assertEquals(derivedSeed("a"), 0xe40c292c);
  assertEquals(derivedSeed("foobar"), 0xbf9cf968);
});

test("derivedSeed() depends on where one part ends and the next begins", () => {
  assertNotEquals(derivedSeed("ab", "c"), derivedSeed("a", "bc"));
  assertNotEquals(derivedSeed(1, 23), derivedSeed(12, 3));
});
