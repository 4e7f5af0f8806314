import { assertEquals } from "@std/assert";
import { type Bucket, isFull } from "../../src/primitives/bucket.ts";
import { BucketSet } from "../../src/primitives/bucket_set.ts";
import { TokenBucket } from "../../src/primitives/token_bucket.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

test("isFull() works for token buckets and sets of them, and is false for other buckets", () => {
  const clock = new ManualClock();
  const make = () => new TokenBucket({ limit: 1, intervalMs: 10, burst: 2, clock });
  for (const bucket of [make(), new BucketSet([make(), make()])]) {
    const before = isFull(bucket);
    bucket.tryTake();
    const between = isFull(bucket);
    clock.jump(10);
    assertEquals([before, between, isFull(bucket)], [true, false, true]);
  }
  const foreign: Bucket = { tryTake: () => true, notify: () => ({ [Symbol.dispose]() {} }) };
  assertEquals(isFull(foreign), false);
});
