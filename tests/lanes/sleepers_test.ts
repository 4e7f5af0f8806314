import { assertEquals } from "@std/assert";
import type { Errand } from "../../src/lanes/errand.ts";
import { Lane, type Sleeper } from "../../src/lanes/lane.ts";
import { noteUnanswered, wakeGivenUp, wakeHopeless } from "../../src/lanes/sleepers.ts";
import { CircuitBreaker } from "../../src/primitives/circuit_breaker.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeAllowance, fakeCall } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

function setUp() {
  const clock = new ManualClock();
  const breaker = new CircuitBreaker({ threshold: 1, cooldownMs: 60_000, clock });
  const lane = new Lane({ key: "a", breaker, bucket: undefined });
  const gone: string[] = [];
  const sleep = (name: string, errand: Errand): void => {
    const sleeper: Sleeper = {
      previous: undefined,
      next: undefined,
      errand,
      giveUp() {
        lane.sleeping.remove(sleeper);
        gone.push(name);
      },
    };
    lane.sleeping.push(sleeper);
  };
  return { clock, breaker, lane, gone, sleep };
}

test("noteUnanswered() gives up waiting requests when attempts have failed for 4 s, except those with a patience of their own", () => {
  const { lane, gone, sleep } = setUp();
  sleep("batch", fakeCall({ allowance: fakeAllowance() }));
  sleep("patient", fakeCall({ allowance: fakeAllowance(), settings: { patienceMs: 60_000 } }));
  sleep("single", fakeCall());
  sleep("waiting", fakeCall({ settings: { onOpen: "wait" } }));
  sleep("patient single", fakeCall({ settings: { onOpen: "wait", patienceMs: 60_000 } }));
  const fail = (startedAtMs: number, nowMs: number): void => {
    lane.failedAtMs = startedAtMs;
    noteUnanswered(lane, nowMs);
  };
  fail(0, 1_000);
  fail(4_000, 4_999);
  // This attempt was sent before the first one failed.
  fail(900, 5_000);
  assertEquals([gone, lane.isAbandoned], [[], false]);
  fail(1_000, 5_000);
  assertEquals([gone, lane.isAbandoned], [["batch", "waiting"], true]);
});

test("wakeHopeless() looks at no request while neither a breaker nor a pause keeps requests away", () => {
  const { breaker, lane, sleep } = setUp();
  let looks = 0;
  const errand = Object.defineProperty(fakeCall(), "patienceMs", { get: () => (looks++, 1) });
  sleep("batch", errand);
  wakeHopeless(lane, 1_000);
  assertEquals(looks, 0);
  breaker.settle(breaker.enter(), "failure");
  wakeHopeless(lane, 1_000);
  assertEquals(looks > 0, true);
});

test("wakeHopeless() wakes requests whose patience is shorter than the outage is old", () => {
  const { breaker, lane, gone, sleep } = setUp();
  breaker.settle(breaker.enter(), "failure");
  lane.outage.sinceMs = 0;
  lane.hasAnswered = true;
  const of = (patienceMs: number) =>
    fakeCall({ allowance: fakeAllowance(), settings: { onOpen: "wait", patienceMs } });
  sleep("short", of(1_000));
  sleep("long", of(50_000));
  lane.probedAtMs = 2_000;
  wakeHopeless(lane, 2_000);
  assertEquals([gone, lane.sleeping.size], [["short"], 1]);
});

test("wakeGivenUp() wakes requests whose patience is shorter than the origin has refused everything, while it pauses", () => {
  const { lane, gone, sleep } = setUp();
  const of = (patienceMs: number) => fakeCall({ allowance: fakeAllowance(), settings: { patienceMs } });
  sleep("short", of(2_000));
  sleep("long", of(50_000));
  sleep("single", fakeCall());
  const pause = (nowMs: number): void => {
    lane.pauseFor({ untilMs: nowMs + 900, isNamed: true, status: 429, headers: new Headers() }, nowMs, true);
  };
  for (const nowMs of [0, 1_000, 2_000, 3_000]) {
    lane.pauseLeftMs(nowMs);
    pause(nowMs);
    wakeGivenUp(lane, nowMs, 3_001);
  }
  assertEquals(gone, []);
  wakeGivenUp(lane, 3_900, 1_000);
  assertEquals(gone, []);
  pause(3_950);
  wakeGivenUp(lane, 3_950, 3_950);
  assertEquals([gone, lane.sleeping.size], [["short", "single"], 1]);
});
