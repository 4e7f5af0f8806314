import { assert, assertEquals, assertThrows } from "@std/assert";
import { type ClientOptions, createClient, type RateLimitOptions } from "../../mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { testClientsBothWays } from "../client/fake_client.ts";
import type { Answer } from "../client/fake_network.ts";
import { rejection, watch } from "../support/settled.ts";
import { planOf } from "../http_cache/plan_of.ts";
import { test } from "../support/test.ts";

const testBothWays = testClientsBothWays();

/** Returns the limit key of a URL: the first part of its path. */
const limitKey: ClientOptions["limitKey"] = ({ url }) => url.split("/")[3];

/** Two rate limits that apply together. */
const BOTH: readonly RateLimitOptions[] = [
  { limit: 5, intervalMs: 1_000 },
  { limit: 12, intervalMs: 10_000 },
];

function urls(count: number, path = "x", host = "a.test"): string[] {
  return Array.from({ length: count }, (_, n) => `https://${host}/${path}/${n}`);
}

/** Asserts that a rate was kept: in any stretch of time, at most burst + rate × length requests were sent. */
function assertKept(times: readonly number[], { limit, intervalMs, spread, burst }: RateLimitOptions): void {
  const most = spread ? 1 : burst ?? limit;
  for (const [first, startMs] of times.entries()) {
    for (let last = first; last < times.length; last++) {
      const allowed = most + (times[last]! - startMs) * limit / intervalMs + 1e-6;
      assert(
        last - first + 1 <= allowed,
        `${last - first + 1} from ${startMs} to ${times[last]}: ${limit} / ${intervalMs}`,
      );
    }
  }
}

testBothWays("rateLimit: several windows hold at once, and all of what they leave is used", async (setUp) => {
  const random = seededRandom(5);
  const { client, clock, network } = setUp(() => ({ json: 1, afterMs: Math.floor(50 * random()) }), {
    rateLimit: BOTH,
  });
  await clock.run(client.settle(urls(40)));
  const times = network.sent.map(({ atMs }) => atMs);
  for (const window of BOTH) assertKept(times, window);
  // 12 requests go in the burst, and 28 at 1.2 a second.
  assert(times.at(-1)! <= 28 / 1.2 * 1_000 + 10, `${times.at(-1)}`);
  assertEquals(times.length, 40);
});

testBothWays("rateLimit: a window that says no leaves the tokens of the others", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ json: 1 }), {
    limitKey,
    rateLimit: [
      { limit: 4, intervalMs: 1_000_000 },
      { limit: 1, intervalMs: 1_000_000, per: "key" },
    ],
  });
  // Requests of a key without tokens wait for ever, and take none of the client's tokens.
  const stuck = watch(client.settle(urls(10, "a")));
  await clock.advance(50_000);
  const others = ["b", "c", "d"].map((path) => watch(client.json(`https://a.test/${path}/1`)));
  await clock.advance(1_000);
  assertEquals(others.map(({ state }) => state), ["fulfilled", "fulfilled", "fulfilled"]);
  assertEquals([network.sent.length, stuck.state], [4, "pending"]);
  await client.close();
  assertEquals(clock.pending, 0);
});

testBothWays("rateLimit: per 'client', 'origin' and 'key' hold together", async (setUp) => {
  const rates: readonly RateLimitOptions[] = [
    { limit: 10, intervalMs: 1_000 },
    { limit: 6, intervalMs: 1_000, burst: 2, per: "origin" },
    { limit: 4, intervalMs: 1_000, burst: 1, per: "key" },
    { limit: 20, intervalMs: 10_000, per: "key" },
  ];
  const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 20 }), { limitKey, rateLimit: rates });
  await clock.run(
    client.settle(
      ["a", "b"].flatMap((host) => ["x", "y", "z"].flatMap((path) => urls(12, path, `${host}.test`))),
    ),
  );
  const sent = network.sent.map(({ url, atMs }) => ({
    url,
    atMs,
    origin: new URL(url).origin,
    key: url.split("/")[3],
  }));
  const timesOf = (isIn: (one: typeof sent[number]) => boolean) => sent.filter(isIn).map(({ atMs }) => atMs);
  assertEquals(sent.length, 72);
  assertKept(timesOf(() => true), rates[0]!);
  for (const host of ["https://a.test", "https://b.test"]) {
    assertKept(timesOf(({ origin }) => origin === host), rates[1]!);
    for (const path of ["x", "y", "z"]) {
      for (const rate of rates.slice(2)) {
        assertKept(timesOf(({ origin, key }) => origin === host && key === path), rate);
      }
    }
  }
  // An origin gets 36 requests at 6 a second; its last key is limited to 4 a second.
  assert(clock.now() <= 7_000, `${clock.now()}`);
});

testBothWays("rateLimit: spread has attempts start evenly", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ json: 1 }), {
    rateLimit: { limit: 4, intervalMs: 1_000, spread: true },
  });
  await clock.run(client.settle(urls(5)));
  assertEquals(network.sent.map(({ atMs }) => atMs), [0, 250, 500, 750, 1_000]);
});

testBothWays("rateLimit: requests without a key have no limit by key", async (setUp) => {
  const { client, clock } = setUp(() => ({ json: 1 }), {
    limitKey: () => undefined,
    rateLimit: { limit: 1, intervalMs: 1_000_000, per: "key" },
  });
  await clock.run(client.settle(urls(50)));
  assertEquals(clock.now(), 0);
});

testBothWays(
  "rateLimit: a key whose tokens are used up delays no other, however long its line",
  async (setUp) => {
    const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), {
      limitKey,
      concurrency: 2,
      rateLimit: { limit: 1, intervalMs: 60_000, per: "key" },
    });
    const stuck = urls(500, "stuck").map((url) => watch(client.json(url)));
    await clock.advance(100);
    const free = Array.from({ length: 50 }, (_, n) => watch(client.json(`https://a.test/k${n}/`)));
    await clock.advance(300);
    assertEquals(free.filter(({ state }) => state === "fulfilled").length, 50);
    assertEquals(stuck.filter(({ state }) => state === "fulfilled").length, 1);
    await clock.advance(60_000);
    assertEquals(
      network.sent.filter(({ url }) => url.includes("stuck")).map(({ atMs }) => Math.round(atMs)),
      [0, 60_000],
    );
    const closing = client.close();
    await clock.run(closing);
  },
);

testBothWays("rateLimit × retry: each attempt takes a token of every window", async (setUp) => {
  const { client, clock, network } = setUp(({ nth }): Answer => nth < 3 ? { status: 503 } : { json: 1 }, {
    rateLimit: BOTH,
    backoff: { baseMs: 10, jitter: "none" },
    circuitBreaker: false,
    retryBudget: false,
  });
  const outcomes = await clock.run(client.settle(urls(10)));
  assertEquals(outcomes.every(({ ok }) => ok), true);
  for (const window of BOTH) assertKept(network.sent.map(({ atMs }) => atMs), window);
  assertEquals(network.sent.length, 30);
});

testBothWays(
  "rateLimit × keys × breaker: the probe takes a token of every window, and the rest follow",
  async (setUp) => {
    const downUntilMs = 2_000;
    const { client, clock, network } = setUp(
      ({ atMs }): Answer => atMs < downUntilMs ? { status: 503, afterMs: 20 } : { json: 1, afterMs: 20 },
      {
        limitKey,
        rateLimit: [{ limit: 50, intervalMs: 1_000 }, { limit: 10, intervalMs: 1_000, burst: 5, per: "key" }],
        circuitBreaker: { threshold: 3, cooldownMs: 500 },
        retryBudget: false,
      },
    );
    const outcomes = await clock.run(client.settle([...urls(20, "a"), ...urls(20, "b")]));
    assertEquals(outcomes.filter(({ ok }) => ok).length, 40);
    for (const path of ["a", "b"]) {
      const times = network.sent.filter(({ url }) => url.split("/")[3] === path).map(({ atMs }) => atMs);
      assertKept(times, { limit: 10, intervalMs: 1_000, burst: 5 });
    }
  },
);

testBothWays(
  "rateLimit × keys × pause: a 429 pauses all keys of its origin, and loses no token",
  async (setUp) => {
    const { client, clock, network } = setUp(
      ({ nth, url }): Answer =>
        nth === 1 && url.endsWith("a/0") ? { status: 429, headers: { "retry-after": "3" } } : { json: 1 },
      {
        limitKey,
        concurrency: 1,
        rateLimit: { limit: 2, intervalMs: 1_000, per: "key" },
      },
    );
    await clock.run(client.settle([...urls(3, "a"), ...urls(2, "b")]));
    const later = network.sent.slice(1).map(({ atMs }) => atMs);
    assert(later.every((atMs) => atMs >= 3_000), `${later}`);
    assert(clock.now() <= 4_000, `${clock.now()}`);
  },
);

testBothWays("rateLimit × keys × abort: who leaves takes no token of any window", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ json: 1 }), {
    limitKey,
    rateLimit: [{ limit: 2, intervalMs: 1_000, per: "key" }, { limit: 3, intervalMs: 1_000 }],
  });
  const controller = new AbortController();
  const calls = urls(8, "a").map((url, n) =>
    watch(client.json(url, n >= 2 && n < 7 ? { signal: controller.signal } : {}))
  );
  await clock.advance(100);
  controller.abort(new Error("enough"));
  await clock.advance(400);
  assertEquals(calls.map(({ state }) => state[0]).join(""), "ffrrrrrf");
  assertEquals(network.sent.map(({ atMs }) => atMs), [0, 0, 500]);
  await client.close();
  assertEquals(clock.pending, 0);
});

testBothWays(
  "rateLimit × priority: who waits for a token of the client's or of a key gets it by priority",
  async (setUp) => {
    for (const per of ["client", "key"] as const) {
      const { client, clock, network } = setUp(() => ({ json: 1 }), {
        limitKey: () => "k",
        rateLimit: { limit: 1, intervalMs: 100, burst: 1, per },
      });
      const calls = [0, 0, 1, 5, 1].map((priority, n) => client.json(`https://a.test/${n}`, { priority }));
      await clock.run(Promise.all(calls));
      assertEquals(network.urls.map((url) => url.at(-1)).join(""), "03241", per);
    }
  },
);

testBothWays("priority: one in 16 at the least is of those that would starve", async (setUp) => {
  for (const [host, keyed] of [["a.test", false], ["b.test", false], ["a.test", true]] as const) {
    const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), {
      concurrency: 1,
      limitKey: keyed ? limitKey : undefined,
    });
    const low = watch(client.settle(urls(5, "low", host)));
    const high = Array.from(
      { length: 200 },
      (_, n) => client.json(`https://a.test/high/${n}`, { priority: 9 }),
    );
    await clock.run(Promise.all(high));
    const places = network.urls.flatMap((url, index) => url.includes("low") ? [index] : []);
    assert(places.length >= 5, `${host} ${keyed}: ${places}`);
    for (const [index, place] of places.entries()) {
      assert(place <= 17 * (index + 1), `${host} ${keyed}: ${places}`);
      // Requests of low priority get no larger share while the others wait.
      if (index > 1) assert(place - places[index - 1]! >= 15, `${host} ${keyed}: ${places}`);
    }
    assertEquals(low.state, "fulfilled");
  }
});

testBothWays("rateLimit × extend(): an extension takes from the same windows", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ json: 1 }), {
    limitKey,
    rateLimit: [...BOTH, { limit: 2, intervalMs: 1_000, per: "key" }],
  });
  const other = client.extend({ headers: { "x-own": "1" } });
  await clock.run(Promise.all([client.settle(urls(6)), other.settle(urls(6))]));
  assertKept(network.sent.map(({ atMs }) => atMs), { limit: 2, intervalMs: 1_000 });
});

testBothWays("rateLimit × cache: a hit takes no token of any window", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ json: 1 }), {
    limitKey,
    cache: planOf(),
    rateLimit: [{ limit: 1, intervalMs: 1_000_000 }, { limit: 1, intervalMs: 1_000_000, per: "key" }],
  });
  for (let n = 0; n < 5; n++) await clock.run(client.json("https://a.test/x/1"));
  assertEquals([network.sent.length, clock.now()], [1, 0]);
});

testBothWays("rateLimit × mirrors × keys: a mirror whose key has no token is passed over", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ json: 1 }), {
    baseUrls: ["https://a.test", "https://b.test"],
    limitKey: () => "all",
    rateLimit: { limit: 1, intervalMs: 1_000, per: "key" },
  });
  await clock.run(client.settle(["1", "2", "3", "4"]));
  assertEquals(network.sent.map(({ atMs }) => atMs), [0, 0, 1_000, 1_000]);
});

testBothWays(
  "limitKey: gets the URL, the method and all headers, and what it throws rejects its request",
  async (setUp) => {
    const seen: unknown[] = [];
    const { client, clock, network } = setUp(() => ({ json: 1 }), {
      baseUrls: "https://a.test/base",
      headers: { "X-Common": "1" },
      limitKey: (request) => {
        seen.push({ ...request, headers: { ...request.headers } });
        if (request.url.endsWith("bad")) throw new Error("mine");
        return request.url.endsWith("number") ? 5 as unknown as string : "key";
      },
    });
    await clock.run(client.json({ url: "x", method: "PUT", headers: { "X-Own": "2" } }));
    assertEquals(seen, [{
      url: "https://a.test/base/x",
      method: "PUT",
      headers: { "x-common": "1", "x-own": "2" },
    }]);
    assertEquals((await rejection(client.json("bad")) as Error).message, "mine");
    assertEquals(
      (await rejection(client.json("number")) as Error).message,
      "Cannot fetch as 'limitKey' must give a string or undefined: received 5",
    );
    const outcomes = await clock.run(client.settle(["bad", "good"]));
    assertEquals(outcomes.map(({ ok }) => ok), [false, true]);
    assertEquals([network.sent.length, client.stats().inFlight, client.stats().queued], [2, 0, 0]);
  },
);

test("rateLimit: bad windows are refused when the client is made", () => {
  const cases: readonly [unknown, string][] = [
    [[], "Cannot create client as 'rateLimit' must be"],
    [[{ limit: 1 }], "Cannot create client as 'rateLimit.0.intervalMs' must be a number"],
    [
      [{ limit: 1, intervalMs: 1 }, { limit: -1, intervalMs: 1 }],
      "Cannot create token bucket as 'limit' must be",
    ],
    [
      [{ limit: 1, intervalMs: 1, per: "host" }],
      "Cannot create client as 'rateLimit.0.per' must be 'client', 'origin' or 'key'",
    ],
    [
      { limit: 1, intervalMs: 1, spread: 1 },
      "Cannot create client as 'rateLimit.spread' must be true or false",
    ],
    [
      { limit: 1, intervalMs: 1, spread: true, burst: 2 },
      "Cannot create client as 'rateLimit.burst' must be left out beside 'spread': received 2",
    ],
    [
      { limit: 1, intervalMs: 1, per: "key" },
      "Cannot create client as 'rateLimit.per' must be 'client' or 'origin' where there is no 'limitKey'",
    ],
  ];
  for (const [rateLimit, message] of cases) {
    assertThrows(() => createClient({ rateLimit } as ClientOptions), Error, message);
  }
});

test("rateLimit: with a real clock's lateness, windows are kept as well", async () => {
  const clock = new ManualClock();
  const times: number[] = [];
  const client = createClient({
    clock,
    rateLimit: [{ limit: 100, intervalMs: 1_000, burst: 1 }, { limit: 30, intervalMs: 1_000, burst: 10 }],
    fetch: () => {
      times.push(clock.now());
      return Promise.resolve(Response.json(1));
    },
  });
  const all = watch(client.settle(urls(60)));
  for (let step = 0; step < 400 && all.state === "pending"; step++) await clock.advance(7);
  assertEquals(all.state, "fulfilled");
  assertKept(times, { limit: 30, intervalMs: 1_000, burst: 10 });
});
