import { assertEquals, assertStrictEquals } from "@std/assert";
import { memoryCache } from "../../src/cache/memory.ts";
import { DoubtfulKeys, doubtfulKeysOf } from "../../src/http_cache/doubtful_keys.ts";
import { test } from "../support/test.ts";

test("DoubtfulKeys.has() holds from a failed change to the next one that succeeds", () => {
  const keys = new DoubtfulKeys();
  keys.settle("a");
  assertEquals(keys.has("a"), false);
  keys.add("a");
  keys.add("a");
  assertEquals([keys.has("a"), keys.has("b")], [true, false]);
  keys.settle("a");
  assertEquals(keys.has("a"), false);
});

test("DoubtfulKeys.has() holds until a change succeeds after the end of all late ones", () => {
  const keys = new DoubtfulKeys();
  for (let late = 0; late < 2; late++) {
    keys.addLate("a");
    keys.add("a");
  }
  for (let late = 0; late < 2; late++) {
    keys.settle("a");
    assertEquals(keys.has("a"), true);
    keys.endLate("a");
  }
  assertEquals(keys.has("a"), true);
  keys.settle("a");
  assertEquals(keys.has("a"), false);
});

test("DoubtfulKeys remembers 100,000 keys, and lets a key go that had no room when its change was late", () => {
  const keys = new DoubtfulKeys();
  for (let nth = 0; nth < 100_000; nth++) keys.add(`${nth}`);
  keys.addLate("a");
  assertEquals([keys.has("99999"), keys.has("a")], [true, false]);
  keys.settle("0");
  keys.add("a");
  keys.endLate("a");
  assertEquals(keys.has("a"), true);
  keys.settle("a");
  assertEquals(keys.has("a"), false);
});

test("doubtfulKeysOf() gives all plans of one adapter the same keys", () => {
  const [one, other] = [memoryCache(), memoryCache()];
  assertStrictEquals(doubtfulKeysOf(one), doubtfulKeysOf(one));
  doubtfulKeysOf(one).add("a");
  assertEquals([doubtfulKeysOf(one).has("a"), doubtfulKeysOf(other).has("a")], [true, false]);
});
