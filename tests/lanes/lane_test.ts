import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { AdmissionWaiter, type WaitingRoom } from "../../src/lanes/admission_waiter.ts";
import { Lane, type LaneOptions, type Sleeper } from "../../src/lanes/lane.ts";
import { LimitBook } from "../../src/lanes/limit_book.ts";
import type { Pause } from "../../src/lanes/pause.ts";
import { Unavailability } from "../../src/lanes/unavailability.ts";
import type { Waiter } from "../../src/lanes/waiter.ts";
import { CircuitBreaker } from "../../src/primitives/circuit_breaker.ts";
import { LimitEstimator } from "../../src/primitives/limit_estimator.ts";
import { TokenBucket } from "../../src/primitives/token_bucket.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeCall } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

function setUp(options: Partial<LaneOptions> = {}, cooldownMs = 100) {
  const clock = new ManualClock();
  const breaker = new CircuitBreaker({ threshold: 1, cooldownMs, clock });
  return { clock, breaker, lane: new Lane({ key: "http://a.test", breaker, bucket: undefined, ...options }) };
}

/** A cold lane whose connections may be shared, so that one request goes ahead. */
function setUpCold(warmsUp = (): boolean => true): Lane {
  return setUp({ key: "https://a.test", warmsUp }).lane;
}

function pauseUntil(untilMs: number, status = 429): Pause {
  return { untilMs, isNamed: true, status, headers: new Headers() };
}

const NO_ROOM: WaitingRoom = {
  now: () => 0,
  toAdmission: () => {
    throw new Error("nobody is admitted here");
  },
  leave() {},
};

/** Puts a request in line. */
function enqueue(lane: Lane, isUrgent = false, priority = 0): Waiter<Lane> {
  const waiter = new AdmissionWaiter(NO_ROOM, fakeCall({ settings: { priority } }), [lane], isUrgent);
  waiter.enterAll();
  return waiter;
}

test("Lane is clear until a pause, an open breaker or a request in line", async () => {
  const { lane, breaker, clock } = setUp();
  assert(lane.isClear);

  lane.pauseFor(pauseUntil(10, 503), 0, false);
  lane.refresh();
  assert(!lane.isClear);
  assertEquals([lane.pauseLeftMs(10), lane.isClear], [0, true]);

  const waiter = enqueue(lane);
  lane.refresh();
  assert(!lane.isClear);
  waiter.leaveAll();
  assert(lane.isClear);

  breaker.settle(breaker.enter(), "failure");
  lane.refresh();
  assert(!lane.isClear);
  await clock.advance(100);
  const probe = breaker.enter();
  lane.refresh();
  assert(!lane.isClear);
  breaker.settle(probe, "success");
  lane.refresh();
  assert(lane.isClear);
});

test("Lane is not clear once it has answered 429, since its requests have to be counted from then on", () => {
  const { lane } = setUp();
  lane.pauseFor(pauseUntil(10), 0, true);
  assertEquals(lane.pauseLeftMs(10), 0);
  lane.refresh();
  assertEquals([lane.quota === undefined, lane.isClear], [false, false]);
});

test("Lane.head is the urgent request, then the one of the highest priority, then the oldest", () => {
  const { lane } = setUp();
  const [old, young, high, urgent] = [
    enqueue(lane),
    enqueue(lane),
    enqueue(lane, false, 5),
    enqueue(lane, true, -5),
  ];
  assertEquals([lane.queued, lane.claimPriority], [4, -5]);
  for (const expected of [urgent, high, old, young]) {
    assertStrictEquals(lane.head?.waiter, expected);
    expected.leaveAll();
  }
  assertEquals([lane.queued, lane.head, lane.claimPriority], [0, undefined, -Infinity]);
});

test("Lane.pauseFor() makes a pause longer, and never shorter", () => {
  const { lane } = setUp();
  lane.pauseFor(pauseUntil(100), 0, false);
  lane.pauseFor(pauseUntil(50, 503), 0, false);
  lane.pauseFor(pauseUntil(100, 503), 0, false);
  assertEquals([lane.pauseLeftMs(0), lane.pauseLeftMs(30), lane.pause?.status], [100, 70, 429]);
  lane.pauseFor(pauseUntil(200, 503), 0, false);
  assertEquals([lane.pauseLeftMs(0), lane.pause?.status], [200, 503]);
});

test("Lane.pauseLeftMs() forgets a pause that has passed, so that the next one takes effect", () => {
  const { lane } = setUp();
  lane.pauseFor(pauseUntil(100), 0, false);
  assertEquals([lane.pauseLeftMs(99), lane.pauseLeftMs(100), lane.pause], [1, 0, undefined]);
  lane.pauseFor(pauseUntil(150), 120, false);
  assertEquals(lane.pauseLeftMs(120), 30);
});

test("Lane.pauseLeftMs() does not wait for a remainder of rounding, which would never end", () => {
  const { lane } = setUp();
  lane.pauseFor(pauseUntil(100), 0, false);
  assertEquals([lane.pauseLeftMs(100 - 1e-4), lane.pause], [0, undefined]);
});

test("Lane.blockedUntilMs() is the end of the longest obstacle: the pause, or the breaker's cooldown", async () => {
  const { lane, breaker, clock } = setUp();
  assertEquals(lane.blockedUntilMs(0), 0);
  breaker.settle(breaker.enter(), "failure");
  assertEquals(lane.blockedUntilMs(0), 100);
  lane.pauseFor(pauseUntil(60), 0, false);
  assertEquals(lane.blockedUntilMs(0), 100);
  lane.pauseFor(pauseUntil(140), 0, false);
  assertEquals(lane.blockedUntilMs(0), 140);
  await clock.advance(140);
  assertEquals(lane.blockedUntilMs(140), 140);
});

test("Lane.blockedUntilMs() is the end of the probe's lease while one is under way", async () => {
  const { lane, breaker, clock } = setUp();
  breaker.settle(breaker.enter(), "failure");
  await clock.advance(100);
  lane.enter(100, Infinity);
  assertEquals([breaker.state, lane.probedAtMs, lane.blockedUntilMs(100)], ["half-open", 100, 5_100]);
});

test("Lane.blockedUntilMs() has no end while as many requests are in flight as the limit allows", () => {
  const { lane } = setUp({ maxInFlight: 2 });
  lane.inFlight = 1;
  assertEquals(lane.blockedUntilMs(7), 7);
  lane.inFlight = 2;
  assertEquals(lane.blockedUntilMs(7), Infinity);
});

test("a 429 halves the limit once a pause, from what is in flight, and leaves one at least", () => {
  const { lane } = setUp();
  lane.inFlight = 9;
  lane.pauseFor(pauseUntil(100), 0, true);
  assertEquals(lane.limit.current, 4);
  // Other requests that were under way are answered 429 as well.
  lane.pauseFor(pauseUntil(120), 20, true);
  assertEquals([lane.limit.current, lane.pause?.untilMs], [4, 120]);

  lane.pauseLeftMs(120);
  lane.inFlight = 1;
  lane.pauseFor(pauseUntil(200), 120, true);
  assertEquals(lane.limit.current, 1);
});

test("the limit falls to what the origin has not refused by the end of a pause, whichever way it refuses", () => {
  const { lane } = setUp();
  lane.inFlight = 9;
  lane.pauseFor(pauseUntil(100), 0, true);
  for (let nth = 0; nth < 6; nth++) lane.pauseFor(pauseUntil(100, 503), 1, false);
  assertEquals(lane.limit.current, 2);

  lane.pauseLeftMs(100);
  lane.inFlight = 2;
  lane.pauseFor(pauseUntil(200, 503), 100, false);
  lane.pauseFor(pauseUntil(200, 503), 101, false);
  // The origin is away, which says nothing about how many at once are too much.
  assertEquals(lane.limit.current, 2);
});

test("a pause that does not ask for less load leaves the limit as it is", () => {
  const { lane } = setUp({ maxInFlight: 8 });
  lane.inFlight = 8;
  lane.pauseFor(pauseUntil(100, 503), 0, false);
  assertEquals([lane.limit.current, lane.quota], [8, undefined]);
});

test("a 429 leaves the limit alone once the lane knows the origin's quota", () => {
  const { lane } = setUp({ maxInFlight: 8 });
  lane.inFlight = 8;
  for (const atMs of [0, 1_000, 2_000]) {
    lane.pauseFor(pauseUntil(atMs + 100), atMs, true);
    lane.pauseLeftMs(atMs + 100);
    lane.enter(atMs + 100, Infinity);
    for (let nth = 0; nth < 16; nth++) lane.quota?.noteSuccess(0);
  }
  assertEquals([lane.quota?.isKnown, lane.limit.current], [true, 1]);
  lane.pauseFor(pauseUntil(4_000), 3_000, true);
  assertEquals(lane.limit.current, 8);
});

test("Lane.blockedUntilMs() lets a cooldown last no longer than the outage's cap", () => {
  const { lane, breaker } = setUp({}, 2_000);
  breaker.settle(breaker.enter(), "failure");
  assertEquals(lane.blockedUntilMs(0), 2_000);
  lane.outage.limitCooldown(300);
  assertEquals(lane.blockedUntilMs(0), 300);
  lane.outage.limitCooldown(-1);
  assertEquals(lane.blockedUntilMs(0), 0);
});

test("Lane.blockedUntilMs() is when the others stop waiting for the first request to a new https origin", () => {
  const lane = setUpCold();
  assertEquals(lane.blockedUntilMs(10), 10);
  lane.enter(10, Infinity);
  assertEquals(lane.blockedUntilMs(200), 510);
  assertEquals([lane.answered(10), lane.blockedUntilMs(200), lane.hasAnswered], [true, 200, true]);
});

test("Lane warms up neither over http, nor where the runtime may not share connections", () => {
  const plain = setUp({ warmsUp: () => true }).lane;
  const unknown = setUp({ key: "https://a.test" }).lane;
  for (const lane of [plain, unknown]) {
    lane.enter(0, Infinity);
    assertEquals([lane.warmUp, lane.blockedUntilMs(0), lane.answered(0), lane.hasAnswered], [
      undefined,
      0,
      false,
      true,
    ]);
  }
});

test("Lane.enter() gives the breaker's ticket, and ends the cooldown at the cap of the waiting requests", async () => {
  const { lane, breaker, clock } = setUp();
  assertEquals(lane.enter(0, Infinity), breaker.enter());
  breaker.settle(breaker.enter(), "failure");
  await clock.advance(40);
  const ticket = lane.enter(40, 40);
  assertEquals(breaker.state, "half-open");
  breaker.settle(ticket, "success");
  assertEquals(breaker.state, "closed");
  assertEquals(setUp({ breaker: undefined }).lane.enter(0, Infinity), 0);
});

test("Lane.chooseProbe() takes another request each time, from all parts of the line", () => {
  const { lane } = setUp();
  const line = Array.from({ length: 10 }, () => enqueue(lane));
  const chosen = line.map(() => lane.chooseProbe(() => true));
  assertEquals(new Set(chosen), new Set(line));
  // The first three are from different thirds of the line.
  const thirds = chosen.slice(0, 3).map((waiter) => Math.floor(line.indexOf(waiter!) / 3.34));
  assertEquals(new Set(thirds).size, 3);
});

test("Lane.chooseProbe() chooses no request that is not fit, and finds the only fit one", () => {
  const { lane } = setUp();
  const line = Array.from({ length: 7 }, () => enqueue(lane));
  for (const only of line) assertStrictEquals(lane.chooseProbe((waiter) => waiter === only), only);
  assertEquals(lane.chooseProbe(() => false), undefined);
  for (const waiter of line) waiter.leaveAll();
  assertEquals(lane.chooseProbe(() => true), undefined);
});

test("Lane.isHealthy() is true while neither a pause nor a breaker keeps requests away", async () => {
  const { lane, breaker, clock } = setUp();
  assert(lane.isHealthy(0));
  breaker.settle(breaker.enter(), "failure");
  assert(!lane.isHealthy(0));
  await clock.advance(100);
  assert(lane.isHealthy(100));
  lane.pauseFor(pauseUntil(110), 100, false);
  assert(!lane.isHealthy(100));
  assert(lane.isHealthy(110));
  assert(setUp({ breaker: undefined }).lane.isHealthy(0));
});

test("Lane is quiet without a pause, a failure that counts, or a token that was taken", async () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ limit: 2, intervalMs: 1_000, burst: 2, clock });
  const { lane, breaker } = setUp({ bucket });
  assert(lane.isQuiet);
  bucket.tryTake();
  assert(!lane.isQuiet);
  await clock.advance(1_000);
  assert(lane.isQuiet);
  lane.pauseFor(pauseUntil(10), 0, false);
  assert(!lane.isQuiet);
  lane.pauseLeftMs(10);
  assert(lane.isQuiet);
  breaker.settle(breaker.enter(), "failure");
  assert(!lane.isQuiet);
  assert(!setUp({ bucket: { tryTake: () => true, notify: () => ({ [Symbol.dispose]() {} }) } }).lane.isQuiet);
});

test("Lane is not quiet while requests are in flight, in line or asleep, or while it knows limits of its origin", () => {
  const sleeper: Sleeper = { previous: undefined, next: undefined, errand: fakeCall(), giveUp() {} };
  const changes: Record<string, (lane: Lane) => void> = {
    inFlight: (lane) => lane.inFlight++,
    queued: (lane) => enqueue(lane),
    urgent: (lane) => enqueue(lane, true),
    sleeping: (lane) => lane.sleeping.push(sleeper),
    limit: (lane) => lane.limit.current = 5,
    quota: (lane) => {
      lane.pauseFor(pauseUntil(10), 0, true);
      lane.pauseLeftMs(10);
      lane.limit.current = Infinity;
    },
  };
  for (const [name, change] of Object.entries(changes)) {
    const { lane } = setUp();
    assert(lane.isQuiet, name);
    change(lane);
    assert(!lane.isQuiet, name);
  }
});

test("Lane is in use while it has requests, or a mirror refers to it", () => {
  const uses: ((lane: Lane) => void)[] = [
    (lane) => lane.inFlight = 1,
    (lane) => enqueue(lane),
    (lane) => enqueue(lane, true),
    (lane) => lane.sleeping.push({ errand: fakeCall(), giveUp() {}, previous: undefined, next: undefined }),
    (lane) => lane.isKept = true,
  ];
  for (const [index, use] of uses.entries()) {
    const { lane } = setUp();
    assertEquals([lane.isInUse, lane.isQuiet], [false, true]);
    use(lane);
    assertEquals([lane.isInUse, lane.isQuiet], [true, false], `${index}`);
  }
});

test("Lane is in use as long as its pause or its breaker keeps requests away, whether or not requests come", async () => {
  const { clock, lane, breaker } = setUp();
  const paused = new Lane({ key: "http://b.test", breaker: undefined, bucket: undefined, clock });
  paused.pauseFor(pauseUntil(100, 503), 0, false);
  breaker.settle(breaker.enter(), "failure");
  assertEquals([paused.isInUse, lane.isInUse], [true, true]);
  await clock.advance(99);
  assertEquals([paused.isInUse, lane.isInUse], [true, true]);
  await clock.advance(1);
  assertEquals([paused.isInUse, paused.isQuiet, lane.isInUse, lane.isQuiet], [false, true, false, false]);
});

test("Lane without a clock counts a pause until the first request after its end", () => {
  const { lane } = setUp();
  lane.pauseFor(pauseUntil(100, 503), 0, false);
  assert(lane.isInUse);
  assertEquals(lane.pauseLeftMs(100), 0);
  assertEquals(lane.isInUse, false);
});

test("Lane.obstacle() names what the requests in line wait for", async () => {
  const { clock, lane, breaker } = setUp({ maxInFlight: 1 });
  assertEquals(lane.obstacle(0), "a permit or a token");
  lane.inFlight = 1;
  assertEquals(lane.obstacle(0), "a permit of http://a.test");
  lane.tokenNotice = { [Symbol.dispose]() {} };
  assertEquals(lane.obstacle(0), "a token of http://a.test");
  lane.pauseFor(pauseUntil(100, 503), 0, false);
  assertEquals(lane.obstacle(0), "the end of the pause that http://a.test asked for");
  assertEquals(lane.obstacle(100), "a token of http://a.test");
  breaker.settle(breaker.enter(), "failure");
  assertEquals(lane.obstacle(0), "the circuit breaker of http://a.test");
  await clock.advance(100);
  breaker.enter();
  assertEquals(lane.obstacle(100), "the circuit breaker of http://a.test");
});

test("Lane.obstacle() names the wait for the first answer", () => {
  const lane = setUpCold();
  lane.enter(0, Infinity);
  assertEquals(lane.obstacle(0), "the first answer of https://a.test");
  lane.answered(10);
  assertEquals(lane.obstacle(10), "a permit or a token");
});

test("Lane.pauseFor() keeps the limit below its ceiling for sixteen times the length of the pause, also after a 503", () => {
  for (const status of [429, 503]) {
    const { lane } = setUp({ maxInFlight: 8 });
    if (status === 503) lane.unavailability = new Unavailability();
    lane.inFlight = 8;
    lane.pauseFor(pauseUntil(1_000, status), 0, true);
    const gainAt = (nowMs: number): number => {
      for (let nth = 0; nth < 10_000; nth++) lane.limit.gain(100, nowMs);
      return lane.limit.current;
    };
    assertEquals([lane.limit.current, gainAt(15_999), gainAt(16_000)], [4, 7, 8], `${status}`);
  }
});

test("Lane.pauseFor() leaves the limit as it is only if a stated limit explains the 429", () => {
  const limitAfter = (remaining: number, resetMs: number, isNamed: boolean): number => {
    const { lane } = setUp({ maxInFlight: 8 });
    const book = new LimitBook(60_000, 8, 0);
    lane.inFlight = 8;
    lane.keepBook(book);
    book.update([{ remaining, resetMs }], { nowMs: 0, isOk: false, number: 1, latest: 8, isStranger: true });
    lane.pauseFor({ ...pauseUntil(1_000), isNamed }, 0, true);
    return lane.limit.current;
  };
  assertEquals([limitAfter(0, 5_000, true), limitAfter(0, 500, true), limitAfter(0, 5_000, false)], [
    8,
    8,
    8,
  ]);
  // Something is left, but the origin refuses requests; or it will refuse them after its own reset.
  assertEquals([limitAfter(3, 5_000, false), limitAfter(3, 5_000, true), limitAfter(0, 0, false)], [4, 4, 4]);
});

test("Lane.pauseFor() learns how many at once are too much only from the first of several 429s without a success between", () => {
  const { lane } = setUp({ maxInFlight: 20 });
  let nowMs = 0;
  for (const inFlight of [20, 10, 5, 2]) {
    lane.inFlight = inFlight;
    lane.pauseFor(pauseUntil(nowMs + 1_000), nowMs, true);
    nowMs += 1_000;
    lane.pauseLeftMs(nowMs);
  }
  assertEquals(lane.limit.current, 1);
  for (let nth = 0; nth < 10_000; nth++) lane.limit.gain(100, nowMs);
  assertEquals(lane.limit.current, 19);
});

test("Lane.pauseFor() lowers an adaptive limit by one", () => {
  const { lane } = setUp({ maxInFlight: 8 });
  lane.limit.follow(new LimitEstimator({ initial: 8, max: 64, algorithm: "aimd" }));
  lane.inFlight = 8;
  lane.pauseFor(pauseUntil(100), 0, true);
  assertEquals([lane.limit.current, lane.pause?.untilMs], [7, 100]);
});

test("Lane.tryTest() lets one request at a time test the origin, once it has served twenty, the latest of them lately", () => {
  const wellAt = (succeededAtMs: number, succeeded = 20): Lane => {
    const { lane } = setUp();
    lane.succeeded = succeeded;
    lane.succeededAtMs = succeededAtMs;
    return lane;
  };
  const nowMs = 3_600_000;
  assertEquals([0, 10_000, 10_001].map((agoMs) => wellAt(nowMs - agoMs).tryTest(nowMs)), [true, true, false]);
  assertEquals([wellAt(nowMs, 19).tryTest(nowMs), setUp().lane.tryTest(nowMs)], [false, false]);
  const busy = wellAt(nowMs);
  busy.inFlight = 1;
  assertEquals(busy.tryTest(nowMs), false);
});

test("Lane.tryTest() allows the next test a quarter of a second later", () => {
  const { lane } = setUp();
  lane.succeeded = 20;
  const fromMs = 3_600_000;
  lane.succeededAtMs = fromMs - 1_000;
  const mayGo = [0, 249, 250, 499, 500].map((afterMs) => lane.tryTest(fromMs + afterMs));
  assertEquals(mayGo, [true, false, true, false, true]);
});
