import { assert, assertEquals } from "@std/assert";
import { createClient } from "../../mod.ts";
import { Semaphore, TokenBucket } from "../../src/primitives/mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { FakeOrigin, hanging, json, late, refused, type Reply, status } from "../policies/fake_origin.ts";
import { testBothWays, URL_A } from "../policies/rig.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { planOf } from "../http_cache/plan_of.ts";

const OK = json({ ok: true });
/** Returns the most requests that were sent in any stretch of time of this length. */
function mostWithin(timesMs: readonly number[], windowMs: number): number {
  const counts = timesMs.map((startMs) =>
    timesMs.filter((timeMs) => timeMs >= startMs && timeMs < startMs + windowMs)
  );
  return Math.max(...counts.map(({ length }) => length));
}

testBothWays(
  "rate limit × retry: every attempt takes a token, so that a storm of retries is no storm",
  async (rig) => {
    const { client, origin, run } = rig(status(503), {
      rateLimit: { limit: 10, intervalMs: 1_000, burst: 5 },
      circuitBreaker: false,
      retryBudget: false,
    });
    await run(client.settle(numberedUrls(30)));

    assertEquals(origin.calls, 120);
    for (const windowMs of [100, 1_000, 3_000]) {
      const allowed = 5 + Math.ceil(10 * windowMs / 1_000);
      assert(
        mostWithin(origin.timesMs, windowMs) <= allowed,
        `${windowMs} ms: ${mostWithin(origin.timesMs, windowMs)}`,
      );
    }
  },
);

testBothWays(
  "rate limit × concurrency: a token is taken before the permit, and no permit is held for a token",
  async (rig) => {
    const clock = new ManualClock();
    const reply: Reply = (sent) => late(clock, 10_000, OK)(sent);
    const { client, origin } = rig(reply, {
      concurrency: 2,
      rateLimit: { limit: 1, intervalMs: 1_000, burst: 1 },
    }, { clock });
    const all = watch(client.settle(numberedUrls(4)));
    await clock.advance(1_000);
    assertEquals([origin.timesMs, client.stats().inFlight], [[0, 1_000], 2]);
    await clock.advance(60_000);

    assertEquals([all.state, origin.peak], ["fulfilled", 2]);
    assertEquals(origin.timesMs, [0, 1_000, 10_000, 11_000]);
  },
);

testBothWays("rate limit × concurrency: who waits for a token leaves the permit to others", async (rig) => {
  const { client, clock, origin } = rig(OK, {
    concurrency: 1,
    rateLimit: { limit: 1, intervalMs: 60_000, per: "origin" },
  });
  const requests = [...numberedUrls(2, "a.test"), ...numberedUrls(1, "b.test")].map((url) =>
    watch(client.json(url))
  );
  await clock.advance(0);

  assertEquals(requests.map(({ state }) => state), ["fulfilled", "pending", "fulfilled"]);
  assertEquals(origin.calls, 2);
});

testBothWays("rate limit × abort: who leaves the queue for tokens takes none along", async (rig) => {
  const { client, clock, origin } = rig(OK, { rateLimit: { limit: 1, intervalMs: 1_000 } });
  const controller = new AbortController();
  const requests = numberedUrls(5).map((url, index) => {
    return watch(client.json(url, index > 0 && index < 4 ? { signal: controller.signal } : {}));
  });
  await clock.advance(500);
  controller.abort();
  await clock.advance(500);

  assertEquals(requests.map(({ state }) => state), [
    "fulfilled",
    "rejected",
    "rejected",
    "rejected",
    "fulfilled",
  ]);
  assertEquals(origin.timesMs, [0, 1_000]);
});

testBothWays("rate limit × cache: what the cache answers takes no token", async (rig) => {
  const { client, clock, run } = rig(OK, {
    cache: planOf(),
    rateLimit: { limit: 1, intervalMs: 60_000 },
  });
  for (let index = 0; index < 100; index++) await run(client.json(URL_A));

  assertEquals(clock.now(), 0);
});

testBothWays(
  "429 × many queued: after it nobody is sent before the time has come, and then everybody is",
  async (rig) => {
    const clock = new ManualClock();
    const reply: Reply = (sent) => {
      const isFirst = sent.atMs < 1_000 && sent.url.endsWith("/0");
      return late(clock, 100, isFirst ? status(429, { "retry-after": "10" }) : OK)(sent);
    };
    const { client, origin, run } = rig(reply, { concurrency: 5 }, { clock });
    const outcomes = await run(Promise.all(numberedUrls(200).map((url) => client.json(url))));

    assertEquals(outcomes.length, 200);
    const after = origin.timesMs.filter((timeMs) => timeMs > 100);
    assert(after.every((timeMs) => timeMs >= 10_100), `${Math.min(...after)} ms`);
    assert(
      origin.timesMs.filter((timeMs) => timeMs <= 100).length <= 9,
      "what was under way, and what came in its place",
    );
    assertEquals([origin.peak, origin.calls, clock.pending], [5, 201, 0]);
  },
);

testBothWays(
  "429 × rate limit: those who waited for the same moment are let go under the limits, not all at once",
  async (rig) => {
    let isFirst = true;
    const reply: Reply = (sent) => {
      const answer = isFirst ? status(429, { "retry-after": "10" }) : OK;
      isFirst = false;
      return answer(sent);
    };
    const { client, origin, run } = rig(reply, {
      concurrency: 5,
      rateLimit: { limit: 10, intervalMs: 1_000, burst: 10, per: "origin" },
    });
    const first = client.json("https://a.test/first");
    await run(Promise.all([first, client.settle(numberedUrls(40))]));
    const after = origin.timesMs.filter((timeMs) => timeMs >= 10_000);

    assertEquals(origin.timesMs.filter((timeMs) => timeMs > 0 && timeMs < 10_000), []);
    assert(mostWithin(after, 1_000) <= 20, `${mostWithin(after, 1_000)} in a second`);
    assert(origin.peak <= 5, `${origin.peak} at once`);
  },
);

testBothWays(
  "429 × 429: a second one that asks for longer makes everybody wait longer, and never shorter",
  async (rig) => {
    const clock = new ManualClock();
    const reply: Reply = (sent) => {
      if (sent.atMs > 0) return OK(sent);
      const seconds = sent.url.endsWith("/0") ? "5" : sent.url.endsWith("/1") ? "20" : "10";
      return late(clock, Number(sent.url.at(-1)) * 10, status(429, { "retry-after": seconds }))(sent);
    };
    const { client, origin, run } = rig(reply, {}, { clock });
    const three = numberedUrls(3).map((url) => client.json(url));
    await clock.advance(100);
    const later = client.json("https://a.test/later");
    await run(Promise.all([...three, later]));

    const times = origin.timesMs.filter((timeMs) => timeMs > 0);
    assertEquals(times.length, 4);
    assert(times.every((timeMs) => timeMs >= 20_010), times.join());
  },
);

testBothWays(
  "429 × maxRetries: 0: the request fails, and its origin is left alone all the same",
  async (rig) => {
    const { client, origin, clock, run } = rig([status(429, { "retry-after": "10" }), OK], { maxRetries: 0 });
    const [failed] = await run(client.settle([URL_A]));
    assertEquals(failed?.ok, false);
    await run(client.json("https://a.test/other"));

    assertEquals([origin.timesMs, clock.now()], [[0, 10_000], 10_000]);
  },
);

testBothWays("429 × POST: it is not sent again, and its origin is left alone all the same", async (rig) => {
  const { client, origin, run } = rig([status(429, { "retry-after": "10" }), OK]);
  await run(client.json({ url: URL_A, method: "POST" }).catch(() => {}));
  await run(client.json("https://a.test/other"));

  assertEquals(origin.timesMs, [0, 10_000]);
});

testBothWays("429 × close: who waits is told at once", async (rig) => {
  const { client, clock } = rig([status(429, { "retry-after": "10" }), OK]);
  const requests = numberedUrls(50).map((url) => watch(client.json(url)));
  await clock.advance(1_000);
  await client.close("closed");
  await clock.advance(0);

  const fulfilled = requests.filter(({ state }) => state === "fulfilled").length;
  assertEquals(requests.filter(({ error }) => error === "closed").length, 50 - fulfilled);
  assert(fulfilled < 50);
  assertEquals(clock.pending, 0);
});

test("a shared semaphore × close: a client that closes gives its permits to the other", async () => {
  const clock = new ManualClock();
  const concurrency = new Semaphore(1);
  const origin = new FakeOrigin([hanging(), OK], { clock });
  const first = createClient({ clock, fetch: origin.fetch, concurrency });
  const second = createClient({ clock, fetch: origin.fetch, concurrency });
  const mine = watch(first.json(URL_A));
  const yours = watch(second.json(URL_A));
  await clock.advance(0);
  assertEquals([origin.calls, yours.state], [1, "pending"]);
  await first.close();
  await clock.advance(0);

  assertEquals([mine.state, yours.state, origin.peak], ["rejected", "fulfilled", 1]);
});

test("a shared token bucket × two clients: together they keep the limit", async () => {
  const clock = new ManualClock();
  const rateLimit = new TokenBucket({ limit: 10, intervalMs: 1_000, burst: 1, clock });
  const origin = new FakeOrigin(OK, { clock });
  const clients = [1, 2].map(() => createClient({ clock, fetch: origin.fetch, rateLimit }));
  await clock.run(
    Promise.all(clients.map((client, index) => client.settle(numberedUrls(20, `host${index}.test`)))),
  );

  assert(mostWithin(origin.timesMs, 1_000) <= 11, `${mostWithin(origin.timesMs, 1_000)} in a second`);
  assertEquals(origin.calls, 40);
});

testBothWays(
  "priority × concurrency: the higher number goes first, and equals in their order",
  async (rig) => {
    const clock = new ManualClock();
    const { client, origin, run } = rig(late(clock, 10, OK), { concurrency: 1 }, { clock });
    const priorities = [0, 1, 5, 1, 5, undefined, -1];
    await run(
      Promise.all(priorities.map((priority, index) => client.json(`https://a.test/${index}`, { priority }))),
    );

    assertEquals(origin.sent.map(({ url }) => url.at(-1)).join(""), "0241356");
  },
);

testBothWays("batch concurrency × client concurrency: both hold", async (rig) => {
  const clock = new ManualClock();
  const { client, origin, run } = rig(late(clock, 10, OK), { concurrency: 5 }, { clock });
  const few = client.settle(numberedUrls(20), { concurrency: 2 });
  await clock.advance(0);
  assertEquals(origin.open, 2);
  await run(Promise.all([few, client.settle(numberedUrls(20, "b.test"), { concurrency: 100 })]));

  assertEquals([origin.peak, origin.calls], [5, 40]);
});

testBothWays("mirrors × rate limit × outage: no mirror gets more than the limit", async (rig) => {
  const { client, origin, run } = rig(refused(), {
    baseUrls: ["https://a.test", "https://b.test"],
    rateLimit: { limit: 5, intervalMs: 1_000, burst: 1, per: "origin" },
    circuitBreaker: false,
    maxRetries: 1,
  });
  await run(client.settle(Array.from({ length: 20 }, (_, index) => `${index}`)));

  for (const host of ["a.test", "b.test"]) {
    const times = origin.sent.filter(({ url }) => url.includes(host)).map(({ atMs }) => atMs);
    assert(mostWithin(times, 1_000) <= 6, `${host}: ${mostWithin(times, 1_000)} in a second`);
  }
});

testBothWays("429 × retry-after-ms: the wait is as short as that says", async (rig) => {
  const { client, origin, run } = rig([status(429, { "retry-after-ms": "250", "retry-after": "5" }), OK]);
  assertEquals(await run(client.json(URL_A)), { ok: true });
  assertEquals(origin.timesMs, [0, 250]);
});

testBothWays(
  "429 × Unix time: other URLs of the origin wait until then, and not for decades",
  async (rig) => {
    for (const until of ["1800000005", "1800000005000"]) {
      const clock = new ManualClock({ wallMs: 1_800_000_000_000 });
      const { client, origin, run } = rig([status(429, { "retry-after": until }), OK], {}, { clock });
      const first = watch(client.json(URL_A));
      await clock.advance(0);
      assertEquals(await run(client.json("https://a.test/other.json")), { ok: true });
      await clock.advance(0);
      assertEquals([first.state, origin.timesMs], ["fulfilled", [0, 5_000, 5_000]]);
    }
  },
);
