import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { CircuitOpenError, type Client, type ClientEvent, HttpError, TimeoutError } from "../../mod.ts";
import { withOwnHeaders } from "../../src/client/pipeline.ts";
import { memoryCache } from "../../src/http_cache/mod.ts";
import { Semaphore, TokenBucket } from "../../src/primitives/mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { fakeClient, type MakeFakeClient } from "./fake_client.ts";
import type { FakeNetwork } from "./fake_network.ts";
import { rejection, watch } from "../support/settled.ts";
import { planOf } from "../http_cache/plan_of.ts";

const URL_A = "https://a.test/a.json";

interface SetUp {
  readonly clock: ManualClock;
  readonly network: FakeNetwork;
  readonly client: Client;
}

const setUp: MakeFakeClient = (answer, options) =>
  fakeClient(answer, { backoff: { jitter: "none" }, ...options });

test("A request passes every stage in order", async () => {
  const clock = new ManualClock();
  const { client } = setUp(
    ({ url, nth }) => ({ json: nth, status: url.startsWith("https://a") ? 503 : 200 }),
    {
      baseUrls: ["https://a.test", "https://b.test"],
      cache: planOf({ adapter: memoryCache({ now: () => clock.wallNow() }) }),
      rateLimit: { limit: 10, intervalMs: 1_000 },
      clock,
    },
  );
  const seen: ClientEvent["type"][] = [];
  client.on(({ type }) => seen.push(type));

  assertEquals(await clock.run(client.json("x")), 1);
  assertEquals(seen, [
    ...["queued", "token", "permit", "attempt", "headers"],
    ...["token", "permit", "mirror", "attempt", "headers", "body", "settled"],
  ] as ClientEvent["type"][]);
});

test("The total deadline includes waiting for a token", async () => {
  const { client, clock, network } = setUp(() => ({ json: 1 }), {
    rateLimit: { limit: 1, intervalMs: 10_000, burst: 1 },
    totalTimeoutMs: 500,
  });

  await clock.run(client.json(URL_A));
  const error = await clock.run(rejection(client.json("https://a.test/b")));
  assertInstanceOf(error, TimeoutError);
  assertEquals([error.kind, error.timeoutMs, error.attempts], ["total", 500, 0]);
  assert(clock.now() <= 500, `${clock.now()}`);
  assertEquals([network.sent.length, clock.pending], [1, 0]);
});

test("The total deadline includes waiting for a permit", async () => {
  const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 2_000 }), { concurrency: 1 });

  const first = watch(client.json(URL_A));
  const error = await clock.run(rejection(client.json("https://a.test/b", { totalTimeoutMs: 500 })));
  assertInstanceOf(error, TimeoutError);
  assertEquals([error.kind, clock.now(), first.state], ["total", 500, "pending"]);
  await clock.advance(2_000);
  assertEquals([network.sent.length, first.state, clock.pending], [1, "fulfilled", 0]);
});

test("The total deadline includes headers, bodies, backoffs and slow schemas", async () => {
  for (const afterMs of [{ afterMs: 2_000 }, { bodyMs: 2_000 }]) {
    const { client, clock, network } = setUp(() => ({ json: [1], ...afterMs }), { totalTimeoutMs: 500 });
    const error = await clock.run(rejection(client.json(URL_A)));
    assertInstanceOf(error, TimeoutError);
    await clock.advance(0);
    assertEquals([error.kind, clock.now(), network.open, clock.pending], ["total", 500, 0, 0]);
  }
  const backoff = setUp(() => ({ status: 503 }), { totalTimeoutMs: 3_000 });
  const error = await backoff.clock.run(rejection(backoff.client.json(URL_A)));
  assert(error instanceof TimeoutError || error instanceof HttpError);
  assert(backoff.clock.now() <= 3_000);
  assertEquals([backoff.network.sent.length, backoff.clock.pending], [2, 0]);

  const slow = setUp(() => ({ json: 1 }), { totalTimeoutMs: 500 });
  const schema = {
    "~standard": { version: 1 as const, vendor: "test", validate: () => new Promise<never>(() => {}) },
  };
  const decoding = await slow.clock.run(rejection(slow.client.json(URL_A, { schema })));
  assertInstanceOf(decoding, TimeoutError);
  assertEquals([decoding.kind, slow.clock.now()], ["total", 500]);
});

test("A request that waits for a token holds no permit", async () => {
  const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), {
    concurrency: 1,
    rateLimit: { limit: 1, intervalMs: 10_000, burst: 1, per: "origin" },
  });

  await clock.run(client.json("https://a.test/1"));
  const waiting = watch(client.json("https://a.test/2"));
  assertEquals(await clock.run(client.json("https://b.test/1")), 1);
  assertEquals([waiting.state, network.urls.length], ["pending", 2]);
  assert(clock.now() < 1_000);
});

test("A request that waits for a retry holds neither a permit nor a token", async () => {
  const { client, clock, network } = setUp(({ url, nth }) => ({
    status: url.endsWith("/fails") && nth === 1 ? 503 : 200,
    json: 1,
  }), { concurrency: 1, rateLimit: { limit: 2, intervalMs: 60_000, burst: 3 } });

  const failing = watch(client.json("https://a.test/fails"));
  await clock.advance(1);
  assertEquals(client.stats().inFlight, 0);
  assertEquals(await clock.run(client.json("https://a.test/1")), 1);
  assertEquals(clock.now(), 1);
  await clock.advance(2_000);
  assertEquals([failing.state, network.sent.length], ["fulfilled", 3]);
});

test("An open breaker refuses without taking a permit or a token", async () => {
  const bucket = new TokenBucket({ limit: 1, intervalMs: 1e9, burst: 3 });
  const semaphore = new Semaphore(1);
  const { client, clock } = setUp(() => ({ status: 500 }), {
    maxRetries: 0,
    circuitBreaker: { threshold: 2 },
    rateLimit: bucket,
    concurrency: semaphore,
  });

  await clock.run(client.settle(["https://a.test/1", "https://a.test/2"]));
  assertEquals(Math.floor(bucket.available), 1);
  for (let n = 0; n < 10; n++) {
    assertInstanceOf(await clock.run(rejection(client.json("https://a.test/3"))), CircuitOpenError);
  }
  assertEquals([Math.floor(bucket.available), semaphore.inUse], [1, 0]);
});

test("A cache hit uses no permit, no token and no breaker", async () => {
  const clock = new ManualClock();
  const semaphore = new Semaphore(1);
  const bucket = new TokenBucket({ limit: 1, intervalMs: 1e9, burst: 1, clock });
  const { client } = setUp(() => ({ json: 1 }), {
    concurrency: semaphore,
    rateLimit: bucket,
    cache: planOf(),
    clock,
  });

  await clock.run(client.json(URL_A));
  const permit = await semaphore.acquire();
  for (let n = 0; n < 5; n++) assertEquals(await clock.run(client.json(URL_A)), 1);
  assertEquals([clock.now(), Math.floor(bucket.available)], [0, 0]);
  permit.release();
});

test("The attempt's deadline starts at dispatch, after the waits for a token and a permit", async () => {
  const { client, clock } = setUp(() => ({ json: 1, afterMs: 900 }), {
    concurrency: 1,
    timeoutMs: 1_000,
    maxRetries: 0,
    rateLimit: { limit: 1, intervalMs: 1_500, burst: 1 },
  });

  assertEquals(await clock.run(client.all([1, 2, 3, 4].map((n) => `https://a.test/${n}`))), [1, 1, 1, 1]);
  assert(clock.now() > 4_000);
});

test("A signal is heeded at every stage: a request leaves at once with the signal's reason", async () => {
  const reason = { my: "reason" };
  const places: Record<string, (signal: AbortSignal) => SetUp & { pending: Promise<unknown> }> = {
    token: (signal) => {
      const bucket = new TokenBucket({ limit: 1, intervalMs: 1e9, burst: 1 });
      bucket.tryTake();
      const made = setUp(() => ({ json: 1 }), { rateLimit: bucket });
      return { ...made, pending: made.client.json(URL_A, { signal }) };
    },
    permit: (signal) => {
      const semaphore = new Semaphore(1);
      semaphore.tryAcquire();
      const made = setUp(() => ({ json: 1 }), { concurrency: semaphore });
      return { ...made, pending: made.client.json(URL_A, { signal }) };
    },
    headers: (signal) => {
      const made = setUp(() => ({ json: 1, afterMs: 1e6 }));
      return { ...made, pending: made.client.json(URL_A, { signal }) };
    },
    body: (signal) => {
      const made = setUp(() => ({ json: [1], bodyMs: 1e6 }));
      return { ...made, pending: made.client.json(URL_A, { signal }) };
    },
    backoff: (signal) => {
      const made = setUp(() => ({ status: 503 }));
      return { ...made, pending: made.client.json(URL_A, { signal }) };
    },
    retryAfter: (signal) => {
      const made = setUp(() => ({ status: 429, headers: { "retry-after": "30" } }));
      return { ...made, pending: made.client.json(URL_A, { signal }) };
    },
    schema: (signal) => {
      const made = setUp(() => ({ json: 1 }));
      const validate = () => new Promise<never>(() => {});
      const schema = { "~standard": { version: 1 as const, vendor: "test", validate } };
      return { ...made, pending: made.client.json(URL_A, { signal, schema }) };
    },
    cache: (signal) => {
      const never = () => new Promise<never>(() => {});
      const adapter = { name: "hung", maxEntryBytes: 1e6, get: never, set: never, delete: never };
      const made = setUp(() => ({ json: 1 }), { cache: planOf({ adapter }) });
      return { ...made, pending: made.client.json(URL_A, { signal }) };
    },
  };

  for (const [place, begin] of Object.entries(places)) {
    const controller = new AbortController();
    const { pending, clock, network, client } = begin(controller.signal);
    const settled = watch(pending);
    await clock.advance(10);
    assertEquals(settled.state, "pending", place);
    const sent = network.sent.length;
    controller.abort(reason);
    await clock.advance(0);
    assertEquals(settled.state, "rejected", place);
    assertStrictEquals(settled.error, reason, place);
    await clock.advance(100_000);
    assertEquals(
      [network.sent.length, network.open, client.stats().inFlight, clock.pending],
      [sent, 0, 0, 0],
      place,
    );
  }
});

test("A semaphore and a bucket that clients share outlive them", async () => {
  const clock = new ManualClock();
  const semaphore = new Semaphore(2);
  const bucket = new TokenBucket({ limit: 100, intervalMs: 1_000, burst: 5, clock });
  const first = setUp(
    () => ({ json: 1, afterMs: 1_000 }),
    { concurrency: semaphore, rateLimit: bucket, clock },
  );
  const second = setUp(
    () => ({ json: 2, afterMs: 10 }),
    { concurrency: semaphore, rateLimit: bucket, clock },
  );

  const lost = Promise.all([1, 2, 3].map((n) => rejection(first.client.json(`https://a.test/${n}`))));
  await clock.advance(5);
  assertEquals([semaphore.inUse, semaphore.waiting], [2, 1]);
  const waiting = second.client.json(URL_A);
  await first.client.close();
  await lost;
  assertEquals(await clock.run(waiting), 2);
  assertEquals([semaphore.inUse, semaphore.waiting, clock.pending], [0, 0, 0]);
});

test("A client leaves no timer behind, however its requests ended", async () => {
  const { client, clock } = setUp(({ url, nth }) => ({
    json: 1,
    afterMs: 10,
    status: url.endsWith("/flaky") && nth < 3 ? 503 : url.endsWith("/bad") ? 400 : 200,
  }), {
    totalTimeoutMs: 60_000,
    rateLimit: { limit: 100, intervalMs: 1_000, burst: 2 },
    concurrency: 2,
    circuitBreaker: { threshold: 5, onOpen: "wait" },
  });

  await clock.run(
    client.settle(["flaky", "bad", "good", "flaky2", "good2"].map((name) => `https://a.test/${name}`)),
  );
  await clock.advance(0);
  assertEquals(clock.pending, 0);
});

test("withOwnHeaders() gives a function headers that it may change, and all else as it is", async () => {
  const seen: (RequestInit | undefined)[] = [];
  const fetch = withOwnHeaders((_input, init) => {
    seen.push(init);
    const headers = init?.headers as Record<string, string> | undefined;
    if (headers !== undefined) headers.authorization = "secret";
    return Promise.resolve(new Response());
  });
  const headers = Object.freeze({ accept: "text/plain" });
  const { signal } = new AbortController();
  await fetch("https://a.test/", { headers, signal, redirect: "manual" });
  await fetch("https://a.test/", { redirect: "manual" });
  await fetch("https://a.test/");
  assertEquals(seen, [
    { headers: { accept: "text/plain", authorization: "secret" }, signal, redirect: "manual" },
    { redirect: "manual" },
    undefined,
  ]);
  assertEquals(headers, { accept: "text/plain" });
});

test("withOwnHeaders() passes on the caller's own Headers and lists as they are", async () => {
  const seen: unknown[] = [];
  const fetch = withOwnHeaders((_input, init) => {
    seen.push(init?.headers);
    return Promise.resolve(new Response());
  });
  const given = [new Headers({ "x-a": "1" }), [["x-a", "1"]] as [string, string][]];
  for (const headers of given) await fetch("data:,x", { headers });
  assertStrictEquals(seen[0], given[0]);
  assertStrictEquals(seen[1], given[1]);
});
