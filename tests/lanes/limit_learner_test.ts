import { assertEquals, assertStrictEquals } from "@std/assert";
import type { LimitReading } from "../../src/http/limit_reading.ts";
import { KeyLine } from "../../src/lanes/key_line.ts";
import type { Lane } from "../../src/lanes/lane.ts";
import { LimitLearner } from "../../src/lanes/limit_learner.ts";
import { Receipt } from "../../src/lanes/receipt.ts";
import type { Place } from "../../src/lanes/waiter.ts";
import { fakeLane } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

const NO_MORE: LimitReading = { remaining: 0, resetMs: 500 };

function setUp(...readings: readonly LimitReading[]) {
  const learner = new LimitLearner({ read: () => readings, maxWaitMs: 60_000 });
  const lane = fakeLane();
  const line = new KeyLine<Place<Lane>>("k", undefined);
  const learn = (receipt?: Receipt, openOfKey = 1) => {
    const about = { headers: new Headers(), isOk: true, nowMs: 0, inFlight: lane.inFlight, openOfKey };
    learner.learn(lane, { ...about, receipt });
  };
  const ends = () => [lane.book?.blockedUntilMs(0), line.book?.blockedUntilMs(0)];
  return { learner, lane, line, learn, ends };
}

test("LimitLearner.learn() writes limits into the book of the lane, or of the request's key if it has one", () => {
  const cases: readonly [LimitReading, hasKey: boolean, ends: unknown[]][] = [
    [NO_MORE, false, [500, undefined]],
    [NO_MORE, true, [undefined, 500]],
    [{ ...NO_MORE, per: "origin" }, true, [500, undefined]],
    [{ ...NO_MORE, per: "key" }, true, [undefined, 500]],
    // Without a key there is no book for this limit.
    [{ ...NO_MORE, per: "key" }, false, [undefined, undefined]],
  ];
  for (const [reading, hasKey, expected] of cases) {
    const { lane, line, learn, ends } = setUp(reading);
    const receipt = hasKey ? new Receipt(lane, line, 0) : undefined;
    receipt?.close(0);
    learn(receipt);
    assertEquals(ends(), expected, JSON.stringify([reading, hasKey]));
  }
});

test("LimitLearner.learn() keeps its books, and creates none without limits", () => {
  const nothing = setUp();
  nothing.learn();
  assertEquals([nothing.lane.book, nothing.lane.isClear], [undefined, true]);
  const { lane, learn } = setUp(NO_MORE);
  learn();
  const { book } = lane;
  learn();
  assertStrictEquals(lane.book, book);
  assertEquals(lane.isClear, false);
});

test("LimitLearner.learn() tells an existing book of a response that states no limits", () => {
  let readings: readonly LimitReading[] = [{ limit: 1, remaining: 0, resetMs: 500 }];
  const learner = new LimitLearner({ read: () => readings, maxWaitMs: 60_000 });
  const lane = fakeLane();
  const learn = (number: number) => {
    lane.attempts = number;
    const receipt = new Receipt(lane, undefined, 500);
    receipt.close(500);
    const about = { headers: new Headers(), isOk: true, inFlight: 1, openOfKey: 1 };
    learner.learn(lane, { ...about, nowMs: number === 1 ? 0 : 500, receipt });
  };
  learn(1);
  readings = [];
  assertEquals(lane.book!.blockedUntilMs(500), 500);
  learn(2);
  for (const _ of [1, 2]) {
    assertEquals(lane.book!.blockedUntilMs(500), 500);
    lane.book!.noteSent(500);
  }
});

test("LimitLearner.learn() counts requests that are under way when it creates a book", () => {
  const { lane, learn } = setUp({ remaining: 3, resetMs: 500 });
  lane.inFlight = 3;
  learn();
  lane.book!.noteSent(0);
  assertEquals(lane.book!.blockedUntilMs(0), 500);
  const keyed = setUp({ remaining: 3, resetMs: 500 });
  const receipt = new Receipt(keyed.lane, keyed.line, 0);
  receipt.close(0);
  keyed.learn(receipt, 4);
  assertEquals(keyed.ends(), [undefined, 500]);
});
