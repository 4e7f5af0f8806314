import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { isOverloadError, OverloadError } from "../../mod.ts";
import { fakeClient, testClientsBothWays } from "../client/fake_client.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { rejection, watch } from "../support/settled.ts";
import { planOf } from "../http_cache/plan_of.ts";
import { test } from "../support/test.ts";

const testBothWays = testClientsBothWays();

testBothWays("maxQueue: the newest is refused at once, and the error says the limit", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 100 }), {
    concurrency: 2,
    maxQueue: 3,
  });
  const calls = numberedUrls(7).map((url) => watch(client.json(url)));
  await clock.advance(0);

  assertEquals(calls.map(({ state }) => state), [
    ...Array<string>(5).fill("pending"),
    "rejected",
    "rejected",
  ]);
  const { error } = calls[5]! as { error: unknown };
  assertInstanceOf(error, OverloadError);
  assert(isOverloadError(error));
  assertEquals(
    error.message,
    "GET https://a.test/5 was not sent: 3 requests wait already, as many as 'maxQueue' allows",
  );
  assertEquals({ ...error.toJSON() }, {
    name: "OverloadError",
    message: error.message,
    url: "https://a.test/5",
    method: "GET",
    attempts: 0,
    limit: "maxQueue",
    max: 3,
    queued: 3,
    waitedMs: 0,
  });
  await clock.advance(1_000);
  assertEquals(calls.filter(({ state }) => state === "fulfilled").length, 5);
  assertEquals([network.sent.length, client.stats().queued], [5, 0]);
});

testBothWays("maxQueue: 0 refuses whatever can't be sent at once, and nothing else", async (setUp) => {
  const { client, clock } = setUp(() => ({ json: 1, afterMs: 100 }), { concurrency: 2, maxQueue: 0 });
  const first = numberedUrls(3).map((url) => watch(client.json(url)));
  await clock.advance(100);
  const second = watch(client.json("https://a.test/again"));
  await clock.advance(100);

  assertEquals(first.map(({ state }) => state), ["fulfilled", "fulfilled", "rejected"]);
  assertEquals(second.state, "fulfilled");
});

testBothWays(
  "maxQueue × batch: its requests are pulled late, are never refused, and count while they wait",
  async (setUp) => {
    const { client, clock } = setUp(() => ({ json: 1, afterMs: 100 }), {
      concurrency: 2,
      maxQueue: 1,
      rateLimit: { limit: 2, intervalMs: 1_000, burst: 2 },
    });
    const batch = watch(client.settle(numberedUrls(6)));
    await clock.advance(0);
    const single = watch(client.json("https://b.test/"));
    await clock.advance(0);
    // The single request waits for a token; the batch has at most one request in line.
    assertEquals(single.state, "pending");
    await clock.advance(10_000);
    assertEquals([batch.state, single.state], ["fulfilled", "fulfilled"]);
  },
);

testBothWays(
  "maxQueueMs: who has stood in line for so long is refused, and others are not delayed",
  async (setUp) => {
    const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 300 }), {
      concurrency: 1,
      maxQueueMs: 500,
    });
    const calls = numberedUrls(4).map((url) => watch(client.json(url)));
    await clock.advance(499);
    assertEquals(calls.map(({ state }) => state), ["fulfilled", "pending", "pending", "pending"]);
    await clock.advance(1);
    assertEquals(calls.map(({ state }) => state), ["fulfilled", "pending", "rejected", "rejected"]);
    const { error } = calls[2]! as { error: OverloadError };
    assertEquals(
      error.message,
      "GET https://a.test/2 was not sent: it has waited 500 ms for a permit or a token, and 'maxQueueMs' allows 500",
    );
    assertEquals([error.limit, error.max, error.queued, error.waitedMs], ["maxQueueMs", 500, 1, 500]);
    await clock.advance(1_000);
    assertEquals([calls[1]!.state, network.sent.length], ["fulfilled", 2]);
  },
);

testBothWays(
  "maxQueueMs × single-flight: of those who wait for the same, only single requests are refused",
  async (setUp) => {
    const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 1_000 }), {
      perOrigin: { concurrency: 1 },
      maxRetries: 0,
      maxQueueMs: 500,
    });
    const busy = watch(client.json("https://a.test/busy"));
    const singles = [1, 2].map(() => watch(client.json("https://a.test/same")));
    const batch = watch(client.settle(["https://a.test/same", "https://a.test/same"]));
    await clock.advance(100);
    const late = watch(client.json("https://a.test/same"));
    await clock.advance(400);
    assertEquals([busy, ...singles, late, batch].map(({ state }) => state), [
      "pending",
      ...Array<string>(3).fill("rejected"),
      "pending",
    ]);
    assert(isOverloadError((singles[1] as { error: unknown }).error));
    await clock.advance(2_000);
    assertEquals([batch.value?.map(({ ok }) => ok), network.sent.length], [[true, true], 2]);
    assertEquals([client.stats().inFlight, client.stats().queued, clock.pending], [0, 0, 0]);
  },
);

testBothWays("maxQueueMs × abort, × a permit in time: no timer is left behind", async (setUp) => {
  const { client, clock } = setUp(() => ({ json: 1, afterMs: 100 }), { concurrency: 1, maxQueueMs: 1_000 });
  const controller = new AbortController();
  const calls = [
    client.json("https://a.test/1"),
    client.json("https://a.test/2", { signal: controller.signal }),
    client.json("https://a.test/3"),
  ].map(watch);
  await clock.advance(0);
  controller.abort(new Error("enough"));
  await clock.advance(200);
  assertEquals(calls.map(({ state }) => state), ["fulfilled", "rejected", "fulfilled"]);
  await client.close();
  assertEquals(clock.pending, 0);
});

testBothWays(
  "maxQueue × retry: one that was sent before is not refused when it comes back",
  async (setUp) => {
    const { client, clock } = setUp(
      ({ nth, url }) => url.endsWith("/first") && nth === 1 ? { status: 503 } : { json: 1, afterMs: 1_500 },
      {
        concurrency: 1,
        maxQueue: 1,
        backoff: { baseMs: 100, jitter: "none" },
      },
    );
    const first = watch(client.json("https://a.test/first"));
    await clock.advance(0);
    const others = numberedUrls(2).map((url) => watch(client.json(url)));
    await clock.advance(10_000);
    assertEquals([first.state, ...others.map(({ state }) => state)], ["fulfilled", "fulfilled", "fulfilled"]);
  },
);

testBothWays(
  "maxQueue × events(): one that comes back to go on is not refused, and a new one is",
  async (setUp) => {
    const { client, clock, network } = setUp(
      ({ url }) =>
        url.endsWith("/events")
          ? { body: "retry: 100\nid: 1\ndata: 1\n\n", headers: { "content-type": "text/event-stream" } }
          : { json: 1, afterMs: 1_000 },
      { concurrency: 1, maxQueue: 0 },
    );
    const events = client.events("https://a.test/events");
    const first = watch(events.next());
    await clock.advance(0);
    const second = watch(events.next());
    await clock.advance(50);
    const busy = watch(client.json("https://a.test/busy"));
    await clock.advance(60);
    const late = watch(client.events("https://a.test/events").next());
    await clock.advance(0);
    assertEquals([first, second, busy, late].map(({ state }) => state), [
      "fulfilled",
      "pending",
      "pending",
      "rejected",
    ]);
    await clock.advance(1_000);
    assertEquals([second.state, busy.state, network.sent.length], ["fulfilled", "fulfilled", 3]);
    await client.close();
  },
);

testBothWays("maxQueue × retry: a refusal is final, and no failure of the origin", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 100 }), {
    concurrency: 1,
    maxQueue: 0,
    maxRetries: 3,
    circuitBreaker: { threshold: 1, cooldownMs: 1_000 },
  });
  const first = client.json("https://a.test/1");
  const error = await rejection(client.json("https://a.test/2"));
  await clock.run(first);
  assert(isOverloadError(error));
  assertEquals([network.sent.length, client.stats().retried], [1, 0]);
  assertEquals(client.stats().origins["https://a.test"]!.breaker, "closed");
});

testBothWays("maxQueue × mirrors: the line of all mirrors is one", async (setUp) => {
  const { client, clock } = setUp(() => ({ json: 1, afterMs: 100 }), {
    baseUrls: ["https://a.test", "https://b.test"],
    concurrency: 1,
    maxQueue: 1,
  });
  const calls = ["1", "2", "3"].map((url) => watch(client.json(url)));
  await clock.advance(1_000);
  assertEquals(calls.map(({ state }) => state), ["fulfilled", "fulfilled", "rejected"]);
});

testBothWays("maxQueue × single-flight: who joins another one stands in no line", async (setUp) => {
  const { client, clock } = setUp(() => ({ json: 1, afterMs: 100 }), { concurrency: 1, maxQueue: 1 });
  const calls = ["1", "2", "2", "2"].map((path) => watch(client.json(`https://a.test/${path}`)));
  await clock.advance(1_000);
  assertEquals(calls.map(({ state }) => state), Array<string>(4).fill("fulfilled"));
});

for (const isCached of [false, true]) {
  const name = isCached ? "cache" : "single-flight";
  testBothWays(
    `maxQueueMs × ${name} × batch: its requests wait where a single call for the same does not`,
    async (setUp) => {
      for (const circuitBreaker of [undefined, false, { onOpen: "wait" }, { onOpen: "fail" }] as const) {
        for (const maxRetries of [0, 3]) {
          const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 400 }), {
            concurrency: 5,
            perOrigin: { concurrency: 1 },
            maxQueueMs: 100,
            maxRetries,
            circuitBreaker,
            cache: isCached ? planOf() : false,
          });
          const first = watch(client.json("https://a.test/1"));
          await clock.advance(0);
          const single = watch(client.json("https://a.test/2"));
          await clock.advance(0);
          const batches = [0, 1].map(() => watch(client.settle(["https://a.test/2"])));
          await clock.advance(10_000);

          assertEquals(first.state, "fulfilled");
          assert(isOverloadError(single.error));
          const outcomes = batches.map(({ value }) => value?.[0]);
          assertEquals(outcomes.map((outcome) => outcome?.ok), [true, true]);
          assertEquals(network.sent.length, 2);
          await client.close();
        }
      }
    },
  );
}

testBothWays(
  "maxQueueMs × single-flight × abort: what a batch has begun waits for another batch when its own has left",
  async (setUp) => {
    const { client, clock } = setUp(
      ({ nth, url }) =>
        nth === 1 && url.endsWith("2") ? { status: 503, afterMs: 50 } : { json: 1, afterMs: 400 },
      {
        concurrency: 5,
        perOrigin: { concurrency: 1 },
        maxQueueMs: 100,
        backoff: { baseMs: 10, jitter: "none" },
      },
    );
    const controller = new AbortController();
    const own = watch(client.settle(["https://a.test/2"], { signal: controller.signal }));
    const other = watch(client.settle(["https://a.test/2"]));
    await clock.advance(20);
    const first = watch(client.settle(["https://a.test/1", "https://a.test/3"]));
    controller.abort("left");
    await clock.advance(10_000);

    assertEquals([own.state, first.state], ["rejected", "fulfilled"]);
    assertEquals(other.value?.map(({ ok }) => ok), [true]);
    await client.close();
  },
);

testBothWays("maxQueue × extend(): an extension shares the line", async (setUp) => {
  const { client, clock } = setUp(() => ({ json: 1, afterMs: 100 }), { concurrency: 1, maxQueue: 1 });
  const own = client.extend({ headers: { "x-own": "1" } });
  const calls = [
    client.json("https://a.test/1"),
    own.json("https://a.test/2"),
    client.json("https://a.test/3"),
    own.json("https://a.test/4"),
  ].map(watch);
  await clock.advance(1_000);
  assertEquals(calls.map(({ state }) => state), ["fulfilled", "fulfilled", "rejected", "rejected"]);
});

test("maxQueue × cache: a hit needs no place in line", async () => {
  const { client, clock } = fakeClient(() => ({
    json: 1,
    afterMs: 100,
    headers: { "cache-control": "max-age=60" },
  }), { concurrency: 1, maxQueue: 0, cache: planOf({ mode: "http" }) });
  await clock.run(client.json("https://a.test/1"));
  const busy = client.json("https://a.test/2");
  assertEquals(await clock.run(client.json("https://a.test/1")), 1);
  await clock.run(busy);
});

test("maxQueue and maxQueueMs must be numbers that mean something", () => {
  const make = (options: Record<string, unknown>) => () => fakeClient(() => ({}), options);
  for (const value of [-1, 1.5, NaN, "3", null]) {
    let message = "";
    try {
      make({ maxQueue: value })();
    } catch (error) {
      message = (error as Error).message;
    }
    assert(
      message.startsWith("Cannot create client as 'maxQueue' must be a whole number of at least 0"),
      message,
    );
  }
});
