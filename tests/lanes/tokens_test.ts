import { assertEquals, assertStrictEquals } from "@std/assert";
import { KeyLine } from "../../src/lanes/key_line.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { Tokens } from "../../src/lanes/tokens.ts";
import type { Place } from "../../src/lanes/waiter.ts";
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
  const takes = (): boolean => tokens.take(lane) === undefined;
  return { clock, tokens, takes, lane, bucket, heard };
}

test("Tokens.areNeeded() is true if the lane has a bucket, or the client has one", () => {
  const { lane, tokens } = setUp();
  const none = new Tokens(undefined, { examine() {}, dispatch() {} });
  const own = setUp(true).lane;
  assertEquals([tokens.areNeeded(lane), none.areNeeded(lane), none.areNeeded(own)], [true, false, true]);
});

test("Tokens.take() takes a token from each bucket that a request needs, or from none", async () => {
  const clock = new ManualClock();
  const make = (burst: number) => new TokenBucket({ limit: 1, intervalMs: 100, burst, clock });
  for (const empty of [0, 1, 2]) {
    const buckets = [make(2), make(2), make(2)] as const;
    const [common, own, keyed] = buckets;
    const tokens = new Tokens(common, { examine() {}, dispatch() {} });
    const lane = new Lane({ key: "a", breaker: undefined, bucket: own });
    const line = new KeyLine<Place<Lane>>("k", keyed);
    assertEquals(tokens.take(lane, line), undefined);
    assertEquals(buckets.map(({ available }) => available), [1, 1, 1]);
    buckets[empty]!.tryTake();
    assertStrictEquals(tokens.take(lane, line), buckets[empty]);
    assertEquals(
      buckets.map(({ available }) => available),
      [0, 1, 2].map((index) => index === empty ? 0 : 1),
    );
    await clock.advance(100);
    assertEquals(tokens.take(lane, line), undefined);
  }
});

test("Tokens.take() first asks a bucket that can't say beforehand whether it has a token", () => {
  const clock = new ManualClock();
  const keyed = new TokenBucket({ limit: 1, intervalMs: 100, burst: 2, clock });
  let has = false;
  const blind: Bucket = { tryTake: () => has, notify: () => ({ [Symbol.dispose]() {} }) };
  const tokens = new Tokens(blind, { examine() {}, dispatch() {} });
  const lane = new Lane({ key: "a", breaker: undefined, bucket: undefined });
  const line = new KeyLine<Place<Lane>>("k", keyed);
  assertStrictEquals(tokens.take(lane, line), blind);
  assertEquals(keyed.available, 2);
  has = true;
  assertEquals([tokens.take(lane, line), keyed.available], [undefined, 1]);
});

test("Tokens.await() reports the client's bucket once for all, and no request takes from it until then", async () => {
  const { tokens, takes, lane, bucket, clock, heard } = setUp();
  assertEquals([takes(), takes(), tokens.isOut], [true, false, false]);
  tokens.await(lane, bucket);
  tokens.await(lane, bucket);
  assertEquals([tokens.isOut, takes(), heard], [true, false, []]);
  await clock.advance(100);
  assertEquals([tokens.isOut, heard, takes(), clock.pending], [false, ["all"], true, 0]);
});

test("Tokens.await() reports a lane's own bucket to that lane only", async () => {
  const { tokens, takes, lane, bucket, clock, heard } = setUp(true);
  takes();
  tokens.await(lane, bucket);
  assertEquals([tokens.isOut, takes()], [false, false]);
  await clock.advance(100);
  assertEquals([heard, lane.tokenNotice, takes()], [["a"], undefined, true]);
});

test("Tokens.forget() cancels the notice, and leaves no timer", async () => {
  const { tokens, takes, lane, bucket, clock, heard } = setUp();
  tokens.forget();
  takes();
  tokens.await(lane, bucket);
  tokens.forget();
  assertEquals([tokens.isOut, clock.pending], [false, 0]);
  await clock.advance(1_000);
  assertEquals(heard, []);
});

test("Tokens.take() takes no token that others wait for, even if the bucket would give it", () => {
  const generous = (): Bucket => ({ tryTake: () => true, notify: () => ({ [Symbol.dispose]() {} }) });
  const [common, own] = [generous(), generous()];
  const tokens = new Tokens(common, { examine() {}, dispatch() {} });
  const [plain, rich] = [undefined, own].map((bucket) => new Lane({ key: "a", breaker: undefined, bucket }));
  assertEquals(tokens.take(plain!), undefined);
  tokens.await(rich!, own);
  assertEquals([tokens.take(plain!), tokens.take(rich!) === own], [undefined, true]);
  tokens.await(plain!, common);
  assertEquals([tokens.take(plain!) === common, tokens.take(rich!) === own], [true, true]);
  tokens.forget();
  assertEquals(tokens.take(plain!), undefined);
});

test("Tokens.take() takes no token of a key while others wait for one there", () => {
  const generous: Bucket = { tryTake: () => true, notify: () => ({ [Symbol.dispose]() {} }) };
  const tokens = new Tokens(undefined, { examine() {}, dispatch() {} });
  const lane = new Lane({ key: "a", breaker: undefined, bucket: undefined });
  const line = new KeyLine<Place<Lane>>("k", generous);
  assertEquals(tokens.take(lane, line), undefined);
  line.tokenNotice = generous.notify(() => {});
  assertStrictEquals(tokens.take(lane, line), generous);
});
