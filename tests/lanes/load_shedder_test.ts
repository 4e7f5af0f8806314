import { assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { OverloadError } from "../../mod.ts";
import { Admission } from "../../src/lanes/admission.ts";
import { AdmissionWaiter } from "../../src/lanes/admission_waiter.ts";
import { Lane } from "../../src/lanes/lane.ts";
import type { LoadShedding } from "../../src/lanes/load_shedder.ts";
import type { Call } from "../../src/policies/call.ts";
import { Semaphore } from "../../src/primitives/semaphore.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeAllowance, fakeCall } from "../policies/fake_call.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { schedulerOn } from "./scheduler_on.ts";

/** Creates a line in front of a client's only permit, which is taken. */
function setUp(limits: Partial<LoadShedding>) {
  const clock = new ManualClock();
  const shedding: LoadShedding = { maxQueue: Infinity, maxQueueMs: Infinity, ...limits };
  const scheduler = schedulerOn(clock, { semaphore: new Semaphore(1), shedding });
  const lane = new Lane({ key: "https://a.test", breaker: undefined, bucket: undefined, clock });
  scheduler.adopt(lane);
  const holder = scheduler.admit(fakeCall(), lane.alone, false);
  assertInstanceOf(holder, Admission);
  const queue = (call: Call) => {
    const waiter = scheduler.admit(call, lane.alone, false);
    assertInstanceOf(waiter, AdmissionWaiter);
    return watch(waiter.admission);
  };
  return { clock, scheduler, lane, holder, queue };
}

test("LoadShedder.watch() refuses a single request that finds 'maxQueue' others in line", async () => {
  const { clock, scheduler, lane, holder, queue } = setUp({ maxQueue: 2 });
  const waiting = [1, 2, 3].map(() => queue(fakeCall()));
  await clock.advance(0);
  assertEquals(waiting.map(({ state }) => state), ["pending", "pending", "rejected"]);
  const { error } = waiting[2] as { readonly error: OverloadError };
  assertInstanceOf(error, OverloadError);
  assertEquals([error.limit, error.max, error.queued, error.waitedMs], ["maxQueue", 2, 2, 0]);
  assertEquals([scheduler.inLine, lane.queued], [2, 2]);
  holder.release();
  await clock.advance(0);
  assertEquals(waiting[0]!.state, "fulfilled");
});

test("LoadShedder.watch() lets requests of batches and requests that were sent before wait, and counts them", async () => {
  const { clock, queue } = setUp({ maxQueue: 0, maxQueueMs: 10 });
  const again = fakeCall();
  again.attempts = 1;
  const ofBatch = queue(fakeCall({ allowance: fakeAllowance(5) }));
  const waiting = [queue(again), queue(fakeCall())];
  await clock.advance(0);
  assertEquals([ofBatch, ...waiting].map(({ state }) => state), ["pending", "pending", "rejected"]);
  const { error } = waiting[1] as { readonly error: OverloadError };
  assertEquals(error.queued, 2);
  await clock.advance(1_000);
  assertEquals([ofBatch.state, waiting[0]!.state], ["pending", "rejected"]);
});

test("LoadShedder.watch() refuses a single request after 'maxQueueMs', and says what it was waiting for", async () => {
  const { clock, scheduler, holder, queue } = setUp({ maxQueueMs: 50 });
  const early = queue(fakeCall());
  await clock.advance(20);
  const late = queue(fakeCall());
  await clock.advance(29);
  assertEquals([early.state, late.state], ["pending", "pending"]);
  await clock.advance(1);
  assertEquals([early.state, late.state, scheduler.inLine], ["rejected", "pending", 1]);
  const { error } = early as { readonly error: OverloadError };
  assertEquals([error.limit, error.max, error.queued, error.waitedMs], ["maxQueueMs", 50, 1, 50]);
  assertMatch(error.message, /it has waited 50 ms for a permit/);
  holder.release();
  await clock.advance(100);
  assertEquals(late.state, "fulfilled");
});
