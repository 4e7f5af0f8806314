import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import {
  type Client,
  type ClientOptions,
  createClient,
  HttpError,
  NetworkError,
  TimeoutError,
} from "../../mod.ts";
import { TokenBucket } from "../../src/primitives/mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { type Answer, FakeNetwork, type SentRequest } from "../client/fake_network.ts";
import { rejection } from "../client/settled.ts";
import { test } from "../support/test.ts";

function setUp(
  answer: (request: SentRequest) => Answer,
  options: ClientOptions = {},
): { clock: ManualClock; network: FakeNetwork; client: Client } {
  const clock = new ManualClock();
  const network = new FakeNetwork(clock, answer);
  const client = createClient({ fetch: network.fetch, clock, random: seededRandom(1), ...options });
  return { clock, network, client };
}

function urls(count: number, host = "a.test"): string[] {
  return Array.from({ length: count }, (_, n) => `https://${host}/${n}`);
}

/** The most of some moments that fall in any window of this length, both ends included. */
function peakWithin(times: readonly number[], windowMs: number): number {
  let peak = 0;
  for (const [first, start] of times.entries()) {
    let last = first;
    while (last < times.length && times[last]! - start <= windowMs) last++;
    peak = Math.max(peak, last - first);
  }
  return peak;
}

test("S12: in no window do more attempts start than burst + rate × length", async () => {
  for (
    const [limit, intervalMs, burst] of [[10, 1_000, 1], [7, 300, 4], [50, 1_000, 50], [1, 250, 2]] as const
  ) {
    const random = seededRandom(limit);
    const { client, clock, network } = setUp(() => ({ json: 1, afterMs: Math.floor(30 * random()) }), {
      concurrency: 1_000,
      rateLimit: { limit, intervalMs, burst },
    });
    const calls = [client.settle(urls(100))];
    await clock.advance(Math.floor(1_000 * random()));
    calls.push(client.settle(urls(100, "b.test")));
    await clock.run(Promise.all(calls));

    const times = network.sent.map(({ atMs }) => atMs);
    assertEquals(times.length, 200);
    for (const windowMs of [0, 1, 10, 100, 333, 1_000, 5_000]) {
      const most = peakWithin(times, windowMs);
      const allowed = burst + limit / intervalMs * windowMs + 1e-6;
      assert(most <= allowed, `${most} in ${windowMs} ms at ${limit} / ${intervalMs} ms, burst ${burst}`);
    }
    // All of the rate is used as well, up to the rounding of the last grant.
    assert(times.at(-1)! <= (200 - burst + 1) * intervalMs / limit, `ended at ${times.at(-1)}`);
  }
});

test("S12: the limit is for the client by default: its origins share it", async () => {
  const { client, clock, network } = setUp(() => ({ json: 1 }), {
    rateLimit: { limit: 1, intervalMs: 1_000, burst: 1 },
  });

  await clock.run(client.all(["https://a.test/1", "https://b.test/1", "https://c.test/1"]));
  assertEquals(network.sent.map(({ atMs }) => atMs), [0, 1_000, 2_000]);
});

test("S12: per origin, each origin has the limit for itself", async () => {
  const { client, clock, network } = setUp(() => ({ json: 1 }), {
    rateLimit: { limit: 1, intervalMs: 1_000, burst: 1, per: "origin" },
  });

  await clock.run(client.all([...urls(2), ...urls(2, "b.test"), ...urls(1, "a.test:8443")]));
  const times = (host: string) =>
    network.sent.filter(({ url }) => new URL(url).host === host).map(({ atMs }) => atMs);
  assertEquals([times("a.test"), times("b.test"), times("a.test:8443")], [[0, 1_000], [0, 1_000], [0]]);
});

test("S12: an origin is not forgotten, and its limit with it, however many others there are", async () => {
  const { client, clock, network } = setUp(() => ({ json: 1 }), {
    rateLimit: { limit: 1, intervalMs: 3_600_000, burst: 1, per: "origin" },
  });

  await clock.run(client.json("https://first.test/1"));
  await clock.run(client.settle(Array.from({ length: 3_000 }, (_, n) => `https://host${n}.test/`)));
  await clock.run(client.json("https://first.test/2"));
  const [first, second] = network.sent.filter(({ url }) => url.startsWith("https://first")).map(({ atMs }) =>
    Math.round(atMs)
  );
  assertEquals([first, second], [0, 3_600_000]);
});

test("S12: retries and mirrors take tokens like everyone", async () => {
  const { client, clock, network } = setUp(() => ({ status: 503 }), {
    baseUrls: ["https://a.test", "https://b.test"],
    maxRetries: 1,
    backoff: { baseMs: 0, jitter: "none" },
    rateLimit: { limit: 1, intervalMs: 1_000, burst: 1 },
  });

  await clock.run(rejection(client.json("x")));
  assertEquals(network.sent.map(({ atMs }) => atMs), [0, 1_000, 2_000, 3_000]);
});

test("S12: two clients share a bucket", async () => {
  const clock = new ManualClock();
  const rateLimit = new TokenBucket({ limit: 10, intervalMs: 1_000, burst: 2, clock });
  const network = new FakeNetwork(clock, () => ({ json: 1 }));
  const make = () => createClient({ fetch: network.fetch, clock, rateLimit });
  const [one, two] = [make(), make()];

  await clock.run(Promise.all([one.settle(urls(10)), two.settle(urls(10, "b.test"))]));
  const times = network.sent.map(({ atMs }) => atMs);
  assertEquals(peakWithin(times, 999), 11);
  assertEquals(times.at(-1), 1_800);
});

test("S12: who aborts while it waits for a token leaves at once, and takes none", async () => {
  const { client, clock, network } = setUp(() => ({ json: 1 }), {
    rateLimit: { limit: 1, intervalMs: 1_000, burst: 1 },
  });
  const controller = new AbortController();
  const reason = new Error("enough");

  const first = client.json("https://a.test/first");
  const leaving = urls(5, "b.test").map((url) => rejection(client.json(url, { signal: controller.signal })));
  const last = client.json("https://a.test/last");
  await clock.advance(500);
  controller.abort(reason);
  for (const pending of leaving) assertStrictEquals(await pending, reason);
  await clock.run(Promise.all([first, last]));
  assertEquals(network.sent.map(({ atMs }) => atMs), [0, 1_000]);
  assertEquals(clock.pending, 0);
});

test("S12: nobody overtakes who waits for a token", async () => {
  const { client, clock, network } = setUp(() => ({ json: 1 }), {
    rateLimit: { limit: 10, intervalMs: 1_000, burst: 1 },
  });
  const early = client.all(urls(5));
  await clock.advance(450);
  const late = client.json("https://a.test/late");
  await clock.run(Promise.all([early, late]));
  assertEquals(network.urls, [...urls(5), "https://a.test/late"]);
});

for (
  const rateLimit of [undefined, { limit: 100, intervalMs: 1_000 }, {
    limit: 100,
    intervalMs: 1_000,
    per: "origin",
  }] as const
) {
  const name = rateLimit === undefined
    ? "no limit"
    : `a limit per ${"per" in rateLimit ? rateLimit.per : "client"}`;

  test(`S4: a 429 pauses everyone who asks its origin, and nobody else, with ${name}`, async () => {
    const { client, clock, network } = setUp(
      ({ url, nth }) =>
        url === "https://a.test/0" && nth === 1
          ? { status: 429, headers: { "retry-after": "5" } }
          : { json: 1, afterMs: 10 },
      { rateLimit },
    );

    const limited = client.json("https://a.test/0");
    await clock.advance(1);
    const others = client.all(urls(5).slice(1));
    const elsewhere = client.all(urls(5, "b.test"));
    await clock.run(elsewhere);
    assert(clock.now() < 100, `${clock.now()}`);
    await clock.run(Promise.all([limited, others]));
    const [first, ...rest] = network.sent.filter(({ url }) => url.startsWith("https://a.test"));
    assertEquals([first!.atMs, rest.length], [0, 5]);
    for (const { atMs, url } of rest) assert(atMs >= 5_000 && atMs < 5_200, `${url} at ${atMs}`);
  });

  test(`S4: a 429 also pauses those that already wait for a permit, with ${name}`, async () => {
    const { client, clock, network } = setUp(
      ({ nth, url }) =>
        url === "https://a.test/0" && nth === 1
          ? { status: 429, headers: { "retry-after": "5" }, afterMs: 100 }
          : { json: 1, afterMs: 10 },
      { rateLimit, concurrency: 1 },
    );

    const all = Promise.all(urls(5).map((url) => client.json(url)));
    await clock.run(all);
    const [first, ...rest] = network.sent.map(({ atMs }) => atMs);
    assertEquals([first, rest.length], [0, 5]);
    for (const atMs of rest) assert(atMs >= 5_100, `sent at ${atMs}`);
  });
}

test("S4: a 429 pauses those that already wait for a token", async () => {
  const { client, clock, network } = setUp(
    ({ nth, url }) =>
      url === "https://a.test/0" && nth === 1
        ? { status: 429, headers: { "retry-after": "20" } }
        : { json: 1 },
    { rateLimit: { limit: 1, intervalMs: 1_000, burst: 1, per: "origin" } },
  );

  await clock.run(Promise.all(urls(4).map((url) => client.json(url))));
  const [first, ...rest] = network.sent.map(({ atMs }) => atMs);
  assertEquals([first, rest.length], [0, 4]);
  assert(rest.every((atMs) => atMs >= 20_000), rest.join());
  assert(peakWithin(rest, 999) <= 2, rest.join());
});

test("S4: a pause that is longer than maxRetryAfterMs fails now, with the wait on the error", async () => {
  const { client, clock, network } = setUp(() => ({ status: 429, headers: { "retry-after": "120" } }));

  const error = await clock.run(rejection(client.json("https://a.test/0")));
  assertInstanceOf(error, HttpError);
  assertEquals([error.status, error.retryAfterMs, error.attempts], [429, 120_000, 1]);
  assertEquals([clock.now(), network.sent.length], [0, 1]);

  await clock.advance(1_000);
  const later = await clock.run(rejection(client.json("https://a.test/1")));
  assertInstanceOf(later, HttpError);
  assertEquals([later.status, later.retryAfterMs, later.attempts], [429, 119_000, 0]);
  assertEquals([clock.now(), network.sent.length], [1_000, 1]);

  const raised = createClient({ fetch: network.fetch, clock, maxRetryAfterMs: 200_000, maxRetries: 1 });
  const patient = await clock.run(rejection(raised.json("https://a.test/0")));
  assertInstanceOf(patient, HttpError);
  assertEquals([clock.now(), network.sent.length], [121_000, 3]);
});

test("S4: those that wait already fail now when the pause gets longer than maxRetryAfterMs", async () => {
  const { client, clock, network } = setUp(
    () => ({ status: 429, headers: { "retry-after": "120" }, afterMs: 50 }),
    {
      concurrency: 1,
    },
  );

  const errors = await clock.run(Promise.all(urls(4).map((url) => rejection(client.json(url)))));
  for (const error of errors) {
    assertInstanceOf(error, HttpError);
    assertEquals(error.retryAfterMs, 120_000);
  }
  assertEquals([clock.now(), network.sent.length, client.stats().inFlight], [50, 1, 0]);
});

test("S4: a pause that would pass the request's deadline fails now", async () => {
  const { client, clock, network } = setUp(() => ({ status: 429, headers: { "retry-after": "30" } }), {
    totalTimeoutMs: 10_000,
  });

  const error = await clock.run(rejection(client.json("https://a.test/0")));
  assertInstanceOf(error, HttpError);
  assertEquals([error.status, error.retryAfterMs, clock.now(), network.sent.length], [429, 30_000, 0, 1]);
  const later = await clock.run(rejection(client.json("https://a.test/1")));
  assertInstanceOf(later, NetworkError);
  assertEquals([later.attempts, clock.now(), network.sent.length], [0, 0, 1]);
});

test("S4: a pause ends, and what follows goes at the usual rate", async () => {
  const { client, clock, network } = setUp(
    ({ nth, url }) =>
      url.endsWith("/0") && nth === 1 ? { status: 429, headers: { "retry-after": "2" } } : { json: 1 },
    {
      rateLimit: { limit: 10, intervalMs: 1_000, burst: 1 },
    },
  );

  await clock.run(client.settle(urls(20)));
  await clock.advance(10_000);
  const before = network.sent.length;
  await clock.run(client.settle(urls(20)));
  const times = network.sent.slice(before).map(({ atMs }) => atMs);
  assertEquals(times.at(-1)! - times[0]!, 1_900);
});

test("S4: Retry-After: 0, a date that has passed and garbage pause nobody", async () => {
  for (const value of ["0", "Wed, 21 Oct 2015 07:28:00 GMT", "soon", "-5", "1.5", ""]) {
    const { client, clock, network } = setUp(({ nth, url }) =>
      url.endsWith("/0") && nth === 1 ? { status: 429, headers: { "retry-after": value } } : { json: 1 }
    );

    const limited = client.json("https://a.test/0");
    await clock.advance(1);
    assertEquals(await clock.run(client.json("https://a.test/1")), 1);
    assertEquals([clock.now(), network.sent.length >= 2], [1, true], value);
    await clock.run(limited);
  }
});

test("S4: a 503 with Retry-After delays its own retry, and pauses nobody else", async () => {
  const { client, clock, network } = setUp(({ nth, url }) =>
    url.endsWith("/0") && nth === 1 ? { status: 503, headers: { "retry-after": "5" } } : { json: 1 }
  );

  const delayed = client.json("https://a.test/0");
  await clock.advance(1);
  assertEquals(await clock.run(client.json("https://a.test/1")), 1);
  assertEquals(clock.now(), 1);
  await clock.run(delayed);
  assertEquals(network.sent.map(({ atMs }) => atMs), [0, 1, 5_000]);
});

test("S4: client.fetch() obeys a 429 like everyone, and gives the last response", async () => {
  const { client, clock, network } = setUp(() => ({
    status: 429,
    headers: { "retry-after": "120" },
    body: "wait",
  }));

  const response = await clock.run(client.fetch("https://a.test/0"));
  assertEquals([response.status, await response.text(), response.headers.get("retry-after")], [
    429,
    "wait",
    "120",
  ]);
  assertEquals([clock.now(), network.sent.length], [0, 1]);
});

test("A total deadline that passes while a request waits for a token is a TimeoutError", async () => {
  const { client, clock } = setUp(() => ({ json: 1 }), {
    rateLimit: { limit: 1, intervalMs: 1_000, burst: 1 },
  });

  const outcomes = await clock.run(client.settle(urls(5), { totalTimeoutMs: 1_500 }));
  assertEquals(outcomes.map(({ ok }) => ok), [true, true, false, false, false]);
  for (const outcome of outcomes.slice(2)) {
    assert(!outcome.ok && outcome.error instanceof TimeoutError && outcome.error.kind === "total");
  }
  await clock.advance(0);
  assertEquals(clock.pending, 0);
});
