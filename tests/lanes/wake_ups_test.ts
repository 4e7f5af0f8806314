import { assertEquals } from "@std/assert";
import { KeyLine } from "../../src/lanes/key_line.ts";
import { Lane } from "../../src/lanes/lane.ts";
import type { Place } from "../../src/lanes/waiter.ts";
import { WakeUps } from "../../src/lanes/wake_ups.ts";
import { DeadlineQueue } from "../../src/primitives/deadline_queue.ts";
import { TokenBucket } from "../../src/primitives/token_bucket.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";

function setUp(timersBelongToRequests = false) {
  const clock = new ManualClock();
  const examined: number[] = [];
  const examine = (): void => void examined.push(clock.now());
  const wakeUps = new WakeUps({ deadlines: new DeadlineQueue(clock), timersBelongToRequests, examine });
  const lane = new Lane({ key: "http://a.test", breaker: undefined, bucket: undefined });
  const bucket = new TokenBucket({ limit: 1, intervalMs: 100, burst: 1, clock });
  return { clock, examined, wakeUps, lane, bucket, line: new KeyLine<Place<Lane>>("key", undefined) };
}

test("WakeUps.set() examines a lane once, at the moment that was set last", async () => {
  const { clock, examined, wakeUps, lane } = setUp();
  wakeUps.set(lane, 50, 0);
  wakeUps.set(lane, 50, 0);
  wakeUps.set(lane, 80, 0);
  await clock.advance(200);
  assertEquals([examined, lane.wakeUp, clock.pending], [[80], undefined, 0]);
});

test("WakeUps.set() with Infinity cancels the wake-up, and sets no timer", async () => {
  const { clock, examined, wakeUps, lane } = setUp();
  wakeUps.set(lane, 50, 0);
  wakeUps.set(lane, Infinity, 0);
  await clock.advance(200);
  assertEquals([examined, clock.pending], [[], 0]);
});

test("WakeUps.drop() cancels a wake-up, and does nothing where there is none", async () => {
  const { clock, examined, wakeUps, lane } = setUp();
  wakeUps.drop(lane);
  wakeUps.set(lane, 50, 0);
  wakeUps.drop(lane);
  await clock.advance(200);
  assertEquals([examined, clock.pending], [[], 0]);
});

test("WakeUps.block() holds the line of a key until a moment", async () => {
  const { clock, examined, wakeUps, lane, line } = setUp();
  await clock.advance(30);
  wakeUps.block(lane, line, 70, 30);
  assertEquals(line.isBlocked, true);
  await clock.advance(40);
  assertEquals([line.isBlocked, line.wakeUp, examined], [false, undefined, [70]]);
});

test("WakeUps.block() holds the line of a key until its bucket has a token", async () => {
  const { clock, examined, wakeUps, lane, line, bucket } = setUp();
  bucket.tryTake();
  wakeUps.block(lane, line, bucket, 0);
  await clock.advance(99);
  assertEquals([line.isBlocked, examined], [true, []]);
  await clock.advance(1);
  assertEquals([line.isBlocked, line.tokenNotice, examined], [false, undefined, [100]]);
});

test("WakeUps.unblock() cancels the timer or the token notice that would have unblocked the line", async () => {
  for (const until of ["moment", "token"]) {
    const { clock, examined, wakeUps, lane, line, bucket } = setUp();
    bucket.tryTake();
    wakeUps.block(lane, line, until === "moment" ? 70 : bucket, 0);
    wakeUps.unblock(line);
    assertEquals([line.isBlocked, line.wakeUp, line.tokenNotice], [false, undefined, undefined]);
    await clock.advance(200);
    assertEquals([until, examined, clock.pending], [until, [], 0]);
  }
});

test("WakeUps sets no timer where timers belong to requests, and blocks lines all the same", async () => {
  const { clock, examined, wakeUps, lane, line } = setUp(true);
  wakeUps.set(lane, 50, 0);
  wakeUps.block(lane, line, 70, 0);
  assertEquals([line.isBlocked, clock.pending], [true, 0]);
  await clock.advance(200);
  assertEquals([line.isBlocked, examined], [true, []]);
});
