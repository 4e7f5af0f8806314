import { assertEquals } from "@std/assert";
import {
  reportAttempt,
  reportBody,
  type ReportContext,
  reportHeaders,
  reportLimits,
  reportPause,
  reportQueued,
  reportSettled,
  reportWriteOff,
} from "../../src/policies/call_events.ts";
import type { ClientEvent } from "../../src/policies/event.ts";
import { LimitBook } from "../../src/lanes/limit_book.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { fakeCall, fakeTarget, SECRET_URL } from "./fake_call.ts";

function setUp(isActive = true) {
  const clock = new ManualClock();
  const events: ClientEvent[] = [];
  const reporter = { active: isActive, emit: (event: ClientEvent) => void events.push(event) };
  const context: ReportContext = { clock, reporter, pauseOn429: "origin" };
  const call = fakeCall();
  call.id = 4;
  const attempt = { number: 2, target: fakeTarget({ url: SECRET_URL }) };
  return { context, call, attempt, events };
}

test("events of an attempt name the attempt and its request, and no secret", () => {
  const { context, call, attempt, events } = setUp();
  reportAttempt(context, call, attempt);
  reportHeaders(context, call, attempt, 206);
  reportBody(context, call, attempt, 512);
  reportPause(context, call, attempt.target.lane, 30);
  reportWriteOff(context, call, attempt.target);

  assertEquals(events.map(({ type }) => type), ["attempt", "headers", "body", "rateLimited", "warning"]);
  const of = { requestId: 4, atMs: 0 };
  assertEquals<unknown>(events.slice(1, 4), [
    { type: "headers", ...of, attempt: 2, status: 206 },
    { type: "body", ...of, attempt: 2, bytes: 512 },
    { type: "rateLimited", ...of, origin: attempt.target.lane.key, retryAfterMs: 30 },
  ]);
  assertEquals(/secret/.test(JSON.stringify(events)), false);
});

test("reportLimits() reports once a wait that an answer has stated, unless the answer itself reports it", () => {
  const toldOf = (status: number, pauseOn429: "origin" | "request" = "origin"): unknown[] => {
    const { context, call, attempt: { target: { lane } }, events } = setUp();
    lane.book = new LimitBook(60_000, 0, 0);
    lane.book.noteSent(0);
    lane.book.noteAnswered(0);
    const readings = [{ name: "quota", remaining: 0, resetMs: 900 }];
    lane.book.update(readings, { nowMs: 0, number: 1, latest: 1, isOk: true, isStranger: false });
    const answer = { lane, receipt: undefined, status };
    for (let times = 0; times < 2; times++) reportLimits({ ...context, pauseOn429 }, call, answer);
    return events.flatMap((event) => event.type === "rateLimited" ? [event.retryAfterMs] : []);
  };

  assertEquals([toldOf(200), toldOf(404), toldOf(429, "request")], [[900], [900], [900]]);
  assertEquals([toldOf(429), toldOf(503)], [[], []]);
});

test("events of an attempt are not created while there is no listener", () => {
  const { context, call, attempt, events } = setUp(false);
  reportAttempt(context, call, attempt);
  reportHeaders(context, call, attempt, 200);
  reportBody(context, call, attempt, 1);
  reportLimits(context, call, { lane: attempt.target.lane, receipt: undefined, status: 200 });
  reportPause(context, call, attempt.target.lane, 30);
  reportWriteOff(context, call, attempt.target);

  assertEquals(events, []);
});

function listen(active = true) {
  const events: ClientEvent[] = [];
  return { events, reporter: { active, emit: (event: ClientEvent) => void events.push(event) } };
}

test("reportQueued() names the request, without its secrets", () => {
  const { events, reporter } = listen();
  const call = Object.assign(fakeCall({ request: { method: "PUT" } }), { id: 3, startedAtMs: 50 });
  reportQueued(reporter, call);
  assertEquals(events, [
    { type: "queued", requestId: 3, atMs: 50, method: "PUT", url: "https://a.test/x?token=***" },
  ]);
});

test("reportSettled() gives the duration, the number of attempts, and the result", () => {
  const { events, reporter } = listen();
  const call = Object.assign(fakeCall(), { id: 3, startedAtMs: 50, attempts: 2 });
  const error = new Error("no");
  reportSettled(reporter, call, 80, { ok: true, from: "cache" });
  reportSettled(reporter, call, 90, { ok: false, error });
  assertEquals(events, [
    { type: "settled", requestId: 3, atMs: 80, attempts: 2, durationMs: 30, ok: true, from: "cache" },
    { type: "settled", requestId: 3, atMs: 90, attempts: 2, durationMs: 40, ok: false, error },
  ]);
});

test("reportQueued() and reportSettled() emit nothing without a listener", () => {
  const { events, reporter } = listen(false);
  reportQueued(reporter, fakeCall());
  reportSettled(reporter, fakeCall(), 1, { ok: true, from: "network" });
  assertEquals(events, []);
});
