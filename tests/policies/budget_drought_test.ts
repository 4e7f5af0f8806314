import { assertEquals } from "@std/assert";
import { BudgetDrought } from "../../src/policies/budget_drought.ts";
import { WorkingTime } from "../../src/primitives/working_time.ts";
import { test } from "../support/test.ts";

/** Creates a drought after a budget has paid for this many retries, in a client that records successes. */
function setUp(paid: number) {
  const scheduler = { silentLanes: { servedBeganAtMs: -Infinity }, workingTime: new WorkingTime() };
  const drought = new BudgetDrought(scheduler as unknown as ConstructorParameters<typeof BudgetDrought>[0]);
  for (let nth = 0; nth < paid; nth++) drought.notePaid();
  return { drought, scheduler };
}

/** Returns when scouts go, in milliseconds, if each waiter asks every 100 ms. */
function scoutTimes(drought: BudgetDrought, fromMs: number, untilMs: number): number[] {
  const times = [];
  for (let nowMs = fromMs; nowMs <= untilMs; nowMs += 100) if (drought.trySendScout(nowMs)) times.push(nowMs);
  return times;
}

test("BudgetDrought.trySendScout() sends one scout for each four retries that were paid for", () => {
  for (const [paid, scouts] of [[0, 0], [3, 0], [4, 1], [11, 2], [1_000, 30]] as const) {
    const { drought } = setUp(paid);
    drought.enter(0, 0);
    assertEquals(scoutTimes(drought, 0, 1_000_000).length, scouts);
  }
});

test("BudgetDrought.trySendScout() waits for half a second, then for a tenth of the drought, at most 5 s", () => {
  const { drought } = setUp(1_000);
  drought.enter(0, 0);
  assertEquals(scoutTimes(drought, 0, 2_000), [0, 500, 1_000, 1_500, 2_000]);
  assertEquals(scoutTimes(drought, 10_000, 13_000), [10_000, 11_000, 12_100]);
  assertEquals(scoutTimes(drought, 100_000, 111_000), [100_000, 105_000, 110_000]);
});

test("a drought goes on when a request waits again within 10 s, and begins anew later", () => {
  const { drought } = setUp(4);
  drought.enter(0, 1_000);
  drought.enter(0, 2_000);
  drought.leave(3_000);
  drought.leave(20_000);
  drought.enter(0, 29_999);
  assertEquals(drought.ageMs(29_999), 28_999);
  drought.leave(30_000);
  drought.enter(0, 40_000);
  assertEquals(drought.ageMs(40_500), 500);
});

test("BudgetDrought.isOutage() is true until a request is served, and working time stands still meanwhile", () => {
  const { drought, scheduler: { silentLanes, workingTime } } = setUp(8);
  silentLanes.servedBeganAtMs = 999;
  drought.enter(999, 1_000);
  assertEquals([drought.isOutage(1_000), drought.isOutage(5_000)], [true, true]);
  assertEquals(workingTime.at(6_000), 1_000);
  // The served request began together with the drought.
  silentLanes.servedBeganAtMs = 1_000;
  assertEquals(drought.isOutage(6_000), false);
  assertEquals(workingTime.at(7_000), 2_000);
});

test("working time stands still in the next drought, too, and only once that is an outage", () => {
  const { drought, scheduler: { silentLanes, workingTime } } = setUp(8);
  drought.enter(0, 0);
  drought.leave(1_000);
  assertEquals([workingTime.at(1_000), workingTime.outages], [1_000, 0]);
  for (const [fromMs, workedMs] of [[20_000, 20_000], [40_000, 39_000]] as const) {
    silentLanes.servedBeganAtMs = fromMs - 1;
    drought.enter(fromMs - 1, fromMs);
    assertEquals(drought.isOutage(fromMs), true);
    assertEquals(workingTime.at(fromMs + 1_000), workedMs);
    drought.leave(fromMs + 1_000);
    assertEquals(workingTime.outages, 0);
  }
});

test("working time goes on when no request waits any more in an outage", () => {
  const { drought, scheduler: { workingTime } } = setUp(8);
  drought.enter(0, 0);
  drought.enter(0, 0);
  assertEquals(drought.isOutage(0), true);
  drought.leave(1_000);
  assertEquals(workingTime.at(2_000), 0);
  drought.leave(2_000);
  assertEquals(workingTime.at(3_000), 1_000);
  assertEquals(workingTime.outages, 0);
});

test("BudgetDrought.isOutage() is false when no scout is left to find the end of the outage", () => {
  const { drought, scheduler: { workingTime } } = setUp(4);
  drought.enter(0, 0);
  assertEquals(drought.isOutage(0), true);
  assertEquals(drought.trySendScout(0), true);
  assertEquals(drought.isOutage(0), false);
  assertEquals(workingTime.outages, 0);
  assertEquals(setUp(0).drought.isOutage(0), false);
});

test("BudgetDrought.isOutage() is false if any origin has served others since one in ten requests failed", () => {
  const { drought, scheduler: { silentLanes } } = setUp(8);
  silentLanes.servedBeganAtMs = 500;
  for (let nth = 0; nth < 9; nth++) drought.enter(500, 1_000);
  assertEquals(drought.isOutage(1_000), true);
  drought.enter(499, 1_000);
  assertEquals(drought.isOutage(1_000), false);
  drought.enter(500, 1_000);
  assertEquals(drought.isOutage(1_000), true);
  drought.enter(499, 1_000);
  assertEquals(drought.isOutage(1_000), false);
});

test("BudgetDrought.tryTakeGranted() takes two retries for each one that has succeeded, within the same drought", () => {
  const { drought } = setUp(0);
  drought.enter(0, 0);
  assertEquals(drought.tryTakeGranted(), false);
  drought.grantTwo();
  assertEquals([1, 2, 3].map(() => drought.tryTakeGranted()), [true, true, false]);
  drought.grantTwo();
  drought.leave(1_000);
  drought.enter(0, 2_000);
  assertEquals(drought.tryTakeGranted(), true);
  drought.leave(3_000);
  drought.enter(0, 13_000);
  assertEquals(drought.tryTakeGranted(), false);
});
