import { assert, assertEquals } from "@std/assert";
import { Lane } from "../../src/lanes/lane.ts";
import type { HedgeOptions } from "../../src/policies/hedge_options.ts";
import { Hedger } from "../../src/policies/hedger.ts";
import { Semaphore } from "../../src/primitives/semaphore.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { schedulerOn } from "../lanes/scheduler_on.ts";
import { test } from "../support/test.ts";
import { fakeCall, fakeLane, fakeTarget } from "./fake_call.ts";

function setUp(options: HedgeOptions, permits = 1_000) {
  const clock = new ManualClock();
  const semaphore = new Semaphore(permits);
  const scheduler = schedulerOn(clock, { semaphore });
  const hedger = new Hedger(options, clock);
  const lane = new Lane({ key: "https://a.test", breaker: undefined, bucket: undefined });
  scheduler.adopt(lane);
  const call = fakeCall();
  const tryIt = () => hedger.tryEnter(scheduler, call, lane, clock.now());
  return { clock, semaphore, scheduler, hedger, lane, call, tryIt };
}

test("Hedger keeps second attempts within a share of the requests of 10 seconds, or one", async () => {
  const { clock, hedger, tryIt } = setUp({ afterMs: 10, maxExtraRatio: 0.1 });
  const most = () => {
    let count = 0;
    while (tryIt() !== undefined) count++;
    return count;
  };

  assertEquals(most(), 1);
  for (let index = 0; index < 50; index++) hedger.deposit(clock.now());
  assertEquals(most(), 4);
  await clock.advance(11_000);
  assertEquals(most(), 1);
  await clock.advance(5_000);
  for (let index = 0; index < 20; index++) hedger.deposit(clock.now());
  assertEquals(most(), 1);
});

test("Hedger takes nothing from the budget for an attempt that was not admitted", () => {
  const { hedger, semaphore, tryIt, call, scheduler } = setUp({ afterMs: 10 }, 1);
  const permit = semaphore.tryAcquire()!;
  for (let index = 0; index < 5; index++) assertEquals(tryIt(), undefined);
  permit.release();
  const other = fakeTarget();
  scheduler.adopt(other.lane);
  const rival = hedger.tryAdmit(scheduler, call, [other], 0);
  assertEquals([rival?.target, semaphore.inUse], [other, 1]);
  rival!.admission.release();
  assertEquals([tryIt(), semaphore.inUse], [undefined, 0]);
});

test("Hedger.tryAdmit() takes the first lane that admits", () => {
  const { hedger, scheduler, call } = setUp({ afterMs: 10 });
  const [full, free] = [fakeTarget(), fakeTarget({ lane: fakeLane("https://b.test") })];
  for (const { lane } of [full, free]) scheduler.adopt(lane);
  full.lane.limit.current = 0;
  assertEquals(hedger.tryAdmit(scheduler, call, [full, free], 0)?.target, free);
  assertEquals(hedger.tryAdmit(scheduler, call, [], 0), undefined);
});

test("Hedger.delayMs() is the fixed delay, or the lane's percentile", () => {
  const fixed = setUp({ afterMs: 25 });
  assertEquals([fixed.hedger.delayMs(fixed.lane), fixed.hedger.notesLatencies], [25, false]);
  fixed.hedger.noteLatency(fixed.lane, 10, 0);
  assertEquals(fixed.lane.latencies, undefined);

  const { hedger, lane } = setUp({ percentile: 0.9, minimumSamples: 10 });
  for (let index = 0; index < 9; index++) hedger.noteAnswer(lane, 200, 100, index);
  // These answers are fast because they are errors.
  for (const status of [500, 503, 429, 408]) hedger.noteAnswer(lane, status, 1, 10);
  assertEquals([hedger.delayMs(lane), hedger.notesLatencies], [Infinity, true]);
  hedger.noteAnswer(lane, 404, 100, 11);
  assert(hedger.delayMs(lane) >= 100 && hedger.delayMs(lane) < 105);
});

test("Hedger needs more samples for a higher percentile, unless options set the number", () => {
  const needed = (options: HedgeOptions) => {
    const { hedger, lane } = setUp(options);
    let count = 0;
    while (hedger.delayMs(lane) === Infinity) hedger.noteLatency(lane, 5, ++count);
    return count;
  };
  assertEquals([0.5, 0.95, 0.99].map((percentile) => needed({ percentile })), [20, 40, 200]);
  assertEquals(needed({ percentile: 0.99, minimumSamples: 3 }), 3);
});

test("Hedger.againMs() is a fraction of the delay, within bounds, and grows with the duration of the first attempt", () => {
  const again = (afterMs: number) => {
    const { hedger, lane } = setUp({ afterMs });
    return hedger.againMs(lane, afterMs);
  };
  assertEquals([1, 40, 1_000].map(again), [5, 10, 100]);
  const { hedger, lane } = setUp({ percentile: 0.9 });
  assertEquals([0, 1_000, 10_000].map((elapsedMs) => hedger.againMs(lane, elapsedMs)), [100, 100, 500]);
});

test("Hedger.noteLatency() forgets old latencies", () => {
  const { hedger, lane } = setUp({ percentile: 0.5, minimumSamples: 4 });
  const note = (times: number, tookMs: number, fromMs: number): number => {
    for (let nth = 0; nth < times; nth++) hedger.noteLatency(lane, tookMs, fromMs + 4_000 * nth);
    return hedger.delayMs(lane);
  };
  const slow = note(30, 1_000, 0);
  const fast = note(10, 10, 200_000);
  assert(slow >= 1_000 && fast < 20, `${slow}, ${fast}`);
});
