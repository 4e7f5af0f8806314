import { assertEquals } from "@std/assert";
import type { Claimant } from "../../src/lanes/claimant.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { Semaphore } from "../../src/primitives/semaphore.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeAllowance, fakeCall } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";
import { schedulerOn } from "./scheduler_on.ts";

test("SecondAttempts.tryAdmitInTurn() remembers a claimant whose batch or lane has no room", () => {
  const scheduler = schedulerOn(new ManualClock(), { semaphore: new Semaphore(9) });
  const lane = new Lane({ key: "http://a.test", breaker: undefined, bucket: undefined, maxInFlight: 1 });
  scheduler.adopt(lane);
  const claimant = {} as Claimant;
  const admit = (active: number) => {
    const allowance = fakeAllowance(active, 2);
    const errand = fakeCall({ allowance });
    const admission = scheduler.seconds.tryAdmitInTurn(errand, lane, claimant, 0);
    return [admission?.lane, allowance.hasRefused, allowance.concurrency, lane.refused.length];
  };
  assertEquals(admit(2), [undefined, true, 2, 0]);
  assertEquals(admit(1), [lane, false, 1, 0]);
  assertEquals(admit(1), [undefined, false, 2, 1]);
  assertEquals(admit(1), [undefined, false, 2, 1]);
});

test("SecondAttempts.permitsOf() puts a second attempt before the requests in line, but not in a lane over its share", () => {
  const scheduler = schedulerOn(new ManualClock(), { semaphore: new Semaphore(4) });
  const [one, other] = ["a", "b"].map((name) => {
    const lane = new Lane({ key: `http://${name}.test`, breaker: undefined, bucket: undefined });
    scheduler.adopt(lane);
    return lane;
  });
  const permits: (number | undefined)[] = [];
  for (const lane of [one!, one!, other!]) {
    scheduler.tryEnter(lane, 0);
    permits.push(scheduler.seconds.permitsOf(one!));
  }
  assertEquals(permits, [0, 1, undefined]);
});
