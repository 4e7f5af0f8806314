import { assertEquals, assertStrictEquals } from "@std/assert";
import { Lane } from "../../src/lanes/lane.ts";
import type { LimitBook } from "../../src/lanes/limit_book.ts";
import { Place } from "../../src/lanes/waiter.ts";
import { sleepBetweenRounds } from "../../src/policies/backoff_sleep.ts";
import type { Call } from "../../src/policies/call.ts";
import { CircuitBreaker } from "../../src/primitives/circuit_breaker.ts";
import { DeadlineQueue } from "../../src/primitives/deadline_queue.ts";
import { Semaphore } from "../../src/primitives/semaphore.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { schedulerOn } from "../lanes/scheduler_on.ts";
import { type Settled, watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { fakeAllowance, fakeCall } from "./fake_call.ts";

interface SetUp {
  readonly clock: ManualClock;
  readonly lane: Lane;
  readonly semaphore: Semaphore;
  /** Makes a call sleep. */
  readonly sleep: (call: Call, delayMs: number, mayHurry?: boolean) => Settled<boolean>;
}

function setUp(breaker?: CircuitBreaker): SetUp {
  const clock = new ManualClock();
  const deadlines = new DeadlineQueue(clock);
  const semaphore = new Semaphore(2);
  const scheduler = schedulerOn(clock, { semaphore, deadlines });
  const lane = new Lane({ key: "https://a.test", breaker, bucket: undefined });
  scheduler.adopt(lane);
  return {
    clock,
    lane,
    semaphore,
    sleep: (call, delayMs, mayHurry = true) =>
      watch(sleepBetweenRounds({ clock, deadlines, scheduler }, call, lane, {
        delayMs,
        hurriesTo: mayHurry ? lane : undefined,
      })),
  };
}

/** Creates a call of a batch that has nothing else to send. */
function eagerCall(round = 2): Call {
  const allowance = fakeAllowance();
  allowance.hasMore = false;
  const call = fakeCall({ allowance });
  call.journey.round = round;
  return call;
}

test("sleepBetweenRounds() sleeps for its time, and leaves nothing behind", async () => {
  const { clock, lane, sleep } = setUp();
  const call = fakeCall();
  const slept = sleep(call, 2_000);
  assertEquals([lane.sleeping.size, call.pending !== undefined], [1, true]);
  await clock.advance(1_999);
  assertEquals(slept.state, "pending");
  await clock.advance(1);

  assertEquals([slept.value, clock.pending, lane.sleeping.size, call.pending], [true, 0, 0, undefined]);
});

test("sleepBetweenRounds() is counted as asleep by the call's batch, once", () => {
  const { sleep } = setUp();
  const allowance = fakeAllowance(3);
  const call = fakeCall({ allowance });
  sleep(call, 1_000);
  assertEquals([call.isAsleep, allowance.active, allowance.asleep], [true, 2, 1]);
  sleep(call, 1_000);
  assertEquals([allowance.active, allowance.asleep], [2, 1]);
});

test("sleepBetweenRounds() rejects at once, with the reason itself, when the call is cancelled (S6)", async () => {
  const { clock, lane, sleep } = setUp();
  const call = fakeCall();
  const slept = sleep(call, 2_000);
  const reason = { my: "reason" };
  call.cancel(reason);
  await clock.advance(0);

  assertEquals(slept.state, "rejected");
  assertStrictEquals(slept.error, reason);
  assertEquals([clock.pending, lane.sleeping.size, call.pending], [0, 0, undefined]);
});

test("sleepBetweenRounds() ends at once for a delay of zero", async () => {
  const { clock, lane, sleep } = setUp();
  const slept = sleep(fakeCall(), 2_000);
  lane.sleeping.head!.giveUp();
  await clock.advance(0);

  assertEquals([slept.value, clock.pending, lane.sleeping.size], [false, 0, 0]);
});

test("sleepBetweenRounds() ends early, 250 ms · 2^(n-1) after it began, in a batch that has nothing else to send", async () => {
  for (const [round, earliestMs] of [[1, 250], [2, 250], [3, 500], [4, 1_000]] as const) {
    const { clock, lane, sleep } = setUp();
    const slept = sleep(eagerCall(round), 2_000);
    lane.succeededAtMs = clock.now();
    await clock.advance(earliestMs - 1);
    assertEquals(slept.state, "pending", `${round}`);
    await clock.advance(1);
    assertEquals([slept.value, clock.pending, lane.sleeping.size], [true, 0, 0], `${round}`);
  }
});

test("sleepBetweenRounds() ends early as usual where the limit was never exceeded, even with half of it in flight", async () => {
  const { clock, lane, sleep } = setUp();
  lane.limit.most = lane.limit.current = 4;
  lane.inFlight = 3;
  const slept = sleep(eagerCall(), 3_000);
  lane.succeededAtMs = clock.now();
  await clock.advance(250);
  assertEquals(slept.value, true);
});

test("sleepBetweenRounds() ends early as soon as the origin has served another request", async () => {
  const { clock, lane, sleep } = setUp();
  const slept = sleep(eagerCall(), 5_000);
  await clock.advance(2_100);
  assertEquals(slept.state, "pending");
  lane.succeededAtMs = 2_000;
  await clock.advance(150);

  assertEquals([slept.value, clock.now()], [true, 2_250]);
});

test("sleepBetweenRounds() wakes one call at a time to test an origin that no other request asks", async () => {
  const { clock, lane, sleep } = setUp();
  await clock.advance(5_000);
  lane.succeeded = 20;
  lane.succeededAtMs = 4_000;
  const calls = [eagerCall(), eagerCall(), eagerCall()];
  const slept = calls.map((call) => sleep(call, 4_000));
  const ended = (): number => slept.filter(({ state }) => state === "fulfilled").length;
  await clock.advance(249);
  assertEquals(ended(), 0);
  await clock.advance(1);
  assertEquals([ended(), calls.filter(({ journey }) => journey.restsUntilMs !== undefined).length], [1, 1]);
  // The next call wakes when the lane may be tested again.
  await clock.advance(249);
  assertEquals(ended(), 1);
  await clock.advance(1);
  assertEquals(ended(), 2);
  // Each call tests the origin once a round.
  const again = sleep(calls.find(({ journey }) => journey.restsUntilMs !== undefined)!, 3_000);
  await clock.advance(2_999);
  assertEquals(again.state, "pending");
  await clock.advance(1);
  assertEquals(again.value, true);
  await clock.advance(4_000);
  assertEquals([ended(), clock.pending], [3, 0]);
});

test("sleepBetweenRounds() ends early at an origin that is down, for the sake of a probe, unless somebody is in line", async () => {
  const { clock, lane, sleep } = setUp(new CircuitBreaker({ threshold: 1 }));
  lane.breaker!.trip();
  const place = new Place(lane, fakeCall(), false);
  place.enter();
  const slept = sleep(eagerCall(), 4_000);
  await clock.advance(1_000);
  assertEquals(slept.state, "pending");
  place.leave();
  await clock.advance(250);
  assertEquals([slept.value, clock.now()], [true, 1_250]);
});

test("sleepBetweenRounds() does not end early while that would not help the batch, or would harm others", async () => {
  const cases: Record<string, (made: SetUp, call: Call) => void> = {
    "the origin has answered nobody well since": ({ lane }) => lane.succeededAtMs = -1,
    "the origin has asked for a pause": ({ lane, clock }) =>
      lane.pauseFor(
        { untilMs: clock.now() + 9_000, isNamed: true, status: 429, headers: new Headers() },
        clock.now(),
        true,
      ),
    "the batch has more to send": (_, { allowance }) => allowance!.hasMore = true,
    "the batch has enough under way": (_, { allowance }) => allowance!.active = allowance!.concurrency,
    "no permit is free": ({ semaphore }) => semaphore.tryAcquire(2),
  };
  for (const [name, change] of Object.entries(cases)) {
    const made = setUp();
    const { clock, lane, sleep } = made;
    const call = eagerCall();
    const slept = sleep(call, 1_300);
    lane.succeededAtMs = clock.now();
    change(made, call);
    await clock.advance(1_299);
    assertEquals(slept.state, "pending", name);
    await clock.advance(1);
    assertEquals([slept.value, clock.pending], [true, 0], name);
  }
});

test("sleepBetweenRounds() never ends early where the length of the wait was set", async () => {
  const { clock, lane, sleep } = setUp();
  const slept = sleep(eagerCall(), 5_000, false);
  lane.succeededAtMs = clock.now();
  await clock.advance(4_999);
  assertEquals(slept.state, "pending");
  await clock.advance(1);
  assertEquals([slept.value, clock.pending], [true, 0]);
});

test("sleepBetweenRounds() also ends early where the lane keeps count, as long as no limit is used up", async () => {
  for (const [isUsedUp, earliestMs] of [[false, 250], [true, 3_000]] as const) {
    const { clock, lane, sleep } = setUp();
    const book = { blockedUntilMs: (nowMs: number) => isUsedUp ? 9_000 : nowMs, isQuiet: true };
    lane.keepBook(book as unknown as LimitBook);
    const slept = sleep(eagerCall(), 3_000);
    lane.succeededAtMs = clock.now();
    await clock.advance(earliestMs - 1);
    assertEquals(slept.state, "pending", `${isUsedUp}`);
    await clock.advance(1);
    assertEquals(slept.value, true);
  }
});

test("sleepBetweenRounds() ends early for a single call that is as patient as those of batches", async () => {
  const { clock, lane, semaphore, sleep } = setUp();
  const patient = sleep(fakeCall({ settings: { onOpen: "wait" } }), 2_000);
  lane.succeededAtMs = clock.now();
  // It waits while there is other work.
  const permits = [await semaphore.acquire(), await semaphore.acquire()];
  await clock.advance(1_000);
  assertEquals(patient.state, "pending");
  for (const permit of permits) permit.release();
  await clock.advance(250);
  assertEquals([patient.value, clock.now()], [true, 1_250]);
});

test("sleepBetweenRounds() never ends early for an impatient single call, or for a call with several lanes", async () => {
  const single = setUp();
  const alone = single.sleep(fakeCall(), 1_000);
  const severalLanes = setUp();
  const call = eagerCall();
  const roaming = watch(
    sleepBetweenRounds(
      {
        clock: severalLanes.clock,
        deadlines: new DeadlineQueue(severalLanes.clock),
        scheduler: undefined as never,
      },
      call,
      undefined,
      { delayMs: 1_000, hurriesTo: undefined },
    ),
  );
  for (const { clock, lane } of [single, severalLanes]) {
    lane.succeededAtMs = clock.now();
    await clock.advance(999);
  }
  assertEquals([alone.state, roaming.state], ["pending", "pending"]);
  for (const { clock } of [single, severalLanes]) await clock.advance(1);
  assertEquals([alone.value, roaming.value], [true, true]);
});

test("sleepBetweenRounds() rejects at once for a call that has been stopped already", async () => {
  const { clock, lane, sleep } = setUp();
  const allowance = fakeAllowance(3);
  const call = fakeCall({ allowance });
  call.cancel("enough");
  const slept = sleep(call, 2_000);
  await clock.advance(0);
  assertEquals([slept.error, allowance.asleep, lane.sleeping.size, clock.pending], ["enough", 0, 0, 0]);
});
