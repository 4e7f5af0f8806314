import { assertEquals } from "@std/assert";
import { StringMap } from "../../src/primitives/string_map.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

test("StringMap does what Map does, through any number of changes", () => {
  const random = seededRandom(7);
  const ours = new StringMap<number>();
  const theirs = new Map<string, number>();
  for (let step = 0; step < 20_000; step++) {
    // First it fills, then it empties.
    const key = `https://a.test/${Math.floor(random() * 600)}`;
    if (random() < (step < 10_000 ? 0.7 : 0.3)) {
      ours.set(key, step);
      theirs.set(key, step);
    } else {
      assertEquals(ours.delete(key), theirs.delete(key));
    }
    assertEquals([ours.get(key), ours.size], [theirs.get(key), theirs.size]);
  }
  for (let number = 0; number < 600; number++) {
    const key = `https://a.test/${number}`;
    assertEquals(ours.get(key), theirs.get(key), key);
  }
});

test("StringMap tells keys apart that differ in one place, and takes any text", () => {
  const map = new StringMap<string>();
  const keys = [
    "",
    " ",
    "a",
    "A",
    "a\0",
    "ä",
    "a\u0308",
    "\ud800",
    "\udfff",
    "é".repeat(8_000),
    "é".repeat(7_999),
  ];
  for (const key of keys) map.set(key, `value of ${key.length}`);
  assertEquals(map.size, keys.length);
  for (const key of keys) assertEquals(map.get(key), `value of ${key.length}`);
});

test("StringMap.delete() keeps entries reachable that share a chain of slots, whichever goes first", () => {
  // Far more entries than fit without collisions, deleted in every third order.
  for (let stride = 1; stride < 30; stride++) {
    const map = new StringMap<number>();
    const keys = Array.from({ length: 31 }, (_, index) => `k${index}`);
    for (const [index, key] of keys.entries()) map.set(key, index);
    for (let gone = 0; gone < keys.length; gone++) {
      const index = (gone * stride) % keys.length;
      assertEquals(map.delete(keys[index]!), true);
      assertEquals(map.get(keys[index]!), undefined);
      const left = keys.filter((_, other) => {
        for (let past = 0; past <= gone; past++) if ((past * stride) % keys.length === other) return false;
        return true;
      });
      for (const key of left) assertEquals(map.get(key), Number(key.slice(1)), key);
    }
    assertEquals([map.size, map.delete("k0")], [0, false]);
  }
});
