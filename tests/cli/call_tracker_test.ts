import { assertEquals } from "@std/assert";
import { type CallRecord, CallTracker } from "../../src/cli/call_tracker.ts";
import { createClient } from "../../src/client/client.ts";
import type { FaultRule } from "../../src/middleware/faults/fault.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { test } from "../support/test.ts";

function setUp(faults: readonly FaultRule[] = [], concurrency = 2) {
  const clock = new ManualClock();
  const cdn = createSimulatedCdn({ resources: () => ({ json: 1 }), faults, latency: 10, clock });
  const client = createClient({ fetch: cdn.fetch, clock, concurrency, random: () => 0 });
  let rooms = 0;
  const tracker = new CallTracker(client, { onRoom: () => void rooms++ });
  const begin = (path: string): [CallRecord, Promise<Response>] => {
    const record: CallRecord = { attempts: 0, from: "network", isSending: false };
    tracker.begin(record);
    return [record, tracker.fetch(record, `https://cdn.test${path}`, {}, { onOpen: "wait" })];
  };
  return { clock, client, tracker, begin, roomsOf: () => rooms };
}

test("CallTracker.sending counts from the beginning to the last byte, and finishing from there to the end", async () => {
  const { clock, client, tracker, begin, roomsOf } = setUp();
  const [record, response] = begin("/a");
  assertEquals([tracker.sending, tracker.finishing], [1, 0]);
  const { ok, body } = await clock.run(response);
  assertEquals([ok, tracker.sending, record.attempts, record.from], [true, 1, 1, "network"]);
  await clock.run(new Response(body).text());
  assertEquals([tracker.sending, tracker.finishing, roomsOf() > 0], [0, 1, true]);
  tracker.end(record);
  tracker.end(record);
  assertEquals([tracker.sending, tracker.finishing], [0, 0]);
  tracker[Symbol.dispose]();
  await client.close();
});

test("CallTracker.sending does not count who sleeps before a retry, until it is sent again", async () => {
  const { clock, client, tracker, begin } = setUp([{ kind: "status", status: 503, times: 1 }]);
  const [record, response] = begin("/a");
  await clock.advance(100);
  assertEquals([tracker.sending, record.attempts], [0, 1]);
  const { body } = await clock.run(response);
  assertEquals([tracker.sending, record.attempts], [1, 2]);
  await body?.cancel();
  tracker.end(record);
  assertEquals([tracker.sending, tracker.finishing], [0, 0]);
  tracker[Symbol.dispose]();
  await client.close();
});

test("CallTracker tells the calls of two jobs apart", async () => {
  const { clock, client, tracker, begin } = setUp([{ kind: "status", status: 503, match: "/b", times: 2 }]);
  const [[a, first], [b, second]] = [begin("/a"), begin("/b")];
  await clock.run(Promise.all([first, second]));
  assertEquals([a.attempts, b.attempts], [1, 3]);
  tracker[Symbol.dispose]();
  await client.close();
});

test("CallTracker.sending counts what is in flight alone while an origin asks for a pause", async () => {
  const { clock, client, tracker, begin } = setUp([
    { kind: "status", status: 429, headers: { "retry-after": "5" }, times: 1 },
  ], 4);
  const calls = [begin("/a"), begin("/b"), begin("/c")];
  await clock.advance(100);
  const [held] = [begin("/d")];
  await clock.advance(1);
  assertEquals(tracker.sending < 4, true);
  await clock.run(Promise.all([...calls, held].map(([, response]) => response)));
  tracker[Symbol.dispose]();
  await client.close();
});
