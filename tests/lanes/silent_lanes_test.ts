import { assertEquals } from "@std/assert";
import { Allowance } from "../../src/lanes/allowance.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { SilentLanes, type UnansweredAttempt } from "../../src/lanes/silent_lanes.ts";
import { DeadlineQueue } from "../../src/primitives/deadline_queue.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

function setUp({ capacity = 8, isWanted = true } = {}) {
  const clock = new ManualClock();
  const view = { capacity, isWanted, now: () => clock.now(), isWantedBeside: () => view.isWanted };
  const lanes = new SilentLanes(view, new DeadlineQueue(clock));
  const gone: number[] = [];
  let sent = 0;
  const send = (lane: Lane, { allowance, mayGiveWay = true }: Partial<UnansweredAttempt> = {}) => {
    const number = sent++;
    const attempt = {
      lane,
      sentAtMs: clock.now(),
      allowance,
      isPending: true,
      mayGiveWay,
      giveWay() {
        attempt.isPending = false;
        gone.push(number);
      },
    };
    lane.inFlight++;
    lanes.watch(attempt);
    return attempt;
  };
  const serve = (): void => void (lanes.servedAtMs = clock.now());
  return { clock, view, lanes, gone, send, serve };
}

const laneOf = (key = "http://a.test"): Lane => new Lane({ key, breaker: undefined, bucket: undefined });

/** A batch that would go on if it had a place. */
function fullBatch(concurrency: number): Allowance {
  const allowance = new Allowance(concurrency, 100, () => {});
  allowance.active = concurrency;
  return allowance;
}

test("SilentLanes takes an origin for silent when an attempt has waited for 5 s, and nothing has ever come", async () => {
  const { clock, lanes, send } = setUp();
  const [silent, answered] = [laneOf("http://a.test"), laneOf("http://b.test")];
  send(silent);
  send(answered);
  answered.answered(0);
  assertEquals(lanes.noteAnswer(answered), false);
  await clock.advance(4_999);
  assertEquals([silent.isSilent, silent.isClear], [false, true]);
  await clock.advance(1);
  assertEquals([silent.isSilent, silent.isClear, answered.isSilent], [true, false, false]);
  silent.answered(0);
  assertEquals([lanes.noteAnswer(silent), silent.isSilent, silent.isClear], [true, false, true]);
});

test("SilentLanes has those give way that are more than a quarter of the permits, the latest first", async () => {
  const { clock, gone, send, serve } = setUp({ capacity: 8 });
  const lane = laneOf();
  for (let index = 0; index < 5; index++) send(lane);
  await clock.advance(1_000);
  send(laneOf("http://b.test"));
  serve();
  await clock.advance(4_000);
  assertEquals(gone, [4, 3, 2]);
  await clock.advance(1_000);
  // The one that was sent later counts by now.
  assertEquals(gone, [4, 3, 2, 5]);
  await clock.advance(20_000);
  assertEquals(gone.length, 4);
});

test("SilentLanes ends no attempt while nobody wants a permit, or as long as few are silent", async () => {
  for (const [attempts, isWanted] of [[8, false], [2, true], [1, true]] as const) {
    const { clock, gone, send, serve } = setUp({ capacity: 8, isWanted });
    for (let index = 0; index < attempts; index++) send(laneOf());
    serve();
    await clock.advance(25_000);
    assertEquals(gone, []);
  }
});

test("SilentLanes leaves those alone that must not be sent again, and those that have ended", async () => {
  const { clock, gone, send, serve } = setUp({ capacity: 4 });
  send(laneOf());
  send(laneOf(), { mayGiveWay: false });
  send(laneOf());
  send(laneOf()).isPending = false;
  send(laneOf(), { mayGiveWay: false });
  serve();
  await clock.advance(20_000);
  assertEquals(gone, [2, 0]);
});

test("SilentLanes has one give way at a time, and ever more seldom, while it is not known whether others are served", async () => {
  const { clock, gone, send, serve } = setUp({ capacity: 4 });
  for (let index = 0; index < 8; index++) send(laneOf());
  const seen: number[] = [];
  for (let second = 1; second <= 40; second++) {
    await clock.advance(1_000);
    if (gone.length > seen.length) seen.push(second);
  }
  assertEquals([seen, gone], [[5, 10, 20, 40], [7, 6, 5, 4]]);
  serve();
  await clock.advance(1_000);
  assertEquals(gone, [7, 6, 5, 4, 3, 2, 1]);
});

test("SilentLanes has attempts of a batch give way that could go on otherwise, once others are served", async () => {
  const { clock, gone, send, serve } = setUp({ capacity: 20, isWanted: false });
  const allowance = fullBatch(4);
  for (let index = 0; index < 4; index++) send(laneOf(), { allowance });
  await clock.advance(10_000);
  assertEquals(gone, []);
  serve();
  await clock.advance(1_000);
  assertEquals(gone, [3, 2, 1]);
});

test("SilentLanes ends nothing of a batch that has no more requests, has places left, or as many waiting as may", async () => {
  const changes: ((allowance: Allowance) => void)[] = [
    (allowance) => allowance.hasMore = false,
    (allowance) => allowance.active--,
    (allowance) => allowance.asleep = allowance.maxWaiting,
  ];
  for (const change of changes) {
    const { clock, gone, send, serve } = setUp({ capacity: 20, isWanted: false });
    const allowance = fullBatch(4);
    change(allowance);
    for (let index = 0; index < 4; index++) send(laneOf(), { allowance });
    serve();
    await clock.advance(10_000);
    assertEquals(gone, []);
  }
});

test("SilentLanes.areFull() counts what silent lanes hold, also of what they held before", async () => {
  const { clock, lanes, send } = setUp({ capacity: 12, isWanted: false });
  const lane = laneOf();
  for (let index = 0; index < 2; index++) send(lane);
  assertEquals(lanes.areFull(undefined), false);
  await clock.advance(5_000);
  assertEquals([lanes.areFull(undefined), lanes.areFull(fullBatch(8))], [false, true]);
  lane.inFlight++;
  lanes.count(1);
  assertEquals(lanes.areFull(undefined), true);
  lane.inFlight--;
  lanes.count(-1);
  assertEquals(lanes.areFull(undefined), false);
  lane.answered(0);
  lanes.noteAnswer(lane);
  assertEquals(lanes.areFull(fullBatch(1)), false);
});

test("SilentLanes has one silent attempt at least, however few permits there are", async () => {
  for (const capacity of [1, 3]) {
    const { clock, lanes, gone, send, serve } = setUp({ capacity });
    assertEquals(lanes.areFull(undefined), false);
    send(laneOf());
    serve();
    await clock.advance(6_000);
    assertEquals([lanes.areFull(undefined), gone], [true, []]);
  }
});

test("SilentLanes.recall() gives lanes in which somebody still waits, each once, and no more than asked for", () => {
  const { lanes } = setUp();
  const waiting = ["a", "b", "c"].map((name) => {
    const lane = laneOf(`http://${name}.test`);
    lane.urgent.push({ previous: undefined, next: undefined } as never);
    return lane;
  });
  for (const lane of [laneOf(), ...waiting, waiting[0]!]) lanes.setAside(lane);
  assertEquals(lanes.recall(1), waiting.slice(0, 1));
  assertEquals([lanes.recall(Infinity), lanes.hasAside], [waiting.slice(1), false]);
});

test("SilentLanes keeps no timer when all attempts have ended, or were answered", async () => {
  const { clock, lanes, send } = setUp();
  const [first, second] = [laneOf(), laneOf()];
  const attempt = send(first);
  send(second);
  assertEquals(clock.pending, 1);
  attempt.isPending = false;
  lanes.tidy();
  assertEquals(clock.pending, 1);
  second.answered(0);
  lanes.noteAnswer(second);
  assertEquals(clock.pending, 0);
  await clock.advance(10_000);
  assertEquals([first.isSilent, second.isSilent], [false, false]);
});
