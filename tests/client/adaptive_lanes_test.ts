import { assert, assertEquals, assertThrows } from "@std/assert";
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

test("AdaptiveLanes.adopt() gives each lane an estimator of its own, also lanes that are older than the loaded module", async () => {
  const { scheduler, lanes, make } = setUp({ initial: 7 });
  const [early, second] = [make("https://a.test"), make("https://b.test")];
  lanes.adopt(early);
  lanes.adopt(second);
  assertEquals([early.limit.current, scheduler.reports.isAdaptive], [7, false]);
  await loadEstimator();
  // The first lane has asked for the module as well, and may get it a little later.
  for (let turn = 0; turn < 100 && !scheduler.reports.isAdaptive; turn++) await eventLoopTurn();
  const late = make("https://c.test");
  lanes.adopt(late);

  const limits = (): number[] => [early, second, late].map(({ limit }) => limit.current);
  assertEquals([limits(), scheduler.reports.isAdaptive], [[7, 7, 7], true]);
  const overload = ({ limit }: Lane): void => {
    for (let nth = 0; nth < 100; nth++) limit.sample(100, 7, nth % 2 === 0, 100 * nth);
  };
  overload(early);
  assert(early.limit.current < 7);
  assertEquals(limits().slice(1), [7, 7]);
  overload(late);
  assertEquals(limits()[1], 7);
});

test("AdaptiveLanes refuses bad rules at once, by name", () => {
  assertThrows(() => setUp({ min: 0 }), RangeError, "'min'");
  assertThrows(() => setUp({ algorithm: "vegas" }), TypeError, "'algorithm'");
});
