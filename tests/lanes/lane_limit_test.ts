import { assertEquals } from "@std/assert";
import { LaneLimit } from "../../src/lanes/lane_limit.ts";
import { LimitEstimator } from "../../src/primitives/limit_estimator.ts";
import { test } from "../support/test.ts";

function succeed(limit: LaneLimit, times: number, capacity = 1_000): void {
  for (let nth = 0; nth < times; nth++) limit.gain(capacity, 0);
}

/** A limit that was halved from this many in flight. */
function halved(inFlight: number): LaneLimit {
  const limit = new LaneLimit(Infinity);
  limit.halve(inFlight, false);
  return limit;
}

test("LaneLimit.halve() leaves half of what is in flight, or of the limit, and at least one", () => {
  assertEquals([9, 3, 2].map((inFlight) => halved(inFlight).current), [4, 1, 1]);
  const limit = new LaneLimit(8);
  limit.halve(8, false);
  // Another request was refused as well, while more were still under way.
  limit.halve(7, false);
  assertEquals([limit.current, limit.most, limit.isNew], [2, 8, false]);
});

test("LaneLimit.halve() lowers nothing for a request that was in flight alone, unless the limit is lower already", () => {
  for (const most of [Infinity, 8]) {
    const limit = new LaneLimit(most);
    for (const inFlight of [1, 0]) limit.halve(inFlight, false);
    assertEquals([limit.current, limit.isNew], [most, true]);
    limit.halve(6, false);
    limit.halve(1, false);
    assertEquals(limit.current, 1);
  }
});

test("LaneLimit.exclude() lowers the limit to what was not refused of what was in flight, if that is less than half", () => {
  const limit = new LaneLimit(20);
  limit.halve(10, false);
  for (let nth = 0; nth < 4; nth++) limit.exclude();
  assertEquals(limit.current, 5);
  for (let nth = 0; nth < 3; nth++) limit.exclude();
  assertEquals(limit.current, 2);
});

test("LaneLimit.exclude() leaves half if everything was refused", () => {
  const limit = new LaneLimit(20);
  limit.halve(10, false);
  for (let nth = 0; nth < 9; nth++) limit.exclude();
  assertEquals(limit.current, 5);
  limit.exclude();
  assertEquals(limit.current, 5);
});

test("LaneLimit.exclude() changes nothing where the origin's quota is known, or the limit is adaptive", () => {
  const limit = new LaneLimit(8);
  limit.halve(8, false);
  limit.halve(4, true);
  for (let nth = 0; nth < 6; nth++) limit.exclude();
  assertEquals(limit.current, 8);
  const adaptive = new LaneLimit(8);
  adaptive.follow(new LimitEstimator({ initial: 8, max: 64, algorithm: "aimd" }));
  adaptive.halve(8, false);
  for (let nth = 0; nth < 5; nth++) adaptive.exclude();
  assertEquals(adaptive.current, 7);
});

test("LaneLimit.narrow() lowers the limit as much as halve(), and lets it grow back as fast as before", () => {
  const limit = new LaneLimit(20);
  limit.halve(20, false, 5_000);
  limit.narrow(10);
  limit.narrow(9);
  assertEquals(limit.current, 2);
  for (let nth = 0; nth < 10_000; nth++) limit.gain(100, 0);
  assertEquals(limit.current, 19);
  limit.narrow(1);
  assertEquals(limit.current, 1);
  const alone = new LaneLimit(20);
  alone.narrow(1);
  assertEquals(alone.current, 20);
});

test("LaneLimit.narrow() lowers an adaptive limit by one", () => {
  const limit = new LaneLimit(8);
  limit.follow(new LimitEstimator({ initial: 8, max: 64, algorithm: "aimd" }));
  limit.narrow(8);
  assertEquals(limit.current, 7);
});

test("LaneLimit.halve() removes the limit where the origin's quota is known", () => {
  const limit = new LaneLimit(8);
  limit.halve(8, false);
  limit.halve(4, true);
  assertEquals([limit.current, limit.isNew], [8, true]);
});

test("LaneLimit.forgetQuota() lowers the limit to four times what it was before the quota was known", () => {
  const limit = new LaneLimit(20);
  limit.halve(4, false);
  for (const inFlight of [20, 12]) limit.halve(inFlight, true);
  assertEquals(limit.current, 20);
  limit.forgetQuota();
  assertEquals(limit.current, 8);
  // Nothing has lowered the limit since.
  limit.restore();
  limit.forgetQuota();
  assertEquals(limit.current, 20);
  // The limit may be lower for another reason.
  for (const inFlight of [4, 20]) limit.halve(inFlight, inFlight === 20);
  limit.halve(6, false);
  limit.forgetQuota();
  assertEquals(limit.current, 3);
});

test("LaneLimit.retreat() goes back to the highest limit that was not too much, and only from above it", () => {
  const limit = new LaneLimit(20);
  // The limit was never lowered; then it is below what was too much; then at it.
  assertEquals([limit.retreat(), limit.current], [false, 20]);
  limit.halve(12, false);
  assertEquals([limit.retreat(), limit.current], [false, 6]);
  const ceiling = 19;
  for (; limit.current < ceiling;) succeed(limit, 1);
  assertEquals([limit.retreat(), limit.current], [false, 19]);

  const lower = new LaneLimit(20);
  lower.halve(20, false);
  lower.halve(8, false);
  for (; lower.current < 10;) succeed(lower, 1);
  assertEquals([lower.retreat(), lower.current], [true, 9]);
  assertEquals(lower.retreat(), false);

  const least = halved(2);
  for (; least.current < 2;) succeed(least, 1);
  assertEquals([least.retreat(), least.current], [true, 1]);
});

test("LaneLimit.retreat() takes a failure for chance after successes of a quarter of the limit", () => {
  for (const [successes, goesBack] of [[0, true], [2, true], [3, false], [9, false]] as const) {
    const limit = new LaneLimit(20);
    limit.halve(20, false);
    limit.halve(8, false);
    for (; limit.current < 10;) succeed(limit, 1);
    succeed(limit, successes);
    assertEquals(limit.retreat(), goesBack, `${successes}`);
  }
});

test("LaneLimit.retreat() requires successes of 16 times the limit at most before the next try, however often it fails", () => {
  const limit = new LaneLimit(20);
  limit.halve(20, false);
  limit.halve(8, false);
  for (let nth = 0; nth < 5; nth++) {
    let successes = 0;
    for (; limit.current < 10; successes++) succeed(limit, 1);
    if (nth > 0) assertEquals(successes, 16 * 9);
    limit.retreat();
  }
});

test("LaneLimit.gain() returns to what was too much only after the time that halve() was given", () => {
  const limit = new LaneLimit(20);
  limit.halve(20, false);
  limit.halve(8, false, 80_000);
  // The limit still grows at once to what was not too much.
  for (let nth = 0; nth < 10_000; nth++) limit.gain(1_000, 79_999);
  assertEquals(limit.current, 9);
  limit.gain(1_000, 80_000);
  assertEquals(limit.current, 10);
});

test("LaneLimit.restore() also forgets until when no more is tried", () => {
  const limit = new LaneLimit(20);
  limit.halve(8, false, 60_000);
  limit.restore();
  limit.halve(8, false);
  succeed(limit, 10_000);
  assertEquals(limit.current, 20);
});

test("LaneLimit.yieldPlace() leaves one place less than is taken, and at least one", () => {
  const limit = new LaneLimit(20);
  const limits = [25, 12, 15, 1].map((inFlight) => {
    limit.yieldPlace(inFlight);
    return limit.current;
  });
  assertEquals(limits, [20, 11, 11, 1]);
  // The limit grows as after anything that was too much.
  succeed(limit, 1 + 2);
  assertEquals(limit.current, 3);
});

test("LaneLimit.restore() undoes all lowering, and forgets the caution", () => {
  const limit = new LaneLimit(8);
  for (const inFlight of [8, 4, 2]) limit.halve(inFlight, false);
  limit.restore();
  assertEquals([limit.current, limit.isNew], [8, true]);
  limit.halve(8, false);
  succeed(limit, 4 + 5 + 6);
  assertEquals(limit.current, 7);
  succeed(limit, 8 * 7 - 1);
  assertEquals(limit.current, 7);
  succeed(limit, 1);
  assertEquals(limit.current, 8);
});

test("LaneLimit.gain() raises the limit by one after as many successes as the limit", () => {
  const limit = halved(6);
  const limits: number[] = [];
  for (let success = 1; success <= 7; success++) {
    succeed(limit, 1);
    limits.push(limit.current);
  }
  assertEquals(limits, [3, 3, 4, 4, 4, 4, 5]);
});

test("LaneLimit.gain() counts anew after the limit was lowered", () => {
  const limit = halved(6);
  succeed(limit, 2);
  limit.halve(2, false);
  assertEquals(limit.current, 1);
  succeed(limit, 1);
  assertEquals(limit.current, 2);
});

test("LaneLimit.gain() returns to what was too much with more caution, which doubles each time that it is again", () => {
  const limit = halved(3);
  succeed(limit, 1);
  assertEquals(limit.current, 2);
  // Three were too much: two are allowed at once, and a third is tried after successes of eight times the limit.
  succeed(limit, 15);
  assertEquals(limit.current, 2);
  succeed(limit, 1);
  assertEquals(limit.current, 3);

  limit.halve(3, false);
  succeed(limit, 1);
  assertEquals(limit.current, 2);
  succeed(limit, 31);
  assertEquals(limit.current, 2);
  succeed(limit, 1);
  assertEquals(limit.current, 3);
});

test("LaneLimit.gain() halves its caution each time that more was not too much", () => {
  const limit = halved(3);
  const needed: number[] = [];
  while (limit.current < 8) {
    const { current } = limit;
    let successes = 0;
    for (; limit.current === current; successes++) succeed(limit, 1);
    needed.push(successes / current);
  }
  assertEquals(needed, [1, 8, 8, 4, 2, 1, 1]);
});

test("LaneLimit.halve() does not grow the caution where an origin takes less and less", () => {
  const limit = halved(64);
  for (const inFlight of [32, 16, 8, 4, 2]) limit.halve(inFlight, false);
  assertEquals(limit.current, 1);
  succeed(limit, 7);
  assertEquals(limit.current, 1);
  succeed(limit, 1 + 8 * 2 + 4 * 3 + 2 * 4 + 5 + 6 + 7);
  assertEquals(limit.current, 8);
});

test("LaneLimit.gain() ends at the most that is allowed, and removes the limit at the client's capacity", () => {
  const capped = new LaneLimit(3);
  capped.halve(3, false);
  succeed(capped, 100);
  assertEquals([capped.current, capped.isNew], [3, true]);

  const free = halved(8);
  succeed(free, 3, 5);
  assertEquals(free.current, 4);
  succeed(free, 1, 5);
  assertEquals(free.current, Infinity);
});

test("LaneLimit.shrink() allows no more than the others in flight, at least one, until more succeed", () => {
  const limit = new LaneLimit(Infinity);
  limit.shrink(6);
  assertEquals(limit.current, 5);
  limit.shrink(1);
  assertEquals(limit.current, 1);
  succeed(limit, 8);
  assertEquals(limit.current, 2);
});

test("LaneLimit.noteLasting() leaves one place beside the bodies that last, however low the limit is", () => {
  const limit = halved(2);
  assertEquals([limit.current, limit.isLeast], [1, true]);
  limit.noteLasting(1);
  assertEquals([limit.current, limit.isLeast], [2, true]);
  limit.halve(2, false);
  limit.noteLasting(1);
  assertEquals(limit.current, 3);
  succeed(limit, 16 * 3);
  assertEquals([limit.current, limit.isLeast], [4, false]);
  for (let nth = 0; nth < 2; nth++) limit.noteLasting(-1);
  assertEquals(limit.current, 4);
});

test("LaneLimit.noteLasting() raises no limit above the most that is allowed", () => {
  const limit = new LaneLimit(2);
  limit.halve(2, false);
  for (let nth = 0; nth < 3; nth++) limit.noteLasting(1);
  assertEquals([limit.current, limit.isNew], [2, true]);

  const { limit: adaptive } = setUpAdaptive(1);
  adaptive.noteLasting(1);
  assertEquals([adaptive.current, adaptive.most], [2, 1]);
  for (let nth = 0; nth < 100; nth++) adaptive.noteLasting(1);
  assertEquals(adaptive.current, 64);
});

test("LaneLimit.atOnce() is the limit, or what is in flight where there is none", () => {
  assertEquals([new LaneLimit(4).atOnce(3), new LaneLimit(Infinity).atOnce(3)], [4, 3]);
});

/** Creates a limit that follows an estimator, and feeds it one success or drop a millisecond until it changes. */
function setUpAdaptive(initial: number) {
  const limit = new LaneLimit(initial);
  limit.follow(new LimitEstimator({ initial, max: 64, algorithm: "aimd", windowMs: 10 }));
  let nowMs = 0;
  const sampleUntilChange = (isDropped: boolean): boolean => {
    const before = limit.most;
    let hasGrown = false;
    for (let nth = 0; limit.most === before && nth < 1_000; nth++) {
      hasGrown = limit.sample(1, before, isDropped, nowMs += 1);
    }
    return hasGrown;
  };
  return { limit, sampleUntilChange };
}

test("LaneLimit.sample() makes the limit follow the estimator, and says when it has grown", () => {
  const { limit, sampleUntilChange } = setUpAdaptive(8);
  assertEquals(limit.isNew, true);
  assertEquals([sampleUntilChange(false), limit.current, limit.most, limit.isNew], [true, 16, 16, false]);
  assertEquals([sampleUntilChange(true), limit.current, limit.most], [false, 8, 8]);
});

test("LaneLimit.sample() does not raise a limit that was lowered because this process has no room", () => {
  const { limit, sampleUntilChange } = setUpAdaptive(8);
  limit.shrink(5);
  assertEquals([sampleUntilChange(false), limit.current, limit.most], [false, 4, 16]);
});

test("LaneLimit.sample() does nothing where the limit is not adaptive", () => {
  const limit = new LaneLimit(Infinity);
  assertEquals([limit.sample(1, 1, true, 1), limit.current], [false, Infinity]);
});

test("LaneLimit.halve() leaves an estimator to say how much lower the limit is, but remembers what was too much", () => {
  const { limit, sampleUntilChange } = setUpAdaptive(8);
  limit.halve(8, false);
  assertEquals([limit.current, limit.most, limit.isNew], [7, 8, false]);
  sampleUntilChange(true);
  assertEquals([limit.current, limit.most], [4, 4]);
  while (limit.most < 10) sampleUntilChange(false);
  assertEquals(limit.current, 7);
  // The limit grows after successes of eight times the limit.
  succeed(limit, 8 * 7 - 1);
  assertEquals(limit.current, 7);
  succeed(limit, 1);
  assertEquals(limit.current, 8);

  limit.halve(8, true);
  assertEquals(limit.current, limit.most);
});

test("LaneLimit.halve() lowers nothing for a request that was in flight alone where the limit is adaptive", () => {
  const { limit } = setUpAdaptive(8);
  limit.halve(1, false);
  assertEquals([limit.current, limit.isNew], [8, true]);
});
