import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import * as v from "valibot";
import { DataNotFoundError, fetchJson, fetchMany, fetchStream, HttpError, TimeoutError } from "../../mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { FakeOrigin, hanging, json, late, type Reply, status } from "../policies/fake_origin.ts";
import { URL_A } from "../policies/rig.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { microtasks } from "../support/microtasks.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";

const echo: Reply = (sent) => json(new URL(sent.url).pathname)(sent);
test("fetchJson() resolves with a value, and retries by the client's rules", async () => {
  const clock = new ManualClock();
  const origin = new FakeOrigin([status(503), echo], { clock });
  const value = await clock.run(
    fetchJson(URL_A, { client: { fetch: origin.fetch, clock, random: () => 0 } }),
  );

  assertEquals(value, "/data.json");
  assertEquals([origin.timesMs, clock.pending], [[0, 2_000], 0]);
});

test("fetchJson() accepts a request with options, options, and options of its client", async () => {
  const origin = new FakeOrigin(echo);
  const schema = v.pipe(v.string(), v.transform((path) => path.length));
  const length: number = await fetchJson({ url: "x.json", headers: { "x-a": "request" } }, {
    schema,
    headers: { "x-a": "options", "x-b": "options" },
    client: {
      fetch: origin.fetch,
      baseUrls: "https://a.test/base",
      headers: { "x-b": "client", "x-c": "client" },
    },
  });

  assertEquals(length, "/base/x.json".length);
  const [sent] = origin.sent;
  assertEquals(["x-a", "x-b", "x-c"].map((name) => sent?.headers.get(name)), [
    "request",
    "options",
    "client",
  ]);
});

test("fetchJson() rejects as client.json() does, and leaves nothing behind", async () => {
  const clock = new ManualClock();
  const missing = new FakeOrigin(status(404));
  await assertRejects(() => fetchJson(URL_A, { client: { fetch: missing.fetch, clock } }), DataNotFoundError);
  await assertRejects(() => fetchJson("not a url", { client: { fetch: missing.fetch, clock } }), TypeError);

  assertEquals([missing.calls, missing.open, clock.pending], [1, 0, 0]);
});

test("fetchJson() rejects for bad options, of the client and of the request, before anything is sent", async () => {
  const origin = new FakeOrigin(echo);
  const { fetch } = origin;
  await assertRejects(
    () => fetchJson(URL_A, { client: { fetch, concurrency: 0 } }),
    RangeError,
    "concurrency",
  );
  await assertRejects(() => fetchJson(URL_A, { timeoutMs: -1, client: { fetch } }), RangeError, "timeoutMs");
  const misspelt = { fetch, concurency: 3 };
  await assertRejects(() => fetchJson(URL_A, { client: misspelt }), TypeError, "concurency");
  await assertRejects(() => fetchMany([URL_A], { client: misspelt }), TypeError, "concurency");
  await assertRejects(() => fetchStream([URL_A], { client: misspelt }).next(), TypeError, "concurency");

  assertEquals(origin.calls, 0);
});

test("fetchJson() stops at once when its signal aborts, with the reason", async () => {
  const clock = new ManualClock();
  const origin = new FakeOrigin(hanging(), { clock });
  const controller = new AbortController();
  const count = countAbortListeners(controller.signal);
  const request = watch(
    fetchJson(URL_A, { signal: controller.signal, client: { fetch: origin.fetch, clock } }),
  );
  await clock.advance(0);
  const reason = new Error("enough");
  controller.abort(reason);
  await clock.advance(0);

  assertStrictEquals(request.error, reason);
  assertEquals([origin.open, clock.pending, count.now], [0, 0, 0]);
});

test("fetchMany() resolves with every outcome in input order, and bounds the requests in flight", async () => {
  const clock = new ManualClock();
  const reply: Reply = (sent) => {
    const index = Number(new URL(sent.url).pathname.slice(1));
    return late(clock, 100 - index, index === 3 ? status(404) : echo)(sent);
  };
  const origin = new FakeOrigin(reply, { clock });
  const outcomes = await clock.run(
    fetchMany(numberedUrls(20), { client: { fetch: origin.fetch, clock, concurrency: 4 } }),
  );

  assertEquals(outcomes.map(({ index }) => index), Array.from({ length: 20 }, (_, index) => index));
  assertEquals(outcomes.map((outcome) => outcome.ok && outcome.value), [
    ...["/0", "/1", "/2", false],
    ...Array.from({ length: 16 }, (_, index) => `/${index + 4}`),
  ]);
  assertEquals([origin.peak, clock.pending], [4, 0]);
});

test("fetchMany() accepts any iterable, and nothing else", async () => {
  const { fetch } = new FakeOrigin(echo);
  async function* later(): AsyncGenerator<URL> {
    yield new URL(URL_A);
    await Promise.resolve();
    yield new URL("https://a.test/b");
  }
  assertEquals(await fetchMany([], { client: { fetch } }), []);
  assertEquals((await fetchMany(new Set(numberedUrls(3)), { client: { fetch } })).length, 3);
  assertEquals((await fetchMany(later(), { client: { fetch } })).map(({ ok }) => ok), [true, true]);
  for (const wrong of [URL_A, new URL(URL_A), 3, null, undefined, {}]) {
    await assertRejects(() => fetchMany(wrong as unknown as string[], { client: { fetch } }), TypeError);
  }
});

test("fetchMany() rejects when its signal aborts, and leaves nothing open", async () => {
  const clock = new ManualClock();
  const origin = new FakeOrigin(hanging(), { clock });
  const controller = new AbortController();
  const many = watch(
    fetchMany(numberedUrls(100), {
      signal: controller.signal,
      client: { fetch: origin.fetch, clock, concurrency: 3 },
    }),
  );
  await clock.advance(0);
  controller.abort("enough");
  await clock.advance(0);

  assertEquals([many.state, many.error, origin.calls, origin.open, clock.pending], [
    "rejected",
    "enough",
    3,
    0,
    0,
  ]);
});

test("fetchStream() yields as completed, or in input order", async () => {
  for (const ordered of [false, true]) {
    const clock = new ManualClock();
    const reply: Reply = (sent) => late(clock, sent.url.endsWith("/0") ? 100 : 10, echo)(sent);
    const origin = new FakeOrigin(reply, { clock });
    const collected = async (): Promise<number[]> => {
      const indices: number[] = [];
      for await (
        const { index } of fetchStream(numberedUrls(4), { ordered, client: { fetch: origin.fetch, clock } })
      ) {
        indices.push(index);
      }
      return indices;
    };

    assertEquals(await clock.run(collected()), ordered ? [0, 1, 2, 3] : [1, 2, 3, 0]);
    assertEquals(clock.pending, 0);
  }
});

test("fetchStream() sends nothing before it is read, and pulls as it is read", async () => {
  const clock = new ManualClock();
  const origin = new FakeOrigin(echo, { clock });
  let pulled = 0;
  function* requests(): Generator<string> {
    for (;;) yield `https://a.test/${pulled++}`;
  }
  const stream = fetchStream(requests(), {
    prefetch: 1,
    client: { fetch: origin.fetch, clock, concurrency: 2 },
  });
  await clock.advance(1_000);
  assertEquals([pulled, origin.calls], [0, 0]);

  for (let index = 0; index < 10; index++) assert((await clock.run(stream.next())).value?.ok);
  await clock.advance(1_000);
  assert(pulled <= 10 + 2 + 1, `${pulled} pulled`);
  await stream.return();
});

for (const leave of ["break", "throw"] as const) {
  test(`fetchStream() closes its client when the loop is left by ${leave}`, async () => {
    const clock = new ManualClock();
    const reply: Reply = (sent) => sent.url.endsWith("/0") ? echo(sent) : hanging()(sent);
    const origin = new FakeOrigin(reply, { clock });
    let isClosed = false;
    function* requests(): Generator<string> {
      try {
        yield* numberedUrls(100);
      } finally {
        isClosed = true;
      }
    }
    const loop = async (): Promise<void> => {
      for await (const outcome of fetchStream(requests(), { client: { fetch: origin.fetch, clock } })) {
        assert(outcome.ok);
        if (leave === "throw") throw new Error("left");
        break;
      }
    };
    await clock.run(loop()).catch((error) => assertEquals(error.message, "left"));
    await clock.advance(60_000);

    assertEquals([isClosed, origin.open, clock.pending], [true, 0, 0]);
    // The first twenty, and the request that took the place of the first.
    assertEquals(origin.calls, 21);
  });
}

test("fetchStream() throws when its signal aborts, and when its source throws", async () => {
  const clock = new ManualClock();
  const origin = new FakeOrigin(hanging(), { clock });
  const controller = new AbortController();
  const aborted = watch(
    fetchStream(numberedUrls(5), { signal: controller.signal, client: { fetch: origin.fetch, clock } })
      .next(),
  );
  await clock.advance(0);
  controller.abort("enough");
  await microtasks(100);
  assertEquals([aborted.state, aborted.error], ["rejected", "enough"]);

  const failure = new Error("source");
  function* requests(): Generator<string> {
    yield URL_A;
    throw failure;
  }
  const quick = new FakeOrigin(echo, { clock });
  const values: unknown[] = [];
  const loop = async (): Promise<void> => {
    for await (const outcome of fetchStream(requests(), { client: { fetch: quick.fetch, clock } })) {
      values.push(outcome.ok && outcome.value);
    }
  };
  assertStrictEquals(await clock.run(loop().catch((error) => error)), failure);
  assertEquals([values, clock.pending], [["/data.json"], 0]);
});

test("the one-call forms reject at once when their signal aborts, even if fetch ignores it", async () => {
  const clock = new ManualClock();
  const client = { fetch: () => new Promise<Response>(() => {}), clock };
  const forms = [
    (signal: AbortSignal) => fetchJson(URL_A, { signal, client }),
    (signal: AbortSignal) => fetchJson({ url: URL_A, signal }, { client }),
    (signal: AbortSignal) => fetchJson(URL_A, { client: { ...client, signal } }),
    (signal: AbortSignal) => fetchMany([URL_A], { signal, client }),
    (signal: AbortSignal) => fetchStream([URL_A], { signal, client }).next(),
  ];
  for (const form of forms) {
    const controller = new AbortController();
    const call = watch<unknown>(form(controller.signal));
    await clock.advance(1);
    controller.abort("enough");
    await clock.advance(0);
    assertEquals([call.state, call.error], ["rejected", "enough"]);
  }
  const late = watch(fetchJson(URL_A, { totalTimeoutMs: 10, client }));
  await clock.advance(10);
  assertInstanceOf(late.error, TimeoutError);
});

test("fetchStream() ends at once when its loop is left, even if fetch ignores its signal", async () => {
  const clock = new ManualClock();
  const fetch = (url: string | URL | Request) =>
    String(url).endsWith("/1") ? Promise.resolve(Response.json(1)) : new Promise<Response>(() => {});
  const stream = fetchStream(["https://a.test/1", "https://a.test/2"], { client: { fetch, clock } });
  const first = watch(stream.next());
  await clock.advance(0);
  assertEquals(first.state, "fulfilled");
  const left = watch(stream.return());
  await clock.advance(0);
  assertEquals(left.state, "fulfilled");
});

test("the one-call forms close their client, whatever the end, so that its own signal keeps no listener", async () => {
  const { signal } = new AbortController();
  const listeners = countAbortListeners(signal);
  const origin = new FakeOrigin([echo, echo, status(404), echo, echo]);
  const client = { fetch: origin.fetch, signal };
  await fetchJson(URL_A, { client });
  await fetchMany([URL_A], { client });
  await assertRejects(() => fetchJson(URL_A, { client }), DataNotFoundError);
  for await (const { ok } of fetchStream([URL_A], { client })) assert(ok);
  for await (const { ok } of fetchStream(numberedUrls(3), { client })) {
    assert(ok);
    break;
  }
  assertEquals(listeners, { now: 0, most: 1 });
});

test("the one-call forms work over sockets, and leave no connection's body open", async () => {
  await using cdn = createSimulatedCdn({
    resources: (path) => path.startsWith("/ok") ? { json: path } : undefined,
    faults: [{ match: "/ok/0", nth: 1, kind: "cut" }],
  });
  await using server = await cdn.listen();
  const client = { baseUrls: server.url, backoff: { baseMs: 0, jitter: "none" } } as const;

  assertEquals(await fetchJson("ok/0", { client }), "/ok/0");
  const outcomes = await fetchMany(["ok/1", "gone", "ok/2"], { client });
  assertEquals(outcomes.map(({ ok }) => ok), [true, false, true]);
  let count = 0;
  for await (const outcome of fetchStream(["ok/3", "ok/4"], { client })) count += Number(outcome.ok);
  assertEquals([count, cdn.log.openRequests], [2, 0]);
});

test("fetchJson() gives the HTTP error of a full outage, after as many attempts as the client makes", async () => {
  const clock = new ManualClock();
  const origin = new FakeOrigin(status(502), { clock });
  const error = await clock.run(
    fetchJson(URL_A, { maxRetries: 1, client: { fetch: origin.fetch, clock } }).catch((error) => error),
  );

  assertInstanceOf(error, HttpError);
  assertEquals([error.status, error.attempts, origin.calls], [502, 2, 2]);
});

test("the one-call forms refuse options that are no options object, before anything is sent", async () => {
  const origin = new FakeOrigin(echo);
  const wrong = [
    null,
    5,
    "x",
    "",
    [],
    [1],
    () => 1,
    new Map(),
    new Date(),
    new Error("x"),
    /x/,
    true,
    5n,
    Symbol("x"),
  ];
  for (const options of wrong as never[]) {
    const forms = {
      fetchJson: () => fetchJson(URL_A, options),
      fetchMany: () => fetchMany([URL_A], options),
      fetchStream: () => Array.fromAsync(fetchStream([URL_A], options)),
    };
    for (const [name, form] of Object.entries(forms)) {
      const error = await assertRejects<Error>(form, TypeError);
      const begin = "Cannot fetch as the options must be an object such as { timeoutMs: 5000 }: received ";
      assert(error.message.startsWith(begin), `${name}: ${error.message}`);
    }
  }
  assertEquals(origin.calls, 0);
});
