import { assertEquals, assertStrictEquals } from "@std/assert";
import { Admission } from "../../src/lanes/admission.ts";
import { AdmissionWaiter, LOOK_AGAIN, type WaitingRoom } from "../../src/lanes/admission_waiter.ts";
import type { Lane } from "../../src/lanes/lane.ts";
import { rejection } from "../support/settled.ts";
import { fakeCall, fakeLane } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

/** A waiting room at 30 ms, in which admissions may expire. */
function setUp(expiresAtMs = Infinity) {
  const errand = fakeCall();
  const lanes = [fakeLane("https://a.test"), fakeLane("https://b.test")];
  const asked: unknown[][] = [];
  const left: unknown[] = [];
  const released: Lane[] = [];
  const room: WaitingRoom = {
    now: () => 30,
    toAdmission: (...words) => {
      asked.push(words);
      const release = (lane: Lane): void => void released.push(lane);
      const admission = new Admission(
        { reports: { judge() {}, sample() {} }, release },
        words[1],
        words[2],
        words[3],
      );
      return Object.assign(admission, { expiresAtMs });
    },
    leave: (waiter) => left.push(waiter),
  };
  return { errand, lanes, asked, left, released, waiter: new AdmissionWaiter(room, errand, lanes, true) };
}

test("AdmissionWaiter resolves with the admission to the lane that has admitted it, and no other code runs it", async () => {
  const { waiter, errand, lanes, asked } = setUp();
  assertEquals(waiter.onAdmitted(lanes[1]!, 5), undefined);
  assertStrictEquals((await waiter.admission).lane, lanes[1]);
  assertEquals(asked, [[errand, lanes[1], 5, 30]]);
});

test("AdmissionWaiter rejects with the very error that refuses it", async () => {
  const { waiter, asked } = setUp();
  const error = new Error("the breaker is open");
  waiter.onRefused(error);
  assertStrictEquals(await rejection(waiter.admission), error);
  assertEquals(asked, []);
});

test("AdmissionWaiter.cancel() leaves the line and rejects with the reason itself", async () => {
  const { waiter, left } = setUp();
  const reason = { code: "enough" };
  waiter.cancel(reason);
  assertStrictEquals(await rejection(waiter.admission), reason);
  assertEquals(left.length, 1);
  assertStrictEquals(left[0], waiter);
});

test("AdmissionWaiter.cancel() releases an admission once, where the request may never go on", async () => {
  const { waiter, lanes, released } = setUp(1_000);
  waiter.onAdmitted(lanes[1]!, 5);
  waiter.cancel(new Error("enough"));
  assertEquals(released, [lanes[1]]);
  // The request that goes on with the admission gives it back as well.
  const admission = await waiter.admission;
  admission.withdraw();
  assertEquals([released, lanes[1]!.attempts], [[lanes[1]], -1]);
});

test("AdmissionWaiter.cancel() leaves the release to the request where it certainly goes on", async () => {
  const { waiter, lanes, released } = setUp();
  waiter.onAdmitted(lanes[1]!, 5);
  waiter.cancel(new Error("enough"));
  assertEquals(released, []);
  (await waiter.admission).withdraw();
  assertEquals(released, [lanes[1]]);
});

test("AdmissionWaiter.lookAgain() leaves the line and resolves to look again, unless it has been admitted", async () => {
  const { waiter, left } = setUp();
  waiter.lookAgain();
  assertStrictEquals(await rejection(waiter.admission), LOOK_AGAIN);
  assertEquals(left.length, 1);
  const { waiter: admitted, lanes, released } = setUp();
  admitted.onAdmitted(lanes[0]!, 5);
  admitted.lookAgain();
  assertEquals(released, []);
  assertStrictEquals((await admitted.admission).lane, lanes[0]);
});

test("AdmissionWaiter is in line only once it has entered, and urgent in all lanes if it is urgent", () => {
  const { waiter, lanes } = setUp();
  assertEquals([waiter.isWaiting, lanes.map(({ queued }) => queued)], [false, [0, 0]]);
  waiter.enterAll();
  assertEquals([waiter.isWaiting, lanes.map(({ urgent }) => urgent.size)], [true, [1, 1]]);
});
