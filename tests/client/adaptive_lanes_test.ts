import { assertEquals, assertThrows } from "@std/assert";
import { AdaptiveLanes, loadEstimator } from "../../src/client/adaptive_lanes.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { schedulerOn } from "../lanes/scheduler_on.ts";
import { test } from "../support/test.ts";

function setUp(rules = {}) {
  const clock = new ManualClock();
  const scheduler = schedulerOn(clock);
  const reporter = { active: false, emit: () => {} };
  const lanes = new AdaptiveLanes(rules, { clock, reporter, scheduler: () => scheduler });
  const make = (key: string): Lane => {
    return new Lane({ key, breaker: undefined, bucket: undefined, maxInFlight: lanes.initial });
  };
  return { scheduler, lanes, make };
}

test("AdaptiveLanes.adopt() gives each lane an estimator of its own, also those made before its code was there", async () => {
  const { scheduler, lanes, make } = setUp({ initial: 7 });
  const [early, second] = [make("https://a.test"), make("https://b.test")];
  lanes.adopt(early);
  lanes.adopt(second);
  assertEquals([early.limit.current, early.limit.estimator, scheduler.reports.isAdaptive], [
    7,
    undefined,
    false,
  ]);
  await loadEstimator();
  await eventLoopTurn();
  const late = make("https://c.test");
  lanes.adopt(late);

  const estimators = [early, second, late].map(({ limit }) => limit.estimator);
  assertEquals([new Set(estimators).size, estimators.includes(undefined)], [3, false]);
  assertEquals([early.limit.current, late.limit.current, scheduler.reports.isAdaptive], [7, 7, true]);
});

test("AdaptiveLanes refuses bad rules at once, by name", () => {
  assertThrows(() => setUp({ min: 0 }), RangeError, "'min'");
  assertThrows(() => setUp({ algorithm: "vegas" }), TypeError, "'algorithm'");
});
