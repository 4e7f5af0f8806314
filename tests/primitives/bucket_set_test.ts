import { assertEquals } from "@std/assert";
import { BucketSet } from "../../src/primitives/bucket_set.ts";
import { TokenBucket, type TokenBucketRate } from "../../src/primitives/token_bucket.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { test } from "../support/test.ts";

function setUp(...rates: readonly TokenBucketRate[]) {
  const clock = new ManualClock();
  const buckets = rates.map((rate) => new TokenBucket({ ...rate, clock }));
  return { clock, buckets, set: new BucketSet(buckets) };
}

test("BucketSet.tryTake() takes a token from all buckets, or from none", () => {
  const { buckets, set } = setUp({ limit: 3, intervalMs: 100 }, { limit: 1, intervalMs: 100 });
  assertEquals([set.tryTake(), set.tryTake(), set.canTake()], [true, false, false]);
  assertEquals(buckets.map(({ available }) => available), [2, 0]);
  assertEquals(set.available, 0);
});

test("BucketSet.tryTake() keeps every rate, whenever it is called", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const rates = Array.from({ length: 3 }, () => ({
      limit: 1 + Math.floor(10 * random()),
      intervalMs: 1 + Math.floor(500 * random()),
      burst: 1 + Math.floor(5 * random()),
    }));
    const { clock, set } = setUp(...rates);
    const times: number[] = [];
    for (let step = 0; step < 200; step++) {
      clock.jump(Math.floor(60 * random()));
      while (set.tryTake()) times.push(clock.now());
    }
    for (const [first, start] of times.entries()) {
      for (let last = first; last < times.length; last++) {
        for (const { limit, intervalMs, burst } of rates) {
          const allowed = burst + (times[last]! - start) * limit / intervalMs + 1e-6;
          if (last - first + 1 > allowed) throw new Error(`seed ${seed}: ${last - first + 1} > ${allowed}`);
        }
      }
    }
  }
});

test("BucketSet.notify() calls its listeners when all buckets have a token, in the order of their calls", async () => {
  const { clock, set } = setUp(
    { limit: 1, intervalMs: 100, burst: 1 },
    { limit: 1, intervalMs: 250, burst: 1 },
    { limit: 1, intervalMs: 10, burst: 1 },
  );
  set.tryTake();
  const told: [string, number, boolean][] = [];
  for (const name of ["a", "b"]) set.notify(() => told.push([name, clock.now(), set.tryTake()]));
  assertEquals(set.tryTake(), false);
  await clock.advance(1_000);
  assertEquals(told, [["a", 250, true], ["b", 500, true]]);
  assertEquals(clock.pending, 0);
});

test("BucketSet.notify() gives its listener first right to the tokens, which it need not use", async () => {
  const { clock, set } = setUp({ limit: 1, intervalMs: 100, burst: 1 }, {
    limit: 1,
    intervalMs: 100,
    burst: 1,
  });
  set.tryTake();
  const told: string[] = [];
  set.notify(() => told.push("a"));
  set.notify(() => told.push("b"));
  await clock.advance(99);
  assertEquals([told, set.canTake()], [[], false]);
  await clock.advance(2);
  assertEquals([told, set.tryTake()], [["a", "b"], true]);
});

test("BucketSet.notify() can be disposed without leaving a timer, and later listeners move up", async () => {
  const { clock, set } = setUp({ limit: 1, intervalMs: 100, burst: 1 }, {
    limit: 1,
    intervalMs: 300,
    burst: 1,
  });
  set.tryTake();
  const told: string[] = [];
  const first = set.notify(() => told.push("a"));
  const second = set.notify(() => told.push("b"));
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  await clock.advance(300);
  assertEquals(told, ["b"]);
  second[Symbol.dispose]();
  set.notify(() => told.push("c"))[Symbol.dispose]();
  assertEquals(clock.pending, 0);
});

test("BucketSet.pauseFor() pauses all buckets", async () => {
  const { clock, set } = setUp({ limit: 1, intervalMs: 100 }, { limit: 1, intervalMs: 100 });
  set.pauseFor(500);
  await clock.advance(499);
  const before = set.canTake();
  await clock.advance(1);
  assertEquals([before, set.canTake()], [false, true]);
});

test("BucketSet.notify() × disposal: one that was called or disposed before removes no other listener", async () => {
  const rate = { limit: 1, intervalMs: 100, burst: 1 };
  const { clock, set } = setUp(rate, rate);
  set.tryTake();
  const heard: string[] = [];
  const tell = (name: string) => () => heard.push(`${name} at ${clock.now()}: ${set.tryTake()}`);
  const [first, left] = [set.notify(tell("first")), set.notify(tell("left"))];
  set.notify(tell("last"));
  left[Symbol.dispose]();
  left[Symbol.dispose]();
  await clock.advance(100);
  first[Symbol.dispose]();
  await clock.advance(200);
  assertEquals([heard, clock.pending], [["first at 100: true", "last at 200: true"], 0]);
});
