import { assertEquals } from "@std/assert";
import { LaneLimit } from "../../src/lanes/lane_limit.ts";
import { LimitEstimator } from "../../src/primitives/limit_estimator.ts";
import { test } from "../support/test.ts";

function succeed(limit: LaneLimit, times: number, capacity = 1_000): void {
  for (let nth = 0; nth < times; nth++) limit.gain(capacity, 0, 0);
}

/** A limit that an origin has had lowered to half of what was in flight. */
function halved(inFlight: number): LaneLimit {
  const limit = new LaneLimit(Infinity);
  limit.halve(inFlight, false);
  return limit;
}

test("LaneLimit.halve() leaves half of what is in flight, or of what may be, and one at least", () => {
  assertEquals([9, 3, 2].map((inFlight) => halved(inFlight).current), [4, 1, 1]);
  const limit = new LaneLimit(8);
  limit.halve(8, false);
  // One that was told so as well, while more were still under way.
  limit.halve(7, false);
  assertEquals([limit.current, limit.most, limit.isNew], [2, 8, false]);
});

test("LaneLimit.halve() lowers nothing for one that was in flight alone, unless the limit is lower already", () => {
  for (const most of [Infinity, 8]) {
    const limit = new LaneLimit(most);
    for (const inFlight of [1, 0]) limit.halve(inFlight, false);
    assertEquals([limit.current, limit.isNew], [most, true]);
    limit.halve(6, false);
    limit.halve(1, false);
    assertEquals(limit.current, 1);
  }
});

test("LaneLimit.halve() takes the limit away where it is known what the origin takes in what time", () => {
  const limit = new LaneLimit(8);
  limit.halve(8, false);
  limit.halve(4, true);
  assertEquals([limit.current, limit.isNew], [8, true]);
});

test("LaneLimit.retreat() gives up what was begun beyond the most that was not too much, and only that", () => {
  const limit = new LaneLimit(20);
  // Never lowered; below what was too much; at that.
  assertEquals([limit.retreat(0, 0), limit.current], [false, 20]);
  limit.halve(12, false);
  assertEquals([limit.retreat(0, 0), limit.current], [false, 6]);
  const ceiling = 19;
  for (; limit.current < ceiling;) succeed(limit, 1);
  assertEquals([limit.retreat(0, 0), limit.current], [false, 19]);

  const lower = new LaneLimit(20);
  lower.halve(20, false);
  lower.halve(8, false);
  for (; lower.current < 10;) succeed(lower, 1);
  assertEquals([lower.retreat(0, 0), lower.current], [true, 9]);
  assertEquals(lower.retreat(0, 0), false);
});

test("LaneLimit.retreat() takes a failure after a fourth of the limit's worth of successes for chance", () => {
  for (const [successes, goesBack] of [[0, true], [2, true], [3, false], [9, false]] as const) {
    const limit = new LaneLimit(20);
    limit.halve(20, false);
    limit.halve(8, false);
    for (; limit.current < 10;) succeed(limit, 1);
    succeed(limit, successes);
    assertEquals(limit.retreat(0, 0), goesBack, `${successes}`);
  }
});

test("LaneLimit.retreat() has more tried again after 16 limits' worth of successes, however often it fails", () => {
  const limit = new LaneLimit(20);
  limit.halve(20, false);
  limit.halve(8, false);
  for (let nth = 0; nth < 5; nth++) {
    let successes = 0;
    for (; limit.current < 10; successes++) succeed(limit, 1);
    if (nth > 0) assertEquals(successes, 16 * 9);
    limit.retreat(0, 0);
  }
});

test("LaneLimit.retreat() goes by what began after more was tried, where what fails took long", () => {
  /** A limit of 10 since the 5,000th millisecond, when 9 are known to be not too much. */
  const grown = (): LaneLimit => {
    const limit = new LaneLimit(20);
    limit.halve(20, false);
    limit.halve(8, false);
    for (; limit.current < 10;) limit.gain(1_000, 0, 5_000);
    // Those were sent before.
    for (let nth = 0; nth < 9; nth++) limit.gain(1_000, 4_999, 5_100);
    return limit;
  };
  assertEquals(grown().retreat(5_000, 5_999), false);
  assertEquals(grown().retreat(4_999, 6_000), false);
  assertEquals(grown().retreat(5_000, 6_000), true);
  const proven = grown();
  for (let nth = 0; nth < 3; nth++) proven.gain(1_000, 5_000, 5_200);
  assertEquals(proven.retreat(5_000, 6_000), false);
});

test("LaneLimit.gain() goes to what was too much again only long after it cost much to find out that it was", () => {
  for (const lower of ["halve", "retreat"] as const) {
    const limit = new LaneLimit(20);
    limit.halve(20, false);
    limit.halve(8, false, lower === "halve" ? 80_000 : undefined);
    if (lower === "retreat") {
      for (; limit.current < 10;) limit.gain(1_000, 0, 0);
      assertEquals(limit.retreat(0, 5_000), true);
    }
    const sinceMs = lower === "halve" ? 0 : 5_000;
    // As many as were not too much are sent at once all the same.
    for (let nth = 0; nth < 10_000; nth++) limit.gain(1_000, sinceMs, sinceMs + 79_999);
    assertEquals(limit.current, 9, lower);
    limit.gain(1_000, sinceMs, sinceMs + 80_000);
    assertEquals(limit.current, 10, lower);
  }
});

test("LaneLimit.restore() takes back also until when no more is tried", () => {
  const limit = new LaneLimit(20);
  limit.halve(8, false, 60_000);
  limit.restore();
  limit.halve(8, false);
  succeed(limit, 10_000);
  assertEquals(limit.current, 20);
});

test("LaneLimit.yieldPlace() leaves one place less than is taken, and one at least", () => {
  const limit = new LaneLimit(20);
  const limits = [25, 12, 15, 1].map((inFlight) => {
    limit.yieldPlace(inFlight);
    return limit.current;
  });
  assertEquals(limits, [20, 11, 11, 1]);
  // It grows as after anything that was too much.
  succeed(limit, 1 + 2);
  assertEquals(limit.current, 3);
});

test("LaneLimit.stay() makes more than now too much", () => {
  const limit = halved(20);
  limit.stay();
  succeed(limit, 8 * 10 - 1);
  assertEquals(limit.current, 10);
  succeed(limit, 1);
  assertEquals(limit.current, 11);
});

test("LaneLimit.restore() takes back all that was lowered, and the care", () => {
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

test("LaneLimit.gain() raises the limit by one for as many successes as it is large", () => {
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

test("LaneLimit.gain() goes back to what was too much with much more care, and with more each time that it was too much again", () => {
  const limit = halved(3);
  succeed(limit, 1);
  assertEquals(limit.current, 2);
  // Three were too much: two are fine at once, and a third is tried after eight times as many successes as there are permits.
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

test("LaneLimit.gain() takes half as much care each time that more was not too much", () => {
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

test("LaneLimit.halve() takes no more care where an origin takes less and less", () => {
  const limit = halved(64);
  for (const inFlight of [32, 16, 8, 4, 2]) limit.halve(inFlight, false);
  assertEquals(limit.current, 1);
  succeed(limit, 7);
  assertEquals(limit.current, 1);
  succeed(limit, 1 + 8 * 2 + 4 * 3 + 2 * 4 + 5 + 6 + 7);
  assertEquals(limit.current, 8);
});

test("LaneLimit.gain() ends at the most there may be, and takes the limit away at the client's capacity", () => {
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

test("LaneLimit.shrink() allows no more than the others, one at least, until more succeed", () => {
  const limit = new LaneLimit(Infinity);
  limit.shrink(6);
  assertEquals(limit.current, 5);
  limit.shrink(1);
  assertEquals(limit.current, 1);
  succeed(limit, 8);
  assertEquals(limit.current, 2);
});

test("LaneLimit.atOnce() is the limit, or what is in flight where there is none", () => {
  assertEquals([new LaneLimit(4).atOnce(3), new LaneLimit(Infinity).atOnce(3)], [4, 3]);
});

/** A limit that follows an estimator, and successes or drops, one a millisecond, until it changes. */
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

test("LaneLimit.sample() leaves a limit alone that was lowered because this process has no room", () => {
  const { limit, sampleUntilChange } = setUpAdaptive(8);
  limit.shrink(5);
  assertEquals([sampleUntilChange(false), limit.current, limit.most], [false, 4, 16]);
});

test("LaneLimit.sample() does nothing where nothing adapts itself", () => {
  const limit = new LaneLimit(Infinity);
  assertEquals([limit.sample(1, 1, true, 1), limit.current], [false, Infinity]);
});

test("LaneLimit.halve() leaves it to an estimator how much less there may be, but not what was too much", () => {
  const { limit, sampleUntilChange } = setUpAdaptive(8);
  limit.halve(8, false);
  assertEquals([limit.current, limit.most, limit.isNew], [7, 8, false]);
  sampleUntilChange(true);
  assertEquals([limit.current, limit.most], [4, 4]);
  while (limit.most < 10) sampleUntilChange(false);
  assertEquals(limit.current, 7);
  // It is tried again after eight times as many successes.
  succeed(limit, 8 * 7 - 1);
  assertEquals(limit.current, 7);
  succeed(limit, 1);
  assertEquals(limit.current, 8);

  limit.halve(8, true);
  assertEquals(limit.current, limit.most);
});

test("LaneLimit.halve() lowers nothing for one alone where the limit adapts itself", () => {
  const { limit } = setUpAdaptive(8);
  limit.halve(1, false);
  assertEquals([limit.current, limit.isNew], [8, true]);
});
