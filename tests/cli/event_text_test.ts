import { assertEquals } from "@std/assert";
import { eventText } from "../../src/cli/event_text.ts";
import { createClient } from "../../src/client/create_client.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { test } from "../support/test.ts";

test("eventText() describes the events of a request, with the reason for each retry, and no secret", async () => {
  const clock = new ManualClock();
  const cdn = createSimulatedCdn({
    resources: () => ({ json: 1 }),
    faults: [{ kind: "status", status: 503, times: 1 }],
    clock,
  });
  const client = createClient({ fetch: cdn.fetch, clock, random: () => 0 });
  const lines: string[] = [];
  using _events = client.on((event) => lines.push(eventText(event) ?? ""));
  await clock.run(client.json("https://user:s3cret@cdn.test/a?token=s3cret"));
  assertEquals(lines.filter((line) => line !== ""), [
    "#1 GET https://cdn.test/a?token=***",
    "#1 attempt 1 to https://cdn.test",
    "#1 answered with 503",
    "#1 failed (503): retry 1 in 2.0 s",
    "#1 attempt 2 to https://cdn.test",
    "#1 answered with 200",
  ]);
  await client.close();
});

test("eventText() describes the events of origins too", () => {
  const origin = "https://h";
  assertEquals(
    [
      eventText({ type: "breaker", atMs: 0, origin, from: "closed", to: "open" }),
      eventText({ type: "rateLimited", atMs: 0, requestId: 2, origin, retryAfterMs: 1_500 }),
      eventText({ type: "mirror", atMs: 0, requestId: 3, from: origin, to: "https://i", reason: "500" }),
      eventText({ type: "cacheHit", atMs: 0, requestId: 4, kind: "stale" }),
    ],
    [
      "* circuit breaker of https://h: closed → open",
      "#2 https://h asks to wait 1.5 s",
      "#3 failed (500) at https://h: next is https://i",
      "#4 from the cache (stale)",
    ],
  );
});
