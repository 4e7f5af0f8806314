import { assert, assertEquals } from "@std/assert";
import { Admission, type AdmissionOwner } from "../../src/lanes/admission.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { CircuitBreaker } from "../../src/primitives/circuit_breaker.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { fakeLane } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

/** Creates an admission, and an owner that records all calls. */
function setUp(lane: Lane = fakeLane()): { admission: Admission; told: unknown[][] } {
  const told: unknown[][] = [];
  const owner: AdmissionOwner = {
    reports: {
      judge: (...words) => told.push(["judge", ...words]),
      sample: (...words) => told.push(["sample", ...words]),
    },
    release: (...words) => told.push(["release", ...words]),
  };
  return { admission: new Admission(owner, lane, 7, 25), told };
}

test("Admission.judge() passes on the first result only, with the lane, the ticket and the start time", () => {
  const { admission, told } = setUp();
  admission.judge("failure");
  admission.judge("success");
  assertEquals(told, [["judge", admission.lane, 7, "failure", 25]]);
});

test("Admission.sample() passes on the first sample only, and none after the release", () => {
  const first = setUp();
  first.admission.sample(true);
  first.admission.sample(false);
  assertEquals(first.told, [["sample", first.admission.lane, 25, true]]);
  const second = setUp();
  second.admission.release();
  second.admission.sample(false);
  assertEquals(second.told.map(([word]) => word), ["judge", "release"]);
});

test("Admission.release() gives the permit back once", () => {
  const { admission, told } = setUp();
  admission.judge("success");
  admission.release();
  admission.release();
  assertEquals(told.map(([word]) => word), ["judge", "release"]);
  assertEquals(told[1], ["release", admission.lane, admission]);
});

test("Admission.release() judges an unjudged attempt as ignored, before the permit goes to others", () => {
  const { admission, told } = setUp();
  admission.release();
  assertEquals(told.map((words) => [words[0], words[3]]), [["judge", "ignored"], ["release", undefined]]);
});

test("Admission.withdraw() gives the permit back once, and does not count as an attempt", () => {
  const lane = fakeLane();
  lane.attempts = 3;
  const { admission, told } = setUp(lane);
  admission.withdraw();
  admission.withdraw();
  assertEquals([lane.attempts, told.map(([word]) => word)], [2, ["judge", "release"]]);
});

test("Admission.withdraw() changes nothing after the release", () => {
  const lane = fakeLane();
  lane.attempts = 3;
  const { admission, told } = setUp(lane);
  admission.release();
  admission.withdraw();
  assertEquals([lane.attempts, told.map(([word]) => word)], [3, ["judge", "release"]]);
});

test("Admission.judge() does nothing after the release", () => {
  const { admission, told } = setUp();
  admission.release();
  const before = told.length;
  admission.judge("failure");
  assertEquals(told.length, before);
});

test("Admission.isProbe keeps the breaker's word from the admission, whatever happens later", () => {
  const clock = new ManualClock();
  const breaker = new CircuitBreaker({ threshold: 1, cooldownMs: 100, clock });
  const lane = new Lane({ key: "https://a.test", breaker, bucket: undefined });
  assert(!setUp().admission.isProbe);
  assert(!setUp(lane).admission.isProbe);

  breaker.settle(breaker.enter(), "failure");
  clock.jump(100);
  const ticket = breaker.enter();
  const { admission } = setUp(lane);
  breaker.settle(ticket, "success");
  assert(admission.isProbe);
  assert(!setUp(lane).admission.isProbe);
});

test("Admission never expires unless it is given a lease", () => {
  assertEquals(setUp().admission.expiresAtMs, Infinity);
});
