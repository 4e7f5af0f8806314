import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  type Client,
  type ClientEvent,
  type ClientOptions,
  createClient,
  type RequestSpec,
} from "../../mod.ts";
import { Flights } from "../../src/policies/single_flight.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import {
  broken,
  endless,
  hanging,
  json,
  late,
  lateBody,
  refused,
  type Reply,
  stalled,
  status,
  text,
} from "../policies/fake_origin.ts";
import { rig, URL_A } from "../policies/rig.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { microtasks } from "../support/microtasks.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { planOf } from "../http_cache/plan_of.ts";

const OK = json({ ok: true });

/** Returns an answer that an origin may give to a request, drawn by chance. */
function weather(clock: ManualClock, random: () => number): Reply {
  const moods: readonly Reply[] = [
    OK,
    OK,
    OK,
    status(204),
    status(404),
    status(400),
    status(500),
    status(503, { "retry-after": "1" }),
    status(429, { "retry-after": "2" }),
    status(429, { "retry-after": "99999999" }),
    refused(),
    hanging(),
    stalled(),
    stalled("", { status: 503 }),
    broken(),
    endless({ status: 500 }),
    text("<html>"),
    text("[1"),
    lateBody(clock, 300, "[1]"),
  ];
  return (sent) => late(clock, Math.floor(random() * 500), moods[Math.floor(random() * moods.length)]!)(sent);
}

interface Storm {
  readonly seed: number;
  readonly options: ClientOptions;
}

const MIRRORS = ["https://a.test", "https://b.test", "https://c.test/base"];

const STORMS: readonly Storm[] = [
  { seed: 1, options: {} },
  { seed: 2, options: { concurrency: 3, circuitBreaker: false } },
  { seed: 3, options: { concurrency: 3, rateLimit: { limit: 20, intervalMs: 1_000, per: "origin" } } },
  {
    seed: 4,
    options: { concurrency: 5, circuitBreaker: { threshold: 2, cooldownMs: 3_000, onOpen: "wait" } },
  },
  { seed: 5, options: { concurrency: 5, rateLimit: { limit: 50, intervalMs: 1_000 }, maxBodyBytes: 5 } },
  {
    seed: 6,
    options: { concurrency: 2, circuitBreaker: { failureRatio: 0.5, minimumRequests: 5, windowMs: 2_000 } },
  },
  { seed: 7, options: { concurrency: 4, baseUrls: MIRRORS } },
  { seed: 8, options: { concurrency: 4, baseUrls: MIRRORS, cache: planOf(), circuitBreaker: false } },
  {
    seed: 9,
    options: {
      concurrency: 3,
      baseUrls: MIRRORS,
      circuitBreaker: { threshold: 2, cooldownMs: 1_000, onOpen: "wait" },
      rateLimit: { limit: 30, intervalMs: 1_000 },
      notFoundIsFinal: false,
    },
  },
];

for (const { seed, options } of STORMS) {
  test(`every request ends in exactly one outcome and leaves nothing behind, whatever happens (storm ${seed})`, async () => {
    const clock = new ManualClock();
    const random = seededRandom(seed);
    const { client, origin, events } = rig(weather(clock, random), { random, timeoutMs: 2_000, ...options }, {
      clock,
    });
    const settlements: string[] = [];
    const controllers = Array.from({ length: 400 }, () => new AbortController());
    const listeners = controllers.map(({ signal }) => countAbortListeners(signal));
    for (const [index, controller] of controllers.entries()) {
      const request: RequestSpec = {
        // Use few URLs, so that many requests share an execution.
        url: `${options.baseUrls === undefined ? `https://${"abc"[index % 3]}.test/` : ""}${
          Math.floor(random() * 100)
        }`,
        method: random() < 0.1 ? "POST" : "GET",
        signal: controller.signal,
        totalTimeoutMs: random() < 0.2 ? 1 + Math.floor(random() * 5_000) : undefined,
      };
      const promise = random() < 0.15
        ? client.fetch(request.url, { signal: controller.signal })
          // Read no endless body: only the clock of the test could end it.
          .then(async (response) => void await (response.ok ? response.text() : response.body?.cancel()))
        : client.json(request);
      promise.then(() => settlements.push(`${index}`), () => settlements.push(`${index}`));
      if (random() < 0.3) clock.setTimeout(() => controller.abort(index), Math.floor(random() * 6_000));
      if (random() < 0.2) await clock.advance(Math.floor(random() * 100));
    }
    await clock.advance(3_600_000);

    assertEquals(new Set(settlements).size, 400);
    assertEquals(settlements.length, 400);
    const { requests, succeeded, failed, inFlight, queued } = client.stats();
    assertEquals([requests, succeeded + failed, inFlight, queued], [400, 400, 0, 0]);
    assertEquals([origin.open, clock.pending], [0, 0]);
    assertEquals(listeners.filter(({ now }) => now !== 0).length, 0);
    const limit = typeof options.concurrency === "number" ? options.concurrency : 20;
    assert(origin.peak <= limit, `${origin.peak} at once`);
    assertEventsAddUp(events, 400, origin.calls);
  });
}

/**
 * Checks that every request is queued first, once, and settled last, once, and that every attempt is a call of
 * `fetch`.
 */
function assertEventsAddUp(events: readonly ClientEvent[], requests: number, calls: number): void {
  const byRequest = new Map<number, ClientEvent[]>();
  for (const event of events) {
    if (!("requestId" in event)) continue;
    const list = byRequest.get(event.requestId) ?? [];
    list.push(event);
    byRequest.set(event.requestId, list);
  }
  assertEquals(byRequest.size, requests);
  for (const [id, list] of byRequest) {
    assertEquals(list[0]?.type, "queued", `${id}`);
    assertEquals(list.filter(({ type }) => type === "queued").length, 1, `${id}`);
    assertEquals(list.filter(({ type }) => type === "settled").length, 1, `${id}`);
  }
  assertEquals(events.filter(({ type }) => type === "attempt").length, calls);
}

test("the events of a request come in the order of its stages", async () => {
  const { client, events, run } = rig([status(503), OK], { rateLimit: { limit: 10, intervalMs: 1_000 } });
  await run(client.json(URL_A));

  const round = ["token", "permit", "attempt", "headers"];
  assertEquals(events.map(({ type }) => type), ["queued", ...round, "retry", ...round, "body", "settled"]);
  assertEquals(events.filter((event) => "requestId" in event && event.requestId !== 1), []);
});

test("an abort ends a request once, also when it comes with the answer, the timeout or the close", async () => {
  const atMs = 1_000;
  const enders: ((rig: { client: Client; controller: AbortController }) => void)[] = [
    ({ controller }) => controller.abort("aborted"),
    ({ client }) => void client.close("closed"),
  ];
  for (const first of enders) {
    for (const second of enders) {
      const clock = new ManualClock();
      const { client, events, origin } = rig(
        late(clock, atMs, OK),
        { timeoutMs: atMs, totalTimeoutMs: atMs },
        { clock },
      );
      const controller = new AbortController();
      clock.setTimeout(() => first({ client, controller }), atMs);
      const request = watch(client.json(URL_A, { signal: controller.signal }));
      clock.setTimeout(() => second({ client, controller }), atMs);
      await clock.advance(10_000);

      assert(request.state !== "pending");
      assertEquals(events.filter(({ type }) => type === "settled").length, 1);
      assertEquals([origin.open, clock.pending, client.stats().inFlight], [0, 0, 0]);
    }
  }
});

test("a request that was aborted, or timed out, is not one that others may join", async () => {
  const { enter } = Flights.prototype;
  const tables = new Set<Flights>();
  Flights.prototype.enter = function (call): ReturnType<typeof enter> {
    tables.add(this);
    return enter.call(this, call);
  };
  const urls = numberedUrls(10);
  const stops: Readonly<Record<string, (client: Client, clock: ManualClock) => Promise<unknown>>> = {
    "an abort": async (client) => {
      const controller = new AbortController();
      const requests = urls.map((url) => client.json(url, { signal: controller.signal }));
      controller.abort();
      return await Promise.allSettled(requests);
    },
    "the total deadline": (client, clock) =>
      clock.run(Promise.allSettled(urls.map((url) => client.json(url, { totalTimeoutMs: 500 })))),
    "the deadline of a batch": (client, clock) =>
      clock.run(client.settle(urls, { batchTimeoutMs: 500, concurrency: 10 })),
    "leaving a stream": async (client) => {
      const stream = client.stream(urls, { concurrency: 10 });
      const first = stream.next();
      await microtasks(50);
      await stream.return?.();
      return await first;
    },
  };
  try {
    for (const [what, stop] of Object.entries(stops)) {
      for (const options of [{}, { maxBodyBytes: 1_000 }]) {
        tables.clear();
        const clock = new ManualClock();
        const client = createClient({ clock, concurrency: 3, fetch: hangingFetch, ...options });
        await stop(client, clock);
        await microtasks(50);
        assertEquals([what, [...tables].map(({ size }) => size)], [what, [0]]);
      }
    }
  } finally {
    Flights.prototype.enter = enter;
  }
});

/** A `fetch` that never answers until it is aborted. */
function hangingFetch(_: string | URL | Request, init?: RequestInit): Promise<Response> {
  return new Promise((_, reject) =>
    init!.signal!.addEventListener("abort", ({ target }) => reject((target as AbortSignal).reason))
  );
}

test("a request that has ended leaves no timer of its `totalTimeoutMs`, which would keep the process alive", async () => {
  for (const listens of [false, true]) {
    const { client, clock, run } = rig([OK, status(404), OK], {}, { listens });
    const options = { totalTimeoutMs: 60_000 };
    await run(client.json(URL_A, options));
    await run(client.outcome(URL_A, options));
    await (await run(client.fetch(URL_A, {}, options))).text();
    assertEquals([clock.pending, clock.now()], [0, 0]);
  }
});

test("malformed requests that can't be sent are not counted", async () => {
  const { client, events, run } = rig(OK);
  await assertRejects(() => run(client.json("nonsense")), TypeError);
  await assertRejects(
    () => run(client.json(URL_A, { signal: AbortSignal.abort(new Error("before")) })),
    Error,
  );

  assertEquals(client.stats().requests, 0);
  assertEquals(events, []);
});

// Batches

test("batches pull their requests one by one, as they can be started", async () => {
  const clock = new ManualClock();
  const { client, origin } = rig(late(clock, 100, OK), { concurrency: 4 }, { clock });
  let pulled = 0;
  function* requests(): Generator<string> {
    for (let index = 0; index < 1_000; index++) {
      pulled++;
      yield `https://a.test/${index}`;
    }
  }
  const settled = watch(client.settle(requests()));
  await clock.advance(0);
  assertEquals([pulled, origin.calls], [4, 4]);
  await clock.advance(100);
  assertEquals([pulled, origin.calls], [8, 8]);
  await clock.advance(1_000_000);

  assertEquals([settled.state, pulled, origin.peak], ["fulfilled", 1_000, 4]);
});

test("a stream that is not read stops pulling", async () => {
  const { client, origin, clock } = rig(OK, { concurrency: 4 });
  let pulled = 0;
  function* requests(): Generator<string> {
    for (;;) yield `https://a.test/${pulled++}`;
  }
  const stream = client.stream(requests(), { prefetch: 2 });
  const first = await stream.next();
  await clock.advance(60_000);

  assert(first.value?.ok);
  // The outcomes that were taken and held, and no request beyond that.
  assert(pulled <= 1 + 4 + 2, `${pulled} pulled`);
  assertEquals(origin.calls, pulled);
  await stream.return?.();
});

test("leaving a stream aborts what is under way, closes its source, and pulls nothing more", async () => {
  const clock = new ManualClock();
  const slow: Reply = (sent) => sent.url.endsWith("/0") ? OK(sent) : hanging()(sent);
  const { client, origin } = rig(slow, { concurrency: 3 }, { clock });
  let pulled = 0;
  let closed = false;
  function* requests(): Generator<string> {
    try {
      for (;;) yield `https://a.test/${pulled++}`;
    } finally {
      closed = true;
    }
  }
  for await (const outcome of client.stream(requests())) {
    assert(outcome.ok);
    break;
  }
  const before = pulled;
  await clock.advance(60_000);

  assertEquals([closed, pulled, origin.open, clock.pending], [true, before, 0, 0]);
});

test("all() rejects with the first failure at once, and aborts the rest", async () => {
  const clock = new ManualClock();
  const reply: Reply = (sent) => sent.url.endsWith("/2") ? status(404)(sent) : hanging()(sent);
  const { client, origin } = rig(reply, { concurrency: 5 }, { clock });
  let closed = false;
  function* requests(): Generator<string> {
    try {
      for (let index = 0;; index++) yield `https://a.test/${index}`;
    } finally {
      closed = true;
    }
  }
  const all = watch(client.all(requests()));
  await clock.advance(0);

  assertEquals([all.state, (all.error as Error).name], ["rejected", "DataNotFoundError"]);
  // The body of the failure is read first, so that its permit has gone to one more request, which is aborted too.
  assertEquals([closed, origin.open, origin.calls], [true, 0, 6]);
  await clock.advance(60_000);
  assertEquals([origin.calls, clock.pending], [6, 0]);
});

for (const place of ["queued", "permit", "attempt", "headers", "settled"] as const) {
  test(`a batch that is aborted from within a '${place}' event stops, with the reason`, async () => {
    const { client, origin, clock } = rig(OK, { concurrency: 2 });
    const controller = new AbortController();
    const reason = new Error(place);
    let seen = 0;
    using _listening = client.on(({ type }) => {
      if (type === place && ++seen === 3) controller.abort(reason);
    });
    const urls = numberedUrls(20);
    const batch = watch(client.settle(urls, { signal: controller.signal }));
    await clock.advance(0);

    assertEquals(batch.state, "rejected");
    assertStrictEquals(batch.error, reason);
    await clock.advance(100_000);
    // A permit passes on when a body has ended, a little before its request has settled.
    assert(origin.calls <= 6, `${origin.calls} calls`);
    assertEquals([origin.open, clock.pending, client.stats().inFlight], [0, 0, 0]);
  });
}

for (const place of ["fetch", "source"] as const) {
  test(`a batch that is aborted from within its ${place} stops, with the reason`, async () => {
    const controller = new AbortController();
    const reason = new Error(place);
    let calls = 0;
    const { client, clock } = rig(OK, {
      concurrency: 3,
      fetch: (_input, init) => {
        if (++calls === 2 && place === "fetch") controller.abort(reason);
        return init?.signal?.aborted ? Promise.reject(init.signal.reason) : Promise.resolve(Response.json(1));
      },
    });
    function* requests(): Generator<string> {
      for (let index = 0; index < 20; index++) {
        if (index === 2 && place === "source") controller.abort(reason);
        yield `https://a.test/${index}`;
      }
    }
    const batch = watch(client.settle(requests(), { signal: controller.signal }));
    await clock.advance(0);

    assertEquals(batch.state, "rejected");
    assertStrictEquals(batch.error, reason);
    await clock.advance(100_000);
    assert(calls <= 3, `${calls} calls`);
  });
}
