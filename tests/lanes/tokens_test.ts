import { assertEquals, assertStrictEquals } from "@std/assert";
import { Lane } from "../../src/lanes/lane.ts";
import { Tokens } from "../../src/lanes/tokens.ts";
import type { Bucket } from "../../src/primitives/bucket.ts";
import { TokenBucket } from "../../src/primitives/token_bucket.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

function setUp(hasOwn = false) {
  const clock = new ManualClock();
  const bucketOf = () => new TokenBucket({ limit: 1, intervalMs: 100, burst: 1, clock });
  const [common, own] = [bucketOf(), bucketOf()];
  const heard: string[] = [];
  const tokens = new Tokens(common, {
    examine: ({ key }) => heard.push(key),
    dispatch: () => heard.push("all"),
  });
  const lane = new Lane({ key: "a", breaker: undefined, bucket: hasOwn ? own : undefined });
  const bucket: Bucket = hasOwn ? own : common;
  return { clock, tokens, lane, bucket, heard };
}

test("Tokens.bucketOf() is the lane's own bucket, or else the client's, or none", () => {
  const [shared, own] = [setUp(), setUp(true)];
  assertStrictEquals(shared.tokens.bucketOf(shared.lane), shared.bucket);
  assertStrictEquals(own.tokens.bucketOf(own.lane), own.bucket);
  const none = new Tokens(undefined, { examine() {}, dispatch() {} });
  assertEquals(none.bucketOf(shared.lane), undefined);
});

test("Tokens.await() tells of the client's bucket once for all, and nobody takes from it until then", async () => {
  const { tokens, lane, bucket, clock, heard } = setUp();
  assertEquals([tokens.take(lane, bucket), tokens.take(lane, bucket), tokens.isOut], [true, false, false]);
  tokens.await(lane, bucket);
  tokens.await(lane, bucket);
  assertEquals([tokens.isOut, tokens.take(lane, bucket), heard], [true, false, []]);
  await clock.advance(100);
  assertEquals([tokens.isOut, heard, tokens.take(lane, bucket), clock.pending], [false, ["all"], true, 0]);
});

test("Tokens.await() tells a lane of its own bucket, which concerns no other", async () => {
  const { tokens, lane, bucket, clock, heard } = setUp(true);
  tokens.take(lane, bucket);
  tokens.await(lane, bucket);
  assertEquals([tokens.isOut, tokens.take(lane, bucket)], [false, false]);
  await clock.advance(100);
  assertEquals([heard, lane.tokenNotice, tokens.take(lane, bucket)], [["a"], undefined, true]);
});

test("Tokens.forget() takes the notice back, and leaves no timer", async () => {
  const { tokens, lane, bucket, clock, heard } = setUp();
  tokens.forget();
  tokens.take(lane, bucket);
  tokens.await(lane, bucket);
  tokens.forget();
  assertEquals([tokens.isOut, clock.pending], [false, 0]);
  await clock.advance(1_000);
  assertEquals(heard, []);
});
