import { assertEquals } from "@std/assert";
import { Allowance } from "../../src/lanes/allowance.ts";
import { Lane } from "../../src/lanes/lane.ts";
import { LanesAside } from "../../src/lanes/lanes_aside.ts";
import { type AttemptUnderWay, SilentLanes } from "../../src/lanes/silent_lanes.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

interface Options {
  readonly capacity?: number;
  readonly isWanted?: boolean;
}

function setUp({ capacity = 8, isWanted = true }: Options = {}) {
  const clock = new ManualClock();
  const lanes = new SilentLanes(
    { capacity, isWantedBeside: () => isWanted },
    new LanesAside(),
  );
  const all: AttemptUnderWay[] = [];
  lanes.source = {
    lanesMet: () => new Set(all.map(({ lane }) => lane)),
    attempts: () => all.filter(({ isPending }) => isPending),
  };
  const gone: number[] = [];
  const send = (
    lane: Lane,
    { allowance, mayGiveWay = true, hasHeaders = false }: Partial<AttemptUnderWay> = {},
  ) => {
    const number = all.length;
    const attempt = {
      lane,
      startedAtMs: clock.now(),
      allowance,
      hasHeaders,
      isPending: true,
      mayGiveWay,
      giveWay() {
        attempt.isPending = false;
        gone.push(number);
      },
    };
    lane.inFlight++;
    all.push(attempt);
    return attempt;
  };
  const serve = (): void => void (lanes.servedAtMs = clock.now());
  /** Lets time pass, and looks once a second. */
  const pass = async (ms: number): Promise<void> => {
    for (let leftMs = ms; leftMs > 0; leftMs -= 1_000) {
      await clock.advance(Math.min(1_000, leftMs));
      lanes.look(clock.now(), clock.now());
    }
  };
  return { clock, lanes, gone, send, serve, pass };
}

/** Makes an answer come from a lane. */
function answer(lanes: SilentLanes, lane: Lane, nowMs: number, tookMs = 0): void {
  lane.answered(0);
  lane.answeredAtMs = nowMs;
  lane.slowestMs = Math.max(lane.slowestMs, tookMs);
  if (lane.isSilent) lanes.noteAnswer(lane);
}

const laneOf = (key = "http://a.test"): Lane => new Lane({ key, breaker: undefined, bucket: undefined });

/** A batch that would pull more requests if it had a place. */
function fullBatch(concurrency: number): Allowance {
  const allowance = new Allowance(concurrency, 100, () => {});
  allowance.active = concurrency;
  return allowance;
}

test("SilentLanes takes an origin for silent when an attempt has waited for 5 s and no answer has come since", async () => {
  const { clock, lanes, send, pass } = setUp();
  const [silent, answered] = [laneOf("http://a.test"), laneOf("http://b.test")];
  send(silent);
  send(answered);
  await pass(1_000);
  answer(lanes, answered, clock.now());
  await pass(3_999);
  assertEquals([silent.isSilent, silent.isClear], [false, true]);
  await pass(1);
  assertEquals([silent.isSilent, silent.isClear, silent.silentSinceMs], [true, false, 5_000]);
  assertEquals(answered.isSilent, false);
  await pass(1_000);
  assertEquals([answered.isSilent, answered.listens], [true, true]);
  for (const lane of [silent, answered]) {
    answer(lanes, lane, clock.now());
    assertEquals([lane.isSilent, lane.isClear], [false, true]);
  }
});

test("SilentLanes gives an origin twice as long as its slowest answer took", async () => {
  const { lanes, send, pass } = setUp();
  const lane = laneOf();
  answer(lanes, lane, 0, 4_000);
  send(lane);
  await pass(7_999);
  assertEquals(lane.isSilent, false);
  await pass(1);
  assertEquals(lane.isSilent, true);
});

test("SilentLanes takes no origin for silent that has sent headers, or where no attempt has waited for long", async () => {
  const { lanes, send, pass } = setUp();
  const [reading, idle, late] = [laneOf("http://a.test"), laneOf("http://b.test"), laneOf("http://c.test")];
  for (const lane of [reading, idle, late]) answer(lanes, lane, 0);
  send(reading);
  send(reading, { hasHeaders: true });
  send(idle).isPending = false;
  await pass(6_000);
  send(late);
  await pass(4_999);
  assertEquals([reading, idle, late].map(({ isSilent }) => isSilent), [false, false, false]);
  await pass(1);
  assertEquals([reading, idle, late].map(({ isSilent }) => isSilent), [false, false, true]);
});

test("SilentLanes does not take an answer of the silent origin as a sign that others are served", async () => {
  const { clock, lanes, gone, send, serve, pass } = setUp({ capacity: 4 });
  const lane = laneOf();
  for (let index = 0; index < 4; index++) send(lane);
  await pass(100);
  serve();
  answer(lanes, lane, clock.now());
  await pass(6_000);
  // One attempt gives way, to find out whether other origins are served.
  assertEquals(gone, [3]);
  serve();
  await pass(1_000);
  assertEquals(gone, [3, 2, 1]);
});

test("SilentLanes takes no origin for silent while timers are late, since answers may have arrived unread", async () => {
  const { clock, lanes, send } = setUp();
  const lane = laneOf();
  send(lane);
  await clock.advance(6_000);
  lanes.look(clock.now(), clock.now() - 500);
  assertEquals(lane.isSilent, false);
  await clock.advance(499);
  lanes.look(clock.now(), clock.now());
  assertEquals([lane.isSilent, lanes.hears(clock.now(), clock.now())], [false, false]);
  await clock.advance(1);
  lanes.look(clock.now(), clock.now() - 499);
  assertEquals(lane.isSilent, true);
});

test("SilentLanes makes attempts give way beyond a quarter of the permits, the latest first", async () => {
  const { gone, send, serve, pass } = setUp({ capacity: 8 });
  const lane = laneOf();
  for (let index = 0; index < 5; index++) send(lane);
  await pass(1_000);
  send(laneOf("http://b.test"));
  serve();
  await pass(4_000);
  assertEquals(gone, [4, 3, 2]);
  await pass(1_000);
  // The attempt that was sent later is silent by now.
  assertEquals(gone, [4, 3, 2, 5]);
  await pass(20_000);
  assertEquals(gone.length, 4);
});

test("SilentLanes ends no attempt while no request wants a permit, or while few attempts are silent", async () => {
  for (const [attempts, isWanted] of [[8, false], [2, true], [1, true]] as const) {
    const { gone, send, serve, pass } = setUp({ capacity: 8, isWanted });
    for (let index = 0; index < attempts; index++) send(laneOf());
    serve();
    await pass(25_000);
    assertEquals(gone, []);
  }
});

test("SilentLanes ends no attempt that must not be sent again, or that has already ended", async () => {
  const { gone, send, serve, pass } = setUp({ capacity: 4 });
  send(laneOf());
  send(laneOf(), { mayGiveWay: false });
  send(laneOf());
  send(laneOf()).isPending = false;
  send(laneOf(), { mayGiveWay: false });
  serve();
  await pass(20_000);
  assertEquals(gone, [2, 0]);
});

test("SilentLanes ends one attempt every 5 s while no other origin is known to be served", async () => {
  const { gone, send, serve, pass } = setUp({ capacity: 4 });
  for (let index = 0; index < 8; index++) send(laneOf());
  const seen: number[] = [];
  for (let second = 1; second <= 20; second++) {
    await pass(1_000);
    if (gone.length > seen.length) seen.push(second);
  }
  assertEquals([seen, gone], [[5, 10, 15, 20], [7, 6, 5, 4]]);
  serve();
  await pass(1_000);
  assertEquals(gone, [7, 6, 5, 4, 3, 2, 1]);
});

test("SilentLanes ends attempts of a full batch that could go on otherwise, once others are served", async () => {
  const { gone, send, serve, pass } = setUp({ capacity: 20, isWanted: false });
  const allowance = fullBatch(4);
  for (let index = 0; index < 4; index++) send(laneOf(), { allowance });
  await pass(10_000);
  assertEquals(gone, []);
  serve();
  await pass(1_000);
  assertEquals(gone, [3, 2, 1]);
});

test("SilentLanes ends no attempt of a batch without more requests, with free places, or with as many waiting as may", async () => {
  const changes: ((allowance: Allowance) => void)[] = [
    (allowance) => allowance.hasMore = false,
    (allowance) => allowance.active--,
    (allowance) => allowance.asleep = allowance.maxWaiting,
  ];
  for (const change of changes) {
    const { gone, send, serve, pass } = setUp({ capacity: 20, isWanted: false });
    const allowance = fullBatch(4);
    change(allowance);
    for (let index = 0; index < 4; index++) send(laneOf(), { allowance });
    serve();
    await pass(10_000);
    assertEquals(gone, []);
  }
});

test("SilentLanes.areFull() counts the permits of silent lanes, also those taken before the lanes fell silent", async () => {
  const { lanes, send, pass } = setUp({ capacity: 12, isWanted: false });
  const lane = laneOf();
  for (let index = 0; index < 2; index++) send(lane);
  assertEquals(lanes.areFull(undefined), false);
  await pass(5_000);
  assertEquals([lanes.areFull(undefined), lanes.areFull(fullBatch(8))], [false, true]);
  lane.inFlight++;
  lanes.count(1);
  assertEquals(lanes.areFull(undefined), true);
  lane.inFlight--;
  lanes.count(-1);
  assertEquals(lanes.areFull(undefined), false);
  answer(lanes, lane, 5_000);
  assertEquals(lanes.areFull(fullBatch(1)), false);
});

test("SilentLanes leaves silent origins one attempt at least, however few permits there are", async () => {
  for (const capacity of [1, 3]) {
    const { lanes, gone, send, serve, pass } = setUp({ capacity });
    assertEquals(lanes.areFull(undefined), false);
    send(laneOf());
    serve();
    await pass(6_000);
    assertEquals([lanes.areFull(undefined), gone], [true, []]);
  }
});
