import { assertEquals } from "@std/assert";
import { AttemptReports, type ReportOptions } from "../../src/lanes/attempt_reports.ts";
import { KeyLine } from "../../src/lanes/key_line.ts";
import { Lane, type LaneOptions, type Sleeper, type StatedAnswer } from "../../src/lanes/lane.ts";
import { LanesAside } from "../../src/lanes/lanes_aside.ts";
import { LimitBook } from "../../src/lanes/limit_book.ts";
import { Receipt } from "../../src/lanes/receipt.ts";
import type { Place, Waiter } from "../../src/lanes/waiter.ts";
import { SilentLanes } from "../../src/lanes/silent_lanes.ts";
import { WakeUps } from "../../src/lanes/wake_ups.ts";
import { AdaptiveLimit } from "../../src/primitives/adaptive_limit.ts";
import { LimitEstimator } from "../../src/primitives/limit_estimator.ts";
import { CircuitBreaker } from "../../src/primitives/circuit_breaker.ts";
import { WorkingTime } from "../../src/primitives/working_time.ts";
import { DeadlineQueue } from "../../src/primitives/deadline_queue.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";

import { fakeAllowance, fakeCall } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

/** Creates the reports of a lane, and records which lanes they examine. */
function setUp(options: ReportOptions = {}, laneOptions: Partial<LaneOptions> = {}) {
  const clock = new ManualClock();
  const examined: string[] = [];
  const examine = (lane: Lane): void => void examined.push(lane.key);
  const wakeUps = new WakeUps({
    deadlines: new DeadlineQueue(clock),
    timersBelongToRequests: false,
    examine,
  });
  const workingTime = new WorkingTime();
  const view = { capacity: 100, isWantedBeside: () => false, now: () => clock.now() };
  const silentLanes = new SilentLanes(view, new LanesAside());
  const reader = { ...view, workingTime, silentLanes, examine };
  const breaker = new CircuitBreaker({ threshold: 2, clock });
  const lane = new Lane({ key: "http://a.test", breaker, bucket: undefined, ...laneOptions });
  const reports = new AttemptReports(options, reader, wakeUps);
  return { clock, examined, lane, breaker, wakeUps, workingTime, silentLanes, reports };
}

/** Puts a request in line. */
function fill(lane: Lane, patienceMs = 0): void {
  const waiter = { priority: 0, errand: { ...fakeCall(), patienceMs } } as unknown as Waiter<Lane>;
  lane.urgent.push({ waiter, priority: 0 } as unknown as Place<Lane>);
}

test("AttemptReports.judge() opens the breaker of a silent origin when others were served and attempts fail for long", async () => {
  const cases = [[true, 500, "open"], [true, 499, "closed"], [false, 500, "closed"]] as const;
  for (const hasAnswered of [false, true]) {
    for (const [isSilent, servedAtMs, state] of cases) {
      const { reports, lane, clock, silentLanes } = setUp({}, {
        breaker: new CircuitBreaker({ threshold: 9 }),
      });
      if (hasAnswered) reports.answered(lane, 0);
      Object.assign(lane, { isSilent, silentSinceMs: 500 });
      silentLanes.servedAtMs = servedAtMs;
      await clock.advance(100);
      for (let nth = 0; nth < (hasAnswered ? 8 : 0); nth++) lane.noteHung(clock.now());
      fill(lane, 1);
      await clock.advance(900);
      reports.judge(lane, 0, "failure", 0);
      await clock.advance(5_000);
      // This attempt was sent before the first one had failed.
      reports.judge(lane, 0, "failure", 999);
      assertEquals(lane.breaker?.state, "closed");
      reports.judge(lane, 0, "failure", 3_000);
      assertEquals([lane.isAbandoned, lane.breaker?.state], [!hasAnswered, state]);
    }
  }
});

test("AttemptReports.judge() restarts the count of a silent origin's failures after an answer", async () => {
  const { reports, lane, clock, silentLanes } = setUp({}, { breaker: new CircuitBreaker({ threshold: 9 }) });
  const fail = (): void => {
    Object.assign(lane, { isSilent: true, silentSinceMs: clock.now() });
    silentLanes.servedAtMs = clock.now();
    reports.judge(lane, 0, "failure", clock.now());
  };
  await clock.advance(1_000);
  fail();
  await clock.advance(3_000);
  reports.judge(lane, 0, "success", clock.now());
  await clock.advance(3_000);
  fail();
  await clock.advance(3_999);
  fail();
  assertEquals(lane.breaker?.state, "closed");
  await clock.advance(1);
  fail();
  assertEquals(lane.breaker?.state, "open");
});

test("AttemptReports.answered() and judge() note when an answer came, and how long it took", async () => {
  const { reports, lane, clock, examined } = setUp();
  await clock.advance(700);
  reports.answered(lane, 0);
  assertEquals([lane.answeredAtMs, lane.slowestMs], [700, 0]);
  await clock.advance(200);
  reports.judge(lane, 0, "success", 100);
  reports.judge(lane, 0, "success", 850);
  assertEquals([lane.answeredAtMs, lane.slowestMs], [900, 800]);
  lane.isSilent = true;
  fill(lane);
  examined.length = 0;
  reports.answered(lane, 850);
  assertEquals([lane.isSilent, examined], [false, ["http://a.test"]]);
});

test("AttemptReports.judge() counts, tells the breaker, and examines only lanes that are not clear", () => {
  const { reports, lane, breaker, examined } = setUp();
  reports.judge(lane, lane.breaker!.enter(), "success", 7);
  reports.judge(lane, lane.breaker!.enter(), "ignored", 8);
  assertEquals([lane.succeeded, lane.failed, lane.succeededAtMs, examined], [1, 0, 7, []]);

  for (const _ of [1, 2]) reports.judge(lane, breaker.enter(), "failure", 9);
  assertEquals([lane.failed, breaker.state], [2, "open"]);
  lane.refresh();
  reports.judge(lane, 0, "ignored", 9);
  assertEquals(examined, ["http://a.test"]);
});

test("AttemptReports.judge() raises a lowered limit after successes", () => {
  const { reports, lane } = setUp();
  lane.limit.halve(4, false);
  reports.judge(lane, 0, "success", 0);
  reports.judge(lane, 0, "failure", 0);
  assertEquals(lane.limit.current, 2);
  reports.judge(lane, 0, "success", 0);
  assertEquals(lane.limit.current, 3);
});

test("AttemptReports.judge() does not touch an adaptive limit", () => {
  for (const adapts of [false, true]) {
    const { reports, lane } = setUp();
    if (adapts) lane.limit.follow(new LimitEstimator({}));
    reports.judge(lane, 0, "failure", 0);
    assertEquals(lane.strain === undefined, adapts);
  }
});

test("AttemptReports.judge() lets another request go ahead when the first to a cold lane fails", () => {
  for (const result of ["failure", "ignored"] as const) {
    const { reports, lane } = setUp({}, { key: "https://a.test", warmsUp: () => true });
    lane.enter(0, Infinity);
    assertEquals(lane.blockedUntilMs(0), 500);
    reports.judge(lane, 0, result, 0);
    assertEquals([result, lane.blockedUntilMs(0)], [result, 0]);
  }
});

test("AttemptReports.judge() wakes requests that sleep for an origin that has never answered", async () => {
  const { reports, lane, clock } = setUp({}, { breaker: undefined });
  let isAwake = false;
  const errand = fakeCall({ allowance: fakeAllowance() });
  const sleeper: Sleeper = { errand, giveUp: () => isAwake = true, previous: undefined, next: undefined };
  lane.sleeping.push(sleeper);
  reports.judge(lane, 0, "failure", 0);
  await clock.advance(4_000);
  reports.judge(lane, 0, "failure", 4_000);
  assertEquals([isAwake, lane.isAbandoned], [true, true]);
});

test("AttemptReports.judge() lets the working time go on after a success, unless the lane's origin is down", async () => {
  const { clock, lane, breaker, workingTime, reports } = setUp();
  workingTime.begin(0);
  await clock.advance(1_000);
  const ticket = breaker.enter();
  reports.judge(lane, ticket, "failure", 0);
  assertEquals(workingTime.at(2_000), 0);
  reports.judge(lane, ticket, "success", 0);
  assertEquals(workingTime.at(2_000), 1_000);
  for (let nth = 0; nth < 2; nth++) reports.judge(lane, breaker.enter(), "failure", 1_000);
  workingTime.begin(1_000);
  // This attempt was sent before the outage.
  reports.judge(lane, ticket, "success", 0);
  assertEquals([lane.isDown, workingTime.at(2_000)], [true, 0]);
});

test("AttemptReports.sample() tells the limits of the client and of the lane how long an attempt took", async () => {
  const adaptiveLimit = new AdaptiveLimit({ initial: 4, min: 1, max: 8 });
  const told: unknown[] = [];
  adaptiveLimit.record = (...words) => void told.push(words);
  const { reports, lane, clock } = setUp({ adaptiveLimit });
  await clock.advance(30);
  reports.sample(lane, 10, false);
  reports.sample(lane, 40, true);
  assertEquals([reports.isAdaptive, told], [true, [[20, "success"], [0, "dropped"]]]);
});

test("AttemptReports.sample() examines a lane with waiting requests when its limit has grown", () => {
  const { reports, lane, examined } = setUp();
  lane.limit.sample = () => true;
  fill(lane);
  reports.sample(lane, 0, false);
  assertEquals(examined, []);
  reports.isAdaptive = true;
  reports.sample(lane, 0, false);
  assertEquals(examined, ["http://a.test"]);
  lane.limit.sample = () => false;
  reports.sample(lane, 0, false);
  assertEquals(examined, ["http://a.test"]);
});

test("AttemptReports.answered() reports the first answer and error responses of the lane's own origin as possible statements", () => {
  const told: StatedAnswer[] = [];
  const { reports, lane, clock } = setUp({ onStatement: (_, answer) => void told.push(answer) });
  const foreign = Object.defineProperty(new Response(), "url", { value: "http://b.test/x" });
  reports.answered(lane, 0, undefined, foreign);
  assertEquals([told.length, lane.hasAnswered], [0, true]);
  lane.hasAnswered = false;
  reports.answered(
    lane,
    0,
    undefined,
    Object.defineProperty(new Response(), "url", { value: `${lane.key}/x` }),
  );
  reports.answered(lane, 0, undefined, new Response());
  reports.answered(lane, 0, undefined, new Response(null, { status: 429 }));
  reports.answered(lane, 0);
  assertEquals(told.map(({ isOk, nowMs }) => [isOk, nowMs]), [[true, clock.now()], [false, clock.now()]]);
});

test("AttemptReports.answered() reports a request as served if the origin neither refuses it nor is in trouble", () => {
  const told: boolean[] = [];
  const { reports, lane } = setUp({ onStatement: (_, { isOk }) => void told.push(isOk) });
  lane.isPreparing = true;
  for (const status of [200, 304, 404, 403, 429, 503]) {
    reports.answered(lane, 0, undefined, new Response(null, { status }));
  }
  assertEquals(told, [true, true, true, false, false, false]);
});

test("AttemptReports.answered() reports every answer, and the requests in flight, while the limit learning is being loaded", () => {
  const told: StatedAnswer[] = [];
  const { reports, lane } = setUp({ onStatement: (_, answer) => void told.push(answer) });
  lane.hasAnswered = true;
  lane.isPreparing = true;
  for (const inFlight of [3, 2]) {
    lane.inFlight = inFlight;
    reports.answered(lane, 0, undefined, new Response());
    assertEquals(lane.listens, true);
  }
  assertEquals(told.map(({ inFlight, openOfKey }) => [inFlight, openOfKey]), [[3, 1], [2, 1]]);
});

test("AttemptReports.answered() tells the lane's learner of each answer, once it has one", () => {
  const learnt: boolean[] = [];
  const { reports, lane } = setUp({ onStatement: () => learnt.push(false) });
  lane.prepare({
    learn: (_, { isOk }) => void learnt.push(isOk),
    begin: () => new LimitBook(60_000, 0, 0),
  });
  for (const _ of [1, 2]) reports.answered(lane, 0, undefined, new Response());
  assertEquals(learnt, [true, true]);
});

test("AttemptReports.answered() examines a lane only when an answer may let requests go", () => {
  const { reports, lane, examined } = setUp();
  lane.hasAnswered = true;
  fill(lane);
  reports.answered(lane, 0, undefined, new Response());
  assertEquals(examined, []);
  reports.answered(lane, 0, new Receipt(lane, undefined, 0), new Response());
  reports.answered(lane, 0, undefined, new Response(null, { status: 429 }));
  assertEquals(examined.length, 2);
});

test("AttemptReports.forgo() closes the receipt of an attempt, and unblocks its key's line unless that lacks a token", async () => {
  for (const lacksToken of [false, true]) {
    const { reports, lane, wakeUps, examined, clock } = setUp();
    const line = new KeyLine<Place<Lane>>("key", undefined);
    const receipt = new Receipt(lane, line, 0);
    wakeUps.block(lane, line, 50, 0);
    if (lacksToken) line.tokenNotice = { [Symbol.dispose]() {} };
    fill(lane);
    reports.forgo(lane, receipt);
    assertEquals([line.open, line.isBlocked, examined.length], [0, lacksToken, 1]);
    await clock.advance(100);
  }
});
