import { assertEquals } from "@std/assert";
import { buildPipeline } from "../../src/client/pipeline.ts";
import type { ClientEvent } from "../../src/policies/event.ts";
import { pauseOrigin } from "../../src/policies/origin_pause.ts";
import type { Environment } from "../../src/policies/policy.ts";
import { Reply } from "../../src/policies/reply.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { fakeCall, fakeTarget } from "./fake_call.ts";

/** What an answer does to its origin: the wait that it names, how long the origin is left alone, and what listeners hear. */
function pauseBy(status: number, retryAfter?: string, changes: Partial<Environment> = {}) {
  const clock = new ManualClock();
  const events: ClientEvent[] = [];
  const { environment, lanes } = buildPipeline(
    {},
    { clock, reporter: { active: true, emit: (event) => void events.push(event) } },
    { inBackground() {} },
  );
  const target = fakeTarget({ lane: lanes.get("https://a.test") });
  const headers = retryAfter === undefined ? {} : { "retry-after": retryAfter };
  const reply = new Reply(new Response(null, { status, headers }), { from: "network", target });
  pauseOrigin({ ...environment, unnamedPauseMs: () => 700, ...changes }, fakeCall(), reply);
  const told = events.flatMap((event) => event.type === "rateLimited" ? [event.retryAfterMs] : []);
  return [reply.retryAfterMs, target.lane.pauseLeftMs(clock.now()), told];
}

test("pauseOrigin() lets a 429 hold for all who ask its origin, for as long as it says", () => {
  assertEquals(pauseBy(429, "3"), [3_000, 3_000, [3_000]]);
});

test("pauseOrigin() pauses after a 429 that names no time, or garbage, for as long as the client would", () => {
  for (const retryAfter of [undefined, "soon", "1.5"]) {
    assertEquals(pauseBy(429, retryAfter), [undefined, 700, [700]]);
  }
});

test("pauseOrigin() leaves all others alone where a 429 is for its own request", () => {
  assertEquals(pauseBy(429, "3", { pauseOn429: "request" }), [3_000, 0, []]);
});

test("pauseOrigin() lets a 503 hold for all only if it says for how long", () => {
  assertEquals(pauseBy(503, "2"), [2_000, 2_000, [2_000]]);
  assertEquals(pauseBy(503), [undefined, 0, []]);
});

test("pauseOrigin() takes a 403 that says for how long as a 429, and any other one as nothing", () => {
  assertEquals(pauseBy(403, "2"), [2_000, 2_000, [2_000]]);
  assertEquals(pauseBy(403, "2", { pauseOn429: "request" }), [2_000, 0, []]);
  assertEquals(pauseBy(403), [undefined, 0, []]);
});

test("pauseOrigin() pauses for no other status, and not for a time that is over", () => {
  assertEquals(pauseBy(500, "2"), [2_000, 0, []]);
  assertEquals(pauseBy(429, "0"), [0, 0, []]);
});
