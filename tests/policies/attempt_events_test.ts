import { assertEquals } from "@std/assert";
import {
  reportAttempt,
  reportBody,
  reportHeaders,
  reportLimits,
  reportPause,
  reportWriteOff,
  type Surroundings,
} from "../../src/policies/attempt_events.ts";
import type { ClientEvent } from "../../src/policies/event.ts";
import { LimitBook } from "../../src/lanes/limit_book.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { fakeCall, fakeTarget, SECRET_URL } from "./fake_call.ts";

function setUp(isActive = true) {
  const clock = new ManualClock();
  const events: ClientEvent[] = [];
  const reporter = { active: isActive, emit: (event: ClientEvent) => void events.push(event) };
  const surroundings: Surroundings = { clock, reporter, pauseOn429: "origin" };
  const call = fakeCall();
  call.id = 4;
  const attempt = { number: 2, target: fakeTarget({ url: SECRET_URL }) };
  return { surroundings, call, attempt, events };
}

test("events of an attempt say which one it is, of which request, and no secret", () => {
  const { surroundings, call, attempt, events } = setUp();
  reportAttempt(surroundings, call, attempt);
  reportHeaders(surroundings, call, attempt, 206);
  reportBody(surroundings, call, attempt, 512);
  reportPause(surroundings, call, attempt.target.lane, 30);
  reportWriteOff(surroundings, call, attempt);

  assertEquals(events.map(({ type }) => type), ["attempt", "headers", "body", "rateLimited", "warning"]);
  const of = { requestId: 4, atMs: 0 };
  assertEquals<unknown>(events.slice(1, 4), [
    { type: "headers", ...of, attempt: 2, status: 206 },
    { type: "body", ...of, attempt: 2, bytes: 512 },
    { type: "rateLimited", ...of, origin: attempt.target.lane.key, retryAfterMs: 30 },
  ]);
  assertEquals(/secret/.test(JSON.stringify(events)), false);
});

test("reportLimits() tells once of a wait that an answer has stated, unless the answer tells it by itself", () => {
  const toldOf = (status: number, pauseOn429: "origin" | "request" = "origin"): unknown[] => {
    const { surroundings, call, attempt: { target: { lane } }, events } = setUp();
    lane.book = new LimitBook(60_000, 0, 0);
    lane.book.noteSent(0);
    lane.book.noteAnswered(0);
    const readings = [{ name: "quota", remaining: 0, resetMs: 900 }];
    lane.book.update(readings, { nowMs: 0, number: 1, isOk: true, isStranger: false });
    const answer = { lane, receipt: undefined, status };
    for (let times = 0; times < 2; times++) reportLimits({ ...surroundings, pauseOn429 }, call, answer);
    return events.flatMap((event) => event.type === "rateLimited" ? [event.retryAfterMs] : []);
  };

  assertEquals([toldOf(200), toldOf(404), toldOf(429, "request")], [[900], [900], [900]]);
  assertEquals([toldOf(429), toldOf(503)], [[], []]);
});

test("events of an attempt are not made while there is no listener", () => {
  const { surroundings, call, attempt, events } = setUp(false);
  reportAttempt(surroundings, call, attempt);
  reportHeaders(surroundings, call, attempt, 200);
  reportBody(surroundings, call, attempt, 1);
  reportLimits(surroundings, call, { lane: attempt.target.lane, receipt: undefined, status: 200 });
  reportPause(surroundings, call, attempt.target.lane, 30);
  reportWriteOff(surroundings, call, attempt);

  assertEquals(events, []);
});
