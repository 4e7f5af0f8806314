import { assertEquals } from "@std/assert";
import { reportQueued, reportSettled } from "../../src/client/call_events.ts";
import type { ClientEvent } from "../../src/policies/event.ts";
import { fakeCall } from "../policies/fake_call.ts";
import { test } from "../support/test.ts";

function listen(active = true) {
  const events: ClientEvent[] = [];
  return { events, reporter: { active, emit: (event: ClientEvent) => void events.push(event) } };
}

test("reportQueued() says what is asked for, without its secrets", () => {
  const { events, reporter } = listen();
  const call = Object.assign(fakeCall({ request: { method: "PUT" } }), { id: 3, startedAtMs: 50 });
  reportQueued(reporter, call);
  assertEquals(events, [
    { type: "queued", requestId: 3, atMs: 50, method: "PUT", url: "https://a.test/x?token=***" },
  ]);
});

test("reportSettled() says how long it took, after how many attempts, and what came", () => {
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

test("reportQueued() and reportSettled() say nothing where nobody listens", () => {
  const { events, reporter } = listen(false);
  reportQueued(reporter, fakeCall());
  reportSettled(reporter, fakeCall(), 1, { ok: true, from: "network" });
  assertEquals(events, []);
});
