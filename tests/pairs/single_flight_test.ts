import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { type ClientOptions, HttpError, type RequestOptions, TimeoutError } from "../../mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { hanging, json, late, lateBody, type Reply, stalled, status } from "../policies/fake_origin.ts";
import { rig, testBothWays, URL_A } from "../policies/rig.ts";
import { microtasks } from "../support/microtasks.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { planOf } from "../http_cache/plan_of.ts";

const OK = json({ ok: true });

/** The stages of a request at which one of two callers leaves; the request takes 10 seconds at most. */
const STATIONS: readonly [name: string, reply: (clock: ManualClock) => readonly Reply[], ClientOptions][] = [
  ["the headers", (clock) => [late(clock, 5_000, OK)], {}],
  ["the body", (clock) => [lateBody(clock, 5_000, '{"ok":true}')], {}],
  ["a backoff", () => [status(503), OK], {}],
  ["the queue for a permit", (clock) => [late(clock, 5_000, OK), OK], { concurrency: 1 }],
  ["the queue for a token", () => [OK], { rateLimit: { limit: 1, intervalMs: 5_000 } }],
];

for (const [name, replies, options] of STATIONS) {
  for (const leaving of [0, 1]) {
    testBothWays(
      `single-flight × abort: caller ${leaving + 1} of 2 leaves in ${name}, and the other gets its value`,
      async (rig) => {
        const clock = new ManualClock();
        const { client, origin } = rig(replies(clock), options, { clock });
        if (name.includes("queue")) client.json("https://a.test/first").catch(() => {});
        const controllers = [new AbortController(), new AbortController()];
        const requests = controllers.map(({ signal }) => watch(client.json(URL_A, { signal })));
        await clock.advance(1_000);
        controllers[leaving]!.abort("left");
        await microtasks(100);
        assertEquals(requests.map(({ state }) => state)[leaving], "rejected");
        assertEquals(requests[leaving]!.error, "left");

        await clock.advance(20_000);
        assertEquals(requests[1 - leaving]!.value, { ok: true });
        const expected = name === "a backoff" ? 2 : 1;
        assertEquals(origin.sent.filter(({ url }) => url === URL_A).length, expected);
        assertEquals([origin.open, clock.pending, client.stats().inFlight], [0, 0, 0]);
      },
    );
  }

  testBothWays(
    `single-flight × abort: when both callers leave in ${name}, the work stops, and the next caller begins anew`,
    async (rig) => {
      const clock = new ManualClock();
      const { client, origin } = rig(replies(clock), options, { clock });
      if (name.includes("queue")) client.json("https://a.test/first").catch(() => {});
      const controllers = [new AbortController(), new AbortController()];
      const requests = controllers.map(({ signal }) => watch(client.json(URL_A, { signal })));
      await clock.advance(1_000);
      const before = origin.calls;
      for (const { abort } of controllers.map((controller) => ({ abort: () => controller.abort("left") }))) {
        abort();
      }
      const next = watch(client.json(URL_A));
      await microtasks(100);
      assertEquals(requests.map(({ state }) => state), ["rejected", "rejected"]);

      await clock.advance(20_000);
      assertEquals(next.value, { ok: true });
      assert(origin.calls > before);
      assertEquals([origin.open, clock.pending, client.stats().inFlight], [0, 0, 0]);
    },
  );
}

testBothWays("single-flight × abort: who leaves from within `fetch` takes nobody along", async (rig) => {
  const controller = new AbortController();
  let calls = 0;
  const { client, clock } = rig(OK, {
    fetch: (_input, init) => {
      if (++calls === 1) controller.abort("from within");
      return init?.signal?.aborted ? Promise.reject(init.signal.reason) : Promise.resolve(Response.json(1));
    },
  });
  const first = watch(client.json(URL_A, { signal: controller.signal }));
  const second = watch(client.json(URL_A));
  await clock.advance(60_000);

  assertEquals([first.state, first.error], ["rejected", "from within"]);
  assertEquals([second.state, second.value], ["fulfilled", 1]);
});

test("single-flight × abort: who leaves from within an event takes nobody along", async () => {
  for (const type of ["queued", "permit", "attempt", "headers"]) {
    const controller = new AbortController();
    const { client, clock } = rig(OK);
    using _listening = client.on((event) => {
      if (event.type === type) controller.abort("from within");
    });
    const first = watch(client.json(URL_A, { signal: controller.signal }));
    const second = watch(client.json(URL_A));
    await clock.advance(60_000);

    assertEquals([first.state, first.error], ["rejected", "from within"], type);
    assertEquals([second.state, second.value], ["fulfilled", { ok: true }], type);
  }
});

testBothWays(
  "single-flight × failure: a failure is shared, not repeated, and not remembered",
  async (rig) => {
    const { client, origin, run } = rig([status(503), status(503), OK], { maxRetries: 1 });
    const outcomes = await run(client.settle(Array(10).fill(URL_A), { concurrency: 10 }));

    for (const outcome of outcomes) {
      assert(!outcome.ok && outcome.error instanceof HttpError);
      assertEquals([outcome.error.status, outcome.error.attempts, outcome.error.body], [
        503,
        2,
        "status 503",
      ]);
    }
    assertEquals(origin.calls, 2);
    assertEquals(await run(client.json(URL_A)), { ok: true });
  },
);

testBothWays(
  "single-flight × total timeout: each caller has its own, and the work goes on for the patient",
  async (rig) => {
    for (const order of ["hurried first", "patient first"]) {
      const clock = new ManualClock();
      const { client, origin } = rig(late(clock, 5_000, OK), {}, { clock });
      const start = (totalTimeoutMs: number) => watch(client.json(URL_A, { totalTimeoutMs }));
      const [hurried, patient] = order === "hurried first"
        ? [start(1_000), start(9_000)]
        : [start(9_000), start(1_000)].reverse();
      await clock.advance(1_000);

      assertEquals(hurried!.state, "rejected", order);
      assert(hurried!.error instanceof TimeoutError && hurried!.error.kind === "total");
      await clock.advance(4_000);
      assertEquals(patient!.value, { ok: true }, order);
      assert(origin.calls <= 2);
      assertEquals([origin.open, clock.pending], [0, 0]);
    }
  },
);

testBothWays(
  "single-flight × headers: requests of other people or for other forms are not the same",
  async (rig) => {
    const { client, origin, run } = rig((sent) => json(sent.headers.get("authorization"))(sent));
    const headers = [
      { authorization: "alice" },
      { authorization: "bob" },
      { Authorization: "alice" },
      { authorization: "alice", accept: "application/json" },
      {},
    ];
    const values = await run(Promise.all(headers.map((headers) => client.json({ url: URL_A, headers }))));

    assertEquals(values, ["alice", "bob", "alice", "alice", null]);
    assertEquals(origin.calls, 4);
  },
);

testBothWays("single-flight × options: what a caller asked for is what it gets", async (rig) => {
  const { client, run } = rig(json({ n: 1 }));
  const variants: RequestOptions[] = [{}, { maxBodyBytes: 1_000 }, { timeoutMs: 50 }, { maxRetries: 0 }];
  const [value, textual, bytes, limited] = await run(Promise.all([
    client.json(URL_A),
    client.text(URL_A),
    client.bytes(URL_A),
    client.json(URL_A, { maxBodyBytes: 3 }).catch((error) => error.reason),
    ...variants.map((options) => client.json(URL_A, options)),
  ]));

  assertEquals([value, textual, limited], [{ n: 1 }, '{"n":1}', "too-large"]);
  assertEquals(bytes, new TextEncoder().encode('{"n":1}'));
});

testBothWays("single-flight × methods: only GET is shared", async (rig) => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
    const { client, origin, run } = rig(OK);
    await run(Promise.all([client.json({ url: URL_A, method }), client.json({ url: URL_A, method })]));

    assertEquals(origin.calls, 2, method);
  }
});

testBothWays("single-flight × values: everybody gets a value of its own, also with a cache", async (rig) => {
  for (const cache of [false, planOf()] as const) {
    const { client, origin, run } = rig(json({ list: [1] }), { cache });
    const [first, second] = await run(Promise.all([client.json(URL_A), client.json(URL_A)])) as {
      list: number[];
    }[];
    first!.list.push(2);
    const third = await run(client.json(URL_A)) as { list: number[] };

    assertNotStrictEquals(first, second);
    assertEquals([second!.list, third.list], [[1], [1]]);
    assertEquals(origin.calls, cache === false ? 2 : 1);
  }
});

testBothWays(
  "single-flight × batch: the same URL many times is one call, and every outcome has its place",
  async (rig) => {
    const { client, origin, run } = rig(OK, { concurrency: 10 });
    const outcomes = await run(client.settle(Array(10).fill(URL_A)));

    assertEquals(outcomes.map(({ index }) => index), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assertEquals(outcomes.filter(({ ok }) => ok).length, 10);
    assertEquals(outcomes.filter((outcome) => outcome.ok && outcome.from === "shared").length, 9);
    assertEquals(origin.calls, 1);
  },
);

testBothWays("single-flight × close: everybody is told, with the reason", async (rig) => {
  for (const reply of [hanging(), stalled()]) {
    const { client, clock, origin } = rig(reply);
    const requests = [client.json(URL_A), client.json(URL_A), client.json(URL_A)].map(watch);
    await clock.advance(0);
    const reason = new Error("closed");
    await client.close(reason);
    await clock.advance(0);

    for (const request of requests) assertStrictEquals(request.error, reason);
    assertEquals([origin.calls, origin.open, clock.pending], [1, 0, 0]);
  }
});

testBothWays("single-flight × Client.fetch(): a stream is nobody else's", async (rig) => {
  const { client, origin, run } = rig(OK);
  const [first, second] = await run(Promise.all([client.fetch(URL_A), client.fetch(URL_A)]));

  assertEquals(await Promise.all([first.json(), second.json()]), [{ ok: true }, { ok: true }]);
  assertEquals(origin.calls, 2);
});

testBothWays(
  "single-flight × abort × timeout: an attempt whose own caller has left times out for those who wait",
  async (rig) => {
    const { client, clock, origin } = rig([hanging(), OK], {
      timeoutMs: 1_000,
      backoff: { baseMs: 0, maxMs: 0 },
    });
    const controller = new AbortController();
    const first = watch(client.json(URL_A, { signal: controller.signal }));
    const second = watch(client.json(URL_A));
    await clock.advance(100);
    controller.abort("enough");
    await clock.advance(0);
    assertEquals([first.error, second.state, origin.calls], ["enough", "pending", 1]);
    await clock.advance(1_000);

    assertEquals([second.value, origin.calls], [{ ok: true }, 2]);
    assertEquals([clock.pending, client.stats().inFlight, origin.open], [0, 0, 0]);
  },
);

testBothWays(
  "single-flight × batch: a request that has left its batch takes no place there, however long it goes on for others",
  async (rig) => {
    const clock = new ManualClock();
    const slowly: Reply = (sent) => late(clock, sent.url.endsWith("/a") ? 1_400 : 10, OK)(sent);
    const { client } = rig(slowly, { concurrency: 1, totalTimeoutMs: 1_500 }, { clock });
    const urls = ["a", "b", "c"].map((name) => `https://a.test/${name}`);
    // This call holds the only permit for so long that the batch's first request reaches its total timeout before its answer.
    const busy = watch(client.json("https://a.test/x/a"));
    await clock.advance(0);
    const own = watch(client.settle(urls.map((url) => ({ url })), { concurrency: 1 }));
    await clock.advance(1_400);
    assertEquals(busy.state, "fulfilled");
    const joined = watch(client.settle([urls[0]!]));
    await clock.advance(100_000);

    assertEquals([own.state, joined.state], ["fulfilled", "fulfilled"]);
    assertEquals([clock.pending, client.stats().inFlight], [0, 0]);
  },
);

testBothWays(
  "single-flight × batch × abort: what others wait for goes on, though its own batch was aborted in a backoff",
  async (rig) => {
    const seen = new Set<string>();
    const reply: Reply = (sent) => {
      const isFirst = !seen.has(sent.url);
      seen.add(sent.url);
      return isFirst ? status(503)(sent) : OK(sent);
    };
    const { client, clock } = rig(reply, { retryBudget: false, circuitBreaker: false });
    const urls = ["a", "b", "c", "d"].map((name) => `https://a.test/${name}`);
    const controller = new AbortController();
    const own = watch(client.all(urls, { concurrency: 1, signal: controller.signal }));
    await clock.advance(100);
    // All requests of the batch have failed once, and sleep in their backoff.
    const others = watch(client.settle(urls));
    await clock.advance(100);
    controller.abort("enough");
    await clock.advance(100_000);

    assertEquals([own.error, others.state], ["enough", "fulfilled"]);
    assertEquals((others.value ?? []).map(({ ok }) => ok), [true, true, true, true]);
    assertEquals([clock.pending, client.stats().inFlight], [0, 0]);
  },
);

testBothWays(
  "single-flight × batch: a request that goes on for a single caller alone waits for no place in its batch",
  async (rig) => {
    const clock = new ManualClock();
    const replies = [status(503), late(clock, 60_000, OK), OK];
    const { client, origin } = rig(replies, { circuitBreaker: { onOpen: "wait" } }, { clock });
    const controller = new AbortController();
    const requests = [{ url: URL_A, signal: controller.signal }, "https://a.test/slow"];
    const batch = watch(client.settle(requests, { concurrency: 1 }));
    await clock.advance(1_000);
    const single = watch(client.json(URL_A));
    await clock.advance(2_000);
    // The backoff of the first request is over, but the second one holds the only place of the batch.
    assertEquals(origin.calls, 2);
    controller.abort();
    await clock.advance(0);

    assertEquals([origin.calls, single.value, batch.state], [3, { ok: true }, "pending"]);
    await client[Symbol.asyncDispose]();
  },
);
