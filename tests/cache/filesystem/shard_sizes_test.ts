import { assertAlmostEquals, assertEquals } from "@std/assert";
import { SHARDS } from "../../../src/cache/filesystem/entry_name.ts";
import { ShardSizes } from "../../../src/cache/filesystem/shard_sizes.ts";
import { test } from "../../support/test.ts";

const news = (writtenBytes: number, removedBytes: number, unfinishedBytes = 0) => ({
  writtenBytes,
  removedBytes,
  unfinishedBytes,
});

function sizesOf(bytes: number): ShardSizes {
  const sizes = new ShardSizes();
  for (const shard of SHARDS) sizes.set(shard, bytes);
  return sizes;
}

test("ShardSizes adds up known folders, and ignores folders that were never scanned", () => {
  const sizes = new ShardSizes();
  sizes.change("00", 50);
  assertEquals([sizes.known, sizes.totalBytes, sizes.get("00")], [0, 0, undefined]);
  sizes.set("00", 50);
  sizes.set("01", 20);
  sizes.set("00", 30);
  sizes.change("01", -5);
  assertEquals([sizes.known, sizes.totalBytes, sizes.get("00"), sizes.get("01")], [2, 45, 30, 15]);
  sizes.change("00", -31);
  assertEquals([sizes.totalBytes, sizes.get("00")], [15, 0]);
  sizes.clear();
  assertEquals([sizes.known, sizes.totalBytes], [0, 0]);
});

test("ShardSizes.learn() spreads the changes of others over the folders, and set() replaces a folder's share", () => {
  const sizes = sizesOf(10);
  sizes.learn(news(256, 0), 0);
  assertEquals([sizes.totalBytes, sizes.get("7f")], [256 * 11, 11]);
  sizes.learn(news(0, 128 * 11), 0);
  assertAlmostEquals(sizes.totalBytes, 128 * 11);
  for (const shard of SHARDS) sizes.set(shard, 8);
  assertAlmostEquals(sizes.totalBytes, 256 * 8);
});

test("ShardSizes.learn() lets no size fall below 0, whatever others report", () => {
  const sizes = sizesOf(10);
  sizes.learn(news(0, 1e15), 0);
  assertEquals([sizes.totalBytes, sizes.get("00")], [0, 0]);
  sizes.learn(news(256, 5), 0);
  assertAlmostEquals(sizes.totalBytes, 251);
});

test("ShardSizes.learn() counts a missing file once, before or after its removal is announced", () => {
  const sizes = sizesOf(10);
  sizes.noteGone("00", 10);
  assertEquals(sizes.totalBytes, 2_550);
  sizes.learn(news(0, 4), 0);
  assertEquals(sizes.totalBytes, 2_550);
  sizes.learn(news(0, 16), 0);
  assertAlmostEquals(sizes.totalBytes, 2_540);
});

test("ShardSizes.learn() counts half of the bytes that were written or removed during a scan", () => {
  const sizes = sizesOf(10);
  sizes.learn(news(0, 0, 200), 0);
  sizes.learn(news(60, 100), 1);
  assertAlmostEquals(sizes.totalBytes, 2_560 + 100 + 30 - 50);
  sizes.learn(news(0, 0), 1);
  assertAlmostEquals(sizes.totalBytes, 2_560 + 100 + 30 - 50);
});

test("ShardSizes.learn() counts all bytes of writes that began during a scan and have not finished", () => {
  const sizes = sizesOf(10);
  sizes.learn(news(60, 0, 20), 1);
  assertAlmostEquals(sizes.totalBytes, 2_560 + 20 + 20);
  sizes.learn(news(100, 0, 300), 1);
  assertAlmostEquals(sizes.totalBytes, 2_560 + 20 + 20 + 10 + 100);
});

test("ShardSizes.learn() stays near the true size while others write and remove many times as much", () => {
  for (const seenFraction of [0, 0.25, 1]) {
    const sizes = sizesOf(10);
    sizes.learn(news(100_000, 100_000), seenFraction);
    assertAlmostEquals(sizes.totalBytes, 2_560, 1e-6);
    sizes.learn(news(100_256, 100_000), 0);
    assertAlmostEquals(sizes.totalBytes, 2_816, 1e-6);
  }
});

test("ShardSizes.learn() counts a missing file once, even if a scan comes before the announcement of its removal", () => {
  const sizes = sizesOf(10);
  sizes.noteGone("00", 10);
  sizes.set("00", 0);
  sizes.learn(news(0, 0), 1);
  sizes.learn(news(0, 10), 0);
  assertEquals(sizes.totalBytes, 2_550);
  sizes.learn(news(0, 10), 0);
  assertAlmostEquals(sizes.totalBytes, 2_540);
});
