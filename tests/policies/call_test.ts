import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  type ClientOptions,
  HttpError,
  NetworkError,
  type RequestOptions,
  type StandardSchemaV1,
  TimeoutError,
} from "../../mod.ts";
import type { CacheAdapter } from "../../src/http_cache/mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { countAbortListeners } from "../support/abort_listener_count.ts";
import { microtasks } from "../support/microtasks.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { type Settled, watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { hanging, json, late, refused, type Reply, stalled, status } from "./fake_origin.ts";
import { type Rig, rig, testBothWays, URL_A } from "./rig.ts";
import { planOf } from "../http_cache/plan_of.ts";

const OK = json({ ok: true });
const SECOND = "https://a.test/second.json";

/** More microtasks than anything takes that needs no time to pass. */
const AT_ONCE = 100;

/** A place where a request can be, and how it gets there. */
interface Station {
  readonly name: string;
  /** Creates the client, and whatever keeps a request at the station. */
  readonly setUp: (make: typeof rig, options: ClientOptions) => Rig | Promise<Rig>;
  readonly request?: RequestOptions | undefined;
  /** How long the request takes to get there. */
  readonly afterMs?: number | undefined;
}

const endlessSchema: StandardSchemaV1 = {
  "~standard": { version: 1, vendor: "test", validate: () => new Promise(() => {}) },
};

const endlessLookup: CacheAdapter = {
  name: "endless",
  maxEntryBytes: Infinity,
  get: () => new Promise(() => {}),
  set: () => false,
  delete: () => false,
};

/** Answers the first URL with `first`, always, and every other one with success. */
function busyWith(first: Reply): Reply {
  return (sent) => sent.url === SECOND ? OK(sent) : first(sent);
}

/** Starts a request that occupies the client before the next one. */
async function withFirst(rig: Rig, advanceMs = 0): Promise<Rig> {
  rig.client.json("https://a.test/first.json").catch(() => {});
  await rig.clock.advance(advanceMs);
  return rig;
}

const STATIONS: readonly Station[] = [
  {
    name: "the queue for a permit",
    setUp: (rig, options) => withFirst(rig(busyWith(hanging()), { ...options, concurrency: 1 })),
  },
  {
    name: "the queue for a token",
    setUp: (rig, options) => withFirst(rig(OK, { ...options, rateLimit: { limit: 1, intervalMs: 30_000 } })),
  },
  {
    name: "the queue for a token of its origin",
    setUp: (rig, options) =>
      withFirst(rig(OK, { ...options, rateLimit: { limit: 1, intervalMs: 30_000, per: "origin" } })),
  },
  {
    name: "the pause after a 429",
    setUp: (rig, options) => withFirst(rig(busyWith(status(429, { "retry-after": "30" })), options)),
  },
  {
    name: "an open circuit that is waited for",
    setUp: (rig, options) =>
      withFirst(
        rig(busyWith(status(500)), {
          ...options,
          maxRetries: 0,
          circuitBreaker: { threshold: 1, cooldownMs: 30_000, onOpen: "wait" },
        }),
      ),
  },
  { name: "a backoff", setUp: (rig, options) => rig(status(503), options), afterMs: 1_000 },
  {
    name: "a Retry-After",
    setUp: (rig, options) => rig(status(503, { "retry-after": "9" }), options),
    afterMs: 1_000,
  },
  { name: "the headers", setUp: (rig, options) => rig(hanging(), options) },
  {
    name: "the headers of a retry",
    setUp: (rig, options) => rig([status(503), hanging()], options),
    afterMs: 2_500,
  },
  { name: "the headers of a second mirror", setUp: (rig, options) => rig([refused(), hanging()], options) },
  {
    name: "the headers of a redirect's target",
    setUp: (rig, options) =>
      rig([status(302, { location: "/b" }), hanging()], { ...options, headers: { "x-api-key": "1" } }),
  },
  { name: "the body", setUp: (rig, options) => rig(stalled(), options) },
  {
    name: "the body of a final error",
    setUp: (rig, options) => rig(stalled("", { status: 400 }), options),
    afterMs: 100,
  },
  {
    name: "the body of an error that is retried",
    setUp: (rig, options) => rig(stalled("", { status: 503 }), options),
  },
  {
    name: "an asynchronous schema",
    setUp: (rig, options) => rig(OK, options),
    request: { schema: endlessSchema },
  },
  {
    name: "the cache's look-up",
    setUp: (rig, options) => rig(hanging(), { ...options, cache: planOf({ adapter: endlessLookup }) }),
  },
];

/** Starts a request, and waits until it is at a station. */
async function arriveAt(
  make: typeof rig,
  station: Station,
  options: ClientOptions,
  signal?: AbortSignal,
): Promise<Rig & { readonly request: Settled<unknown>; readonly requestId: number }> {
  const baseUrls = ["https://a.test", "https://b.test"];
  const made = await station.setUp(
    make,
    station.name.includes("mirror") ? { baseUrls, ...options } : options,
  );
  const url = station.name.includes("mirror") ? "second.json" : SECOND;
  const requestId = made.client.stats().requests + 1;
  const request = watch(made.client.json(url, { ...station.request, signal }));
  await made.clock.advance(station.afterMs ?? 0);
  return { ...made, request, requestId };
}

for (const station of STATIONS) {
  testBothWays(
    `an abort in ${station.name} rejects at once with the signal's reason, and starts nothing more (S6)`,
    async (rig) => {
      const controller = new AbortController();
      const listeners = countAbortListeners(controller.signal);
      const { clock, client, origin, events, request, requestId } = await arriveAt(
        rig,
        station,
        {},
        controller.signal,
      );
      await microtasks(AT_ONCE);
      assertEquals(request.state, "pending");

      const reason = { station: station.name };
      const calls = origin.calls;
      controller.abort(reason);
      await microtasks(AT_ONCE);
      assertEquals(request.state, "rejected");
      assertStrictEquals(request.error, reason);
      assertEquals(listeners.now, 0);

      await clock.advance(1_000_000);
      const later = origin.sent.slice(calls).filter(({ url }) =>
        url.includes("second") || url.endsWith("/b")
      );
      assertEquals(later, []);
      const settled = events.filter((event) => event.type === "settled" && event.requestId === requestId);
      const told = settled.map((event) => event.type === "settled" && [event.ok, event.error]);
      assertEquals(told, events.length === 0 ? [] : [[false, reason]]);
      await client.close();
      await clock.advance(0);
      assertEquals([clock.pending, origin.open, client.stats().inFlight, client.stats().queued], [
        0,
        0,
        0,
        0,
      ]);
    },
  );

  testBothWays(
    `close() rejects a request in ${station.name} with its reason, and leaves nothing (S6)`,
    async (rig) => {
      const { clock, client, origin, request } = await arriveAt(rig, station, {});
      const reason = new Error("closed by the test");
      const calls = origin.calls;
      const closing = watch(client.close(reason));
      await microtasks(AT_ONCE);
      assertEquals(request.state, "rejected");
      assertStrictEquals(request.error, reason);

      await clock.advance(1_000_000);
      assertEquals([origin.calls, origin.open, clock.pending, closing.state], [calls, 0, 0, "fulfilled"]);
    },
  );

  testBothWays(
    `the client's own signal ends a request in ${station.name} with its reason (S6)`,
    async (rig) => {
      const controller = new AbortController();
      const { clock, origin, request } = await arriveAt(rig, station, { signal: controller.signal });
      const reason = Symbol("reason");
      const calls = origin.calls;
      controller.abort(reason);
      await microtasks(AT_ONCE);
      assertEquals(request.state, "rejected");
      assertStrictEquals(request.error, reason);

      await clock.advance(1_000_000);
      assertEquals([origin.calls, origin.open, clock.pending], [calls, 0, 0]);
    },
  );

  testBothWays(
    `the total timeout reaches a request in ${station.name}, in time or before (S6)`,
    async (rig) => {
      const { clock, client, origin, request } = await arriveAt(rig, {
        ...station,
        request: { ...station.request, totalTimeoutMs: (station.afterMs ?? 0) + 50 },
      }, {});
      await clock.advance(50);
      assertEquals(request.state, "rejected");
      assert(request.error instanceof NetworkError, String(request.error));

      const calls = origin.calls;
      await clock.advance(1_000);
      assertEquals(origin.sent.slice(calls).filter(({ url }) => url === SECOND), []);
      await client.close();
      await clock.advance(0);
      assertEquals([clock.pending, origin.open], [0, 0]);
    },
  );
}

testBothWays("an abort gives the permit back, so that the next request goes on (S6, S11)", async (rig) => {
  for (const first of [hanging(), stalled()]) {
    const { client, clock, origin } = rig([first, OK], { concurrency: 1 });
    const controller = new AbortController();
    const aborted = watch(client.json(URL_A, { signal: controller.signal }));
    const next = watch(client.json(SECOND));
    await clock.advance(0);
    controller.abort();
    await clock.advance(0);

    assertEquals([aborted.state, next.state, origin.peak], ["rejected", "fulfilled", 1]);
  }
});

testBothWays(
  "an aborted request whose `fetch` goes on keeps its permit until the `fetch` has ended (S11)",
  async (rig) => {
    const arrived = Promise.withResolvers<void>();
    const deaf: Reply = async (sent) => {
      await arrived.promise;
      return OK(sent);
    };
    const { client, clock, origin } = rig([deaf, OK], { concurrency: 1 }, { deaf: true });
    const controller = new AbortController();
    const aborted = watch(client.json(URL_A, { signal: controller.signal }));
    const next = watch(client.json(SECOND));
    await clock.advance(0);
    controller.abort("enough");
    await clock.advance(10_000);
    assertEquals([aborted.state, aborted.error, next.state, origin.calls], [
      "rejected",
      "enough",
      "pending",
      1,
    ]);

    arrived.resolve();
    await clock.advance(250);
    assertEquals([next.state, origin.peak, origin.open], ["fulfilled", 1, 0]);
  },
);

testBothWays(
  "an aborted waiter in the middle of the queue leaves the others their places (S6, S11)",
  async (rig) => {
    const clock = new ManualClock();
    const { client, origin } = rig(late(clock, 100, OK), { concurrency: 1 }, { clock });
    const controllers = Array.from({ length: 5 }, () => new AbortController());
    const requests = controllers.map(({ signal }, index) =>
      watch(client.json(`https://a.test/${index}`, { signal }))
    );
    await clock.advance(0);
    controllers[2]!.abort("two");
    controllers[3]!.abort("three");
    await clock.advance(1_000);

    assertEquals(requests.map(({ state }) => state), [
      "fulfilled",
      "fulfilled",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    assertEquals(origin.sent.map(({ url }) => url.at(-1)), ["0", "1", "4"]);
  },
);

test("an abort after the value has come changes nothing", async () => {
  const { client, events, run } = rig(OK);
  const controller = new AbortController();
  const request = client.json(URL_A, { signal: controller.signal });
  const value = await run(request);
  controller.abort();

  assertEquals([value, await request], [{ ok: true }, { ok: true }]);
  assertEquals(events.filter(({ type }) => type === "settled").length, 1);
});

for (const type of ["queued", "token", "permit", "attempt", "headers", "body", "retry"] as const) {
  test(`an abort from within a '${type}' event takes effect, and starts nothing more (S6)`, async () => {
    const clock = new ManualClock();
    const replies = type === "retry" ? status(503) : OK;
    const { client, origin, events, run } = rig(replies, { rateLimit: { limit: 10, intervalMs: 1_000 } }, {
      clock,
    });
    const controller = new AbortController();
    const reason = new Error(type);
    using _listening = client.on((event) => {
      if (event.type === type) controller.abort(reason);
    });

    const error = await run(client.json(URL_A, { signal: controller.signal }).catch((error) => error));
    assertStrictEquals(error, reason);
    await clock.advance(1_000_000);
    assert(origin.calls <= 1);
    if (type === "queued" || type === "token" || type === "permit") assertEquals(origin.calls, 0);
    assertEquals([origin.open, clock.pending, client.stats().inFlight], [0, 0, 0]);
    assertEquals(events.filter(({ type }) => type === "settled").length, 1);
  });
}

for (const type of ["queued", "token", "permit", "attempt", "headers", "body", "retry", "settled"] as const) {
  test(`close() from within a '${type}' event ends every request once, and starts nothing more (S6)`, async () => {
    const replies = type === "retry" ? status(503) : OK;
    const { client, clock, origin, events } = rig(replies, {
      concurrency: 2,
      rateLimit: { limit: 10, intervalMs: 1_000 },
    });
    const reason = new Error(type);
    let callsAtClose: number | undefined;
    using _listening = client.on((event) => {
      if (event.type !== type) return;
      callsAtClose ??= origin.calls;
      client.close(reason);
    });
    const requests = Array.from({ length: 5 }, (_, index) => watch(client.json(`https://a.test/${index}`)));
    await clock.advance(1_000_000);

    for (const { state } of requests) assert(state !== "pending");
    assert(requests.some(({ error: own }) => own === reason));
    assertEquals(origin.calls, callsAtClose);
    assertEquals([origin.open, clock.pending, client.stats().inFlight, client.stats().queued], [0, 0, 0, 0]);
    const { requests: begun } = client.stats();
    assertEquals(events.filter(({ type }) => type === "settled").length, begun);
  });
}

testBothWays(
  "a `fetch` that resolves with nonsense fails the request, and leaves the client in order",
  async (rig) => {
    const used = new Response("used");
    used.text();
    const locked = new Response("locked");
    locked.body?.getReader();
    const nonsense: unknown[] = [undefined, null, {}, "response", 200, Response.error(), used, locked];
    for (const [index, value] of nonsense.entries()) {
      const { client, clock } = rig(OK, {
        fetch: () => Promise.resolve(value as Response),
        maxRetries: 1,
        concurrency: 1,
      });
      const requests = [client.json(URL_A), client.text(SECOND), client.fetch(URL_A)].map(watch);
      await clock.advance(100_000);

      for (const { state } of requests.slice(0, 2)) assertEquals(state, "rejected", `${index}`);
      assert(requests[2]!.state !== "pending", `${index}`);
      assertEquals(clock.pending, 0, `${index}`);
      if (requests[2]!.state === "rejected") assertEquals(client.stats().inFlight, 0, `${index}`);
    }
  },
);

testBothWays(
  "a `fetch` that resolves with Response.error() means a network failure: a retry, or another mirror, may succeed",
  async (rig) => {
    for (const to of ["again", "mirror", "redirect"]) {
      const sent: string[] = [];
      const { client, run } = rig(OK, {
        baseUrls: to === "mirror" ? ["https://a.test", "https://b.test"] : "https://a.test",
        fetch: (url) => {
          sent.push(String(url));
          if (sent.length === 1 && to === "redirect") return Promise.resolve(Response.redirect(SECOND));
          const isDown = to === "mirror" ? String(url).includes("a.test") : sent.length < 3;
          return Promise.resolve(isDown ? Response.error() : Response.json(to));
        },
      });
      assertEquals(await run(client.json("data.json")), to);
      assertEquals(await run(client.fetch("data.json").then(({ status }) => status)), 200);
      assert(sent.length > 1);
    }
    const { client, run } = rig(OK, { fetch: () => Promise.resolve(Response.error()), maxRetries: 1 });
    const put = { url: URL_A, method: "PUT", body: "x" };
    for (const call of [() => client.json(URL_A), () => client.text(put)]) {
      const error = await run(assertRejects(call, NetworkError, "Response.error()"));
      assertEquals(error.attempts, 2);
    }
    const error = await run(assertRejects(() => client.fetch(URL_A), NetworkError));
    assertEquals(error.attempts, 2);
    assertEquals(client.stats().origins["https://a.test"]!.failed, 6);
  },
);

testBothWays(
  "a client whose `fetch` is another client's passes on aborts, and treats its failures as network failures",
  async (rig) => {
    const { client: inner, clock, origin } = rig([status(503), refused(), OK, hanging()], { maxRetries: 0 });
    const { client } = rig(OK, { fetch: inner.fetch.bind(inner), clock });
    assertEquals(await clock.run(client.json(URL_A)), { ok: true });
    assertEquals(origin.calls, 3);

    const controller = new AbortController();
    const request = watch(client.json(URL_A, { signal: controller.signal }));
    await clock.advance(10);
    controller.abort("enough");
    await clock.advance(0);
    assertEquals([request.error, origin.open, inner.stats().inFlight], ["enough", 0, 0]);
  },
);

testBothWays(
  "an abort from within `fetch` itself takes effect, whatever `fetch` does then (S6)",
  async (rig) => {
    const answers: Reply[] = [
      OK,
      status(503),
      refused(),
      () => {
        throw new TypeError("thrown, not rejected");
      },
    ];
    for (const answer of answers) {
      const controller = new AbortController();
      const aborting: Reply = (sent) => {
        controller.abort("from within");
        return answer(sent);
      };
      const { client, origin, clock, run } = rig(aborting, {}, { deaf: true });

      assertEquals(
        await run(client.json(URL_A, { signal: controller.signal }).catch((error) => error)),
        "from within",
      );
      await clock.advance(100_000);
      assertEquals([origin.calls, origin.open, clock.pending], [1, 0, 0]);
    }
  },
);

testBothWays(
  "a `fetch` that throws instead of rejecting is a network error like any other (S2)",
  async (rig) => {
    const throwing = (): never => {
      throw new TypeError("at once");
    };
    const { client, run } = rig([throwing, OK]);
    assertEquals(await run(client.json(URL_A)), { ok: true });

    let calls = 0;
    const bare = rig(OK, {
      fetch: () => {
        if (calls++ === 0) throw new TypeError("not even a promise");
        return Promise.resolve(Response.json(1));
      },
    });
    assertEquals(await bare.run(bare.client.json(URL_A)), 1);
  },
);

testBothWays(
  "a `fetch` with a mistake in it fails at once, whatever `retryOn` says, and counts as no failure of its origin (S1)",
  async (rig) => {
    const mistakes = [new ReferenceError("nowhere is not defined"), new TypeError("Illegal invocation")];
    for (const mistake of mistakes) {
      const broken = (): never => {
        throw mistake;
      };
      const { client, origin, clock, run } = rig(broken, { retryOn: () => true });
      const error = await run(client.json(URL_A).catch((error) => error)) as Error;
      assert(error === mistake || error.cause === mistake, `${error}`);
      assertEquals([origin.calls, clock.now(), Object.values(client.stats().origins)[0]?.failed], [1, 0, 0]);
    }
  },
);

testBothWays("an abort from within the schema takes effect (S6)", async (rig) => {
  const controller = new AbortController();
  const schema: StandardSchemaV1<unknown, unknown> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => {
        controller.abort("from the schema");
        return { value };
      },
    },
  };
  const { client, run } = rig(OK);
  const request = client.json(URL_A, { signal: controller.signal, schema });

  assertEquals(await run(request.catch((error) => error)), "from the schema");
});

testBothWays("of several signals the first to abort counts, and none keeps a listener (S7)", async (rig) => {
  const names = ["client", "batch", "request"] as const;
  for (const aborting of names) {
    const controllers = names.map(() => new AbortController());
    const counts = controllers.map(({ signal }) => countAbortListeners(signal));
    const [ofClient, ofBatch, ofRequest] = controllers.map(({ signal }) => signal);
    const { client, clock, origin } = rig(hanging(), { signal: ofClient });
    const batch = watch(client.settle([{ url: URL_A, signal: ofRequest }], { signal: ofBatch }));
    await clock.advance(10);
    const reason = new Error(aborting);
    controllers[names.indexOf(aborting)]!.abort(reason);
    await microtasks(AT_ONCE);

    if (batch.state === "rejected") assertStrictEquals(batch.error, reason);
    else {
      const outcome = batch.value?.[0];
      assert(outcome !== undefined && !outcome.ok, aborting);
      assertStrictEquals(outcome.error, reason);
    }
    await client.close();
    assertEquals(counts.map(({ now }) => now), [0, 0, 0], aborting);
    assertEquals([origin.open, clock.pending], [0, 0]);
  }
});

testBothWays("20,000 requests that wait on one signal have one listener on it (S7)", async (rig) => {
  const controller = new AbortController();
  const count = countAbortListeners(controller.signal);
  const { client, clock, origin } = rig(hanging(), { concurrency: 10 });
  const requests = Array.from(
    { length: 20_000 },
    (_, index) => watch(client.json(`https://a.test/${index}`, { signal: controller.signal })),
  );
  await clock.advance(0);
  assertEquals([count.now, count.most, origin.calls], [1, 1, 10]);

  controller.abort("all of you");
  await clock.advance(0);
  assertEquals(
    requests.filter(({ state, error }) => state === "rejected" && error === "all of you").length,
    20_000,
  );
  assertEquals([count.now, origin.calls, origin.open, clock.pending], [0, 10, 0, 0]);
});

testBothWays("10,000 requests on one signal leave no listener on it (S7)", async (rig) => {
  const { signal } = new AbortController();
  const count = countAbortListeners(signal);
  const { client, clock } = rig(() => new Response("1"), {
    // Use a `fetch` that counts nothing, so that the test is quick.
    fetch: () => Promise.resolve(new Response("1")),
    concurrency: 100,
  });
  const urls = numberedUrls(1_000);
  for (let round = 0; round < 10; round++) {
    await Promise.all(urls.map((url) => client.json(url, { signal })));
  }

  assertEquals(client.stats().succeeded, 10_000);
  assertEquals([count.now, clock.pending], [0, 0]);
  assert(count.most <= 1, `${count.most} listeners at once`);
});

testBothWays("requests that fail in every way leave no listener on their signal (S7)", async (rig) => {
  const replies: Reply[] = [
    status(503),
    status(404),
    refused(),
    hanging(),
    stalled(),
    stalled("", { status: 500 }),
  ];
  for (const [index, reply] of replies.entries()) {
    const { signal } = new AbortController();
    const count = countAbortListeners(signal);
    const { client, run } = rig(reply, { timeoutMs: 100 });
    await assertRejects(() => run(client.json(URL_A, { signal })));
    await run(client.fetch(URL_A, { signal }).then((response) => response.text()).catch(() => {}));

    assertEquals(count.now, 0, `${index}`);
  }
});

testBothWays(
  "a streamed response leaves no listener once its body has ended, however that ends (S7)",
  async (rig) => {
    const ends: ((response: Response) => Promise<unknown>)[] = [
      (response) => response.text(),
      (response) => response.body!.cancel(),
      async (response) => {
        const reader = response.body!.getReader();
        await reader.read();
        await reader.cancel();
      },
    ];
    for (const end of ends) {
      const { signal } = new AbortController();
      const count = countAbortListeners(signal);
      const { client, clock } = rig(OK);
      await end(await client.fetch(URL_A, { signal }));
      await clock.advance(0);

      assertEquals([count.now, clock.pending], [0, 0]);
    }
  },
);

testBothWays(
  "an abort while the body of Client.fetch() streams errors the body with the reason, and frees the permit (S6)",
  async (rig) => {
    const { client, clock, origin } = rig([stalled("start"), OK], { concurrency: 1 });
    const controller = new AbortController();
    const response = await client.fetch(URL_A, { signal: controller.signal });
    const body = watch(response.text());
    const next = watch(client.json(SECOND));
    await clock.advance(10);
    const reason = new Error("mid-stream");
    controller.abort(reason);
    await clock.advance(0);

    assertEquals([body.state, next.state, origin.peak], ["rejected", "fulfilled", 1]);
    assertStrictEquals(body.error, reason);
  },
);

// S17: what a total timeout interrupted

/** Returns the error of a request whose total timeout has passed. */
function timeoutOf({ error }: { readonly error?: unknown }): TimeoutError {
  assertInstanceOf(error, TimeoutError);
  assertEquals(error.kind, "total");
  return error;
}

testBothWays("a total timeout says that an attempt was under way, and which one (S17)", async (rig) => {
  for (const reply of [hanging(), stalled()]) {
    const { client, clock } = rig(reply);
    const request = watch(client.json(URL_A, { totalTimeoutMs: 50 }));
    await clock.advance(50);
    const error = timeoutOf(request);
    assertEquals(
      error.message,
      `GET ${URL_A} took longer than 'totalTimeoutMs': 50, while attempt 1 was in flight`,
    );
    assertFalse("cause" in error);
  }
});

testBothWays("a total timeout has what failed before as its cause (S17)", async (rig) => {
  for (
    const [first, name] of [
      [status(503), "HttpError"],
      [refused(), "NetworkError"],
      [json("[1,"), "InvalidDataError"],
    ] as const
  ) {
    const truncated = name === "InvalidDataError" ? () => new Response("[1,") : first;
    const { client, clock } = rig([truncated, hanging()]);
    const request = watch(client.json(URL_A, { totalTimeoutMs: 2_500 }));
    await clock.advance(2_500);
    const error = timeoutOf(request);
    assert(error.message.endsWith("while attempt 2 was in flight"), error.message);
    assertEquals([error.attempts, (error.cause as Error).name], [2, name]);
    const { cause } = error.toJSON() as { readonly cause?: { readonly message?: string } };
    assert(cause?.message?.includes(URL_A), JSON.stringify(cause));
  }
});

testBothWays("a total timeout says what the request was waiting for in line (S17)", async (rig) => {
  const rateLimit = { limit: 1, intervalMs: 30_000 };
  for (
    const [options, purpose] of [
      [{ concurrency: 1 }, "a permit or a token"],
      [{ rateLimit }, "a permit or a token"],
      [{ rateLimit: { ...rateLimit, per: "origin" as const } }, "a token of https://a.test"],
      [{ perOrigin: { concurrency: 1 } }, "a permit of https://a.test"],
    ] as const
  ) {
    const { client, clock } = await withFirst(rig(hanging(), options));
    const request = watch(client.json(SECOND, { totalTimeoutMs: 50 }));
    await clock.advance(50);
    const { message, attempts } = timeoutOf(request);
    assert(message.endsWith(`, while it waited for ${purpose}`), message);
    assertEquals(attempts, 0);
    await client.close();
  }
});

testBothWays("a total timeout says that the circuit breaker kept the request waiting (S17)", async (rig) => {
  const { client, clock } = await withFirst(
    rig([status(500), hanging()], {
      maxRetries: 0,
      circuitBreaker: { threshold: 1, cooldownMs: 1_000, onOpen: "wait" },
    }),
  );
  const probe = watch(client.json("https://a.test/probe.json"));
  await clock.advance(1_000);
  const request = watch(client.json(SECOND, { totalTimeoutMs: 50 }));
  await clock.advance(50);
  assertEquals(probe.state, "pending");
  const { message } = timeoutOf(request);
  assert(message.endsWith(", while it waited for the circuit breaker of https://a.test"), message);
  await client.close();
});

testBothWays(
  "a total timeout says that the request waited for a retry, and after what (S17)",
  async (rig) => {
    const { client, clock } = rig(status(503), { retryBudget: { ratio: 0, minPerSecond: 0 } });
    const batch = watch(client.settle([URL_A], { totalTimeoutMs: 2_500 }));
    await clock.advance(2_500);
    const [outcome] = batch.value!;
    assert(outcome !== undefined && !outcome.ok);
    const error = timeoutOf({ error: outcome.error });
    assert(error.message.endsWith(", while it waited for a retry"), error.message);
    assertEquals([error.attempts, (error.cause as Error).name], [1, "HttpError"]);
  },
);

testBothWays(
  "a total timeout says that the request was waiting for another caller's request (S17)",
  async (rig) => {
    const { client, clock, origin } = rig(hanging());
    const batch = watch(client.settle([URL_A, URL_A], { totalTimeoutMs: 50 }));
    await clock.advance(50);
    assertEquals(origin.calls, 1);
    const messages = batch.value!.map((outcome) => {
      assert(!outcome.ok);
      return timeoutOf({ error: outcome.error }).message;
    });
    assert(messages[0]!.endsWith(", while attempt 1 was in flight"), messages[0]);
    assert(messages[1]!.endsWith(", while it waited for another request for the same"), messages[1]);
  },
);

testBothWays(
  "a total timeout holds the latest failure of the other caller's request for which it waited (S17)",
  async (rig) => {
    const { client, clock, origin } = rig([status(503), hanging()]);
    const batch = watch(client.settle([URL_A, URL_A], { totalTimeoutMs: 2_500 }));
    await clock.advance(2_500);
    assertEquals(origin.calls, 2);
    for (const outcome of batch.value!) {
      assert(!outcome.ok);
      assertInstanceOf(timeoutOf({ error: outcome.error }).cause, HttpError);
    }
  },
);

testBothWays(
  "a total timeout names the mirror that was asked last, and holds the error of the one before (S17)",
  async (rig) => {
    const { client, clock } = rig([status(503), hanging()], {
      baseUrls: ["https://a.test", "https://b.test"],
    });
    const request = watch(client.json("data.json", { totalTimeoutMs: 50 }));
    await clock.advance(50);
    const error = timeoutOf(request);
    assertEquals(error.url, "https://b.test/data.json");
    assert(error.message.endsWith("while attempt 2 was in flight"), error.message);
    assertEquals((error.cause as HttpError).url, URL_A);
  },
);

testBothWays("a total timeout before a streamed body has ended says so (S17)", async (rig) => {
  const { client, clock } = rig(stalled("start"), { totalTimeoutMs: 50 });
  const response = await client.fetch(URL_A);
  const body = watch(response.text());
  await clock.advance(50);
  const { message } = timeoutOf(body);
  assert(message.endsWith(", before its body had ended"), message);
});

testBothWays(
  "a total timeout at a stage without a description names only the timeout (S17)",
  async (rig) => {
    const { client, clock } = rig(OK);
    const request = watch(client.json(URL_A, { schema: endlessSchema, totalTimeoutMs: 50 }));
    await clock.advance(50);
    assert(timeoutOf(request).message.endsWith("'totalTimeoutMs': 50"));
  },
);
