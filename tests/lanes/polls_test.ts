import { assertEquals } from "@std/assert";
import { Admission } from "../../src/lanes/admission.ts";
import { AdmissionWaiter } from "../../src/lanes/admission_waiter.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { Leases } from "../../src/lanes/leases.ts";
import { Polls } from "../../src/lanes/polls.ts";
import { WakeUps } from "../../src/lanes/wake_ups.ts";
import { SeparateDeadlines } from "../../src/primitives/separate_deadlines.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeCall } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

/** The first time on the clock. */
const START_MS = 5_000;

/** Creates a request that waits, and records when it looks, relative to the start. */
function setUp(needsToken = false) {
  const clock = new ManualClock({ nowMs: START_MS });
  const deadlines = new SeparateDeadlines(clock);
  const looks: number[] = [];
  const room = {
    now: () => clock.now(),
    hasBucket: () => needsToken,
    examine: () => void looks.push(clock.now() - START_MS),
    wait: () => {},
  };
  const leases = new Leases();
  const polls = new Polls(
    deadlines,
    leases,
    new WakeUps({ ...room, deadlines, timersBelongToRequests: true }),
    room,
  );
  const lane = new Lane({ key: "http://a.test", breaker: undefined, bucket: undefined });
  const waiting = {
    now: () => clock.now(),
    leave() {},
    toAdmission: () => {
      throw new Error("nobody is admitted here");
    },
  };
  const waiter = new AdmissionWaiter(waiting, fakeCall(), [lane], false);
  waiter.enterAll();
  return { clock, looks, polls, leases, lane, waiter };
}

test("Polls makes a request look each second, until it does not wait any more", async () => {
  const { clock, looks, polls, waiter } = setUp();
  polls.begin(waiter);
  await clock.advance(2_500);
  assertEquals(looks, [1_000, 2_000]);
  waiter.leaveAll();
  await clock.advance(5_000);
  assertEquals([looks, clock.pending], [[1_000, 2_000], 0]);
});

test("Polls makes a request look sooner when its lane may be free, or its bucket may have a token", async () => {
  const paused = setUp();
  paused.lane.pauseFor(
    { untilMs: START_MS + 300, isNamed: true, status: 503, headers: new Headers() },
    START_MS,
    false,
  );
  paused.polls.begin(paused.waiter);
  await paused.clock.advance(1_000);
  assertEquals(paused.looks, [300]);

  const poor = setUp(true);
  poor.polls.begin(poor.waiter);
  await poor.clock.advance(60);
  assertEquals(poor.looks, [25, 50]);
});

test("Polls takes back expired permits when a request comes and at each look", async () => {
  const { clock, polls, leases, lane, waiter } = setUp();
  const released: number[] = [];
  const owner = {
    reports: { judge() {}, sample() {} },
    release: (_: Lane, admission?: Admission) => {
      leases.end(admission!);
      released.push(clock.now() - START_MS);
    },
  };
  const lend = (nowMs: number): void => leases.lend(new Admission(owner, lane, 0, 0), nowMs);
  lend(START_MS + 100);
  lend(START_MS + 1_500);
  await clock.advance(1_100);
  polls.begin(waiter);
  assertEquals(released, [1_100]);
  await clock.advance(2_000);
  assertEquals(released, [1_100, 3_100]);
});
