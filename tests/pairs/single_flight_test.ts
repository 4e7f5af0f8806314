import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { type ClientOptions, HttpError, memoryCache, type RequestOptions, TimeoutError } from "../../mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { hanging, json, late, lateBody, type Reply, stalled, status } from "../policies/fake_origin.ts";
import { rig, URL_A } from "../policies/rig.ts";
import { microtasks, track } from "../primitives/tracked_promise.ts";
import { test } from "../support/test.ts";

const OK = json({ ok: true });

/** Where the first of two callers is when it leaves; the work takes 10 seconds at most. */
const STATIONS: readonly [name: string, reply: (clock: ManualClock) => readonly Reply[], ClientOptions][] = [
  ["the headers", (clock) => [late(clock, 5_000, OK)], {}],
  ["the body", (clock) => [lateBody(clock, 5_000, '{"ok":true}')], {}],
  ["a backoff", () => [status(503), OK], {}],
  ["the queue for a permit", (clock) => [late(clock, 5_000, OK), OK], { concurrency: 1 }],
  ["the queue for a token", () => [OK], { rateLimit: { limit: 1, intervalMs: 5_000 } }],
];

for (const [name, replies, options] of STATIONS) {
  for (const leaving of [0, 1]) {
    test(`single-flight × abort: caller ${leaving + 1} of 2 leaves in ${name}, and the other gets its value`, async () => {
      const clock = new ManualClock();
      const { client, origin } = rig(replies(clock), options, { clock });
      if (name.includes("queue")) client.json("https://a.test/first").catch(() => {});
      const controllers = [new AbortController(), new AbortController()];
      const requests = controllers.map(({ signal }) => track(client.json(URL_A, { signal })));
      await clock.advance(1_000);
      controllers[leaving]!.abort("left");
      await microtasks(100);
      assertEquals(requests.map(({ state }) => state)[leaving], "rejected");
      assertEquals(requests[leaving]!.reason, "left");

      await clock.advance(20_000);
      assertEquals(requests[1 - leaving]!.value, { ok: true });
      const expected = name === "a backoff" ? 2 : 1;
      assertEquals(origin.sent.filter(({ url }) => url === URL_A).length, expected);
      assertEquals([origin.open, clock.pending, client.stats().inFlight], [0, 0, 0]);
    });
  }

  test(`single-flight × abort: when both callers leave in ${name}, the work stops, and the next caller begins anew`, async () => {
    const clock = new ManualClock();
    const { client, origin } = rig(replies(clock), options, { clock });
    if (name.includes("queue")) client.json("https://a.test/first").catch(() => {});
    const controllers = [new AbortController(), new AbortController()];
    const requests = controllers.map(({ signal }) => track(client.json(URL_A, { signal })));
    await clock.advance(1_000);
    const before = origin.calls;
    for (const { abort } of controllers.map((controller) => ({ abort: () => controller.abort("left") }))) {
      abort();
    }
    const next = track(client.json(URL_A));
    await microtasks(100);
    assertEquals(requests.map(({ state }) => state), ["rejected", "rejected"]);

    await clock.advance(20_000);
    assertEquals(next.value, { ok: true });
    assert(origin.calls > before);
    assertEquals([origin.open, clock.pending, client.stats().inFlight], [0, 0, 0]);
  });
}

test("single-flight × abort: who leaves from within `fetch` takes nobody along", async () => {
  const controller = new AbortController();
  let calls = 0;
  const { client, clock } = rig(OK, {
    fetch: (_input, init) => {
      if (++calls === 1) controller.abort("from within");
      return init?.signal?.aborted ? Promise.reject(init.signal.reason) : Promise.resolve(Response.json(1));
    },
  });
  const first = track(client.json(URL_A, { signal: controller.signal }));
  const second = track(client.json(URL_A));
  await clock.advance(60_000);

  assertEquals([first.state, first.reason], ["rejected", "from within"]);
  assertEquals([second.state, second.value], ["fulfilled", 1]);
});

test("single-flight × abort: who leaves from within an event takes nobody along", async () => {
  for (const type of ["queued", "permit", "attempt", "headers"]) {
    const controller = new AbortController();
    const { client, clock } = rig(OK);
    using _listening = client.on((event) => {
      if (event.type === type) controller.abort("from within");
    });
    const first = track(client.json(URL_A, { signal: controller.signal }));
    const second = track(client.json(URL_A));
    await clock.advance(60_000);

    assertEquals([first.state, first.reason], ["rejected", "from within"], type);
    assertEquals([second.state, second.value], ["fulfilled", { ok: true }], type);
  }
});

test("single-flight × failure: a failure is shared, not repeated, and not remembered", async () => {
  const { client, origin, run } = rig([status(503), status(503), OK], { maxRetries: 1 });
  const outcomes = await run(client.settle(Array(10).fill(URL_A), { concurrency: 10 }));

  for (const outcome of outcomes) {
    assert(!outcome.ok && outcome.error instanceof HttpError);
    assertEquals([outcome.error.status, outcome.error.attempts, outcome.error.body], [503, 2, "status 503"]);
  }
  assertEquals(origin.calls, 2);
  assertEquals(await run(client.json(URL_A)), { ok: true });
});

test("single-flight × total timeout: each caller has its own, and the work goes on for the patient", async () => {
  for (const order of ["hurried first", "patient first"]) {
    const clock = new ManualClock();
    const { client, origin } = rig(late(clock, 5_000, OK), {}, { clock });
    const start = (totalTimeoutMs: number) => track(client.json(URL_A, { totalTimeoutMs }));
    const [hurried, patient] = order === "hurried first"
      ? [start(1_000), start(9_000)]
      : [start(9_000), start(1_000)].reverse();
    await clock.advance(1_000);

    assertEquals(hurried!.state, "rejected", order);
    assert(hurried!.reason instanceof TimeoutError && hurried!.reason.kind === "total");
    await clock.advance(4_000);
    assertEquals(patient!.value, { ok: true }, order);
    assert(origin.calls <= 2);
    assertEquals([origin.open, clock.pending], [0, 0]);
  }
});

test("single-flight × headers: requests of other people or for other forms are not the same", async () => {
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
});

test("single-flight × options: what a caller asked for is what it gets", async () => {
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

test("single-flight × methods: only GET is shared", async () => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
    const { client, origin, run } = rig(OK);
    await run(Promise.all([client.json({ url: URL_A, method }), client.json({ url: URL_A, method })]));

    assertEquals(origin.calls, 2, method);
  }
});

test("single-flight × values: everybody gets a value of its own, also with a cache", async () => {
  for (const cache of [false, memoryCache()] as const) {
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

test("single-flight × batch: the same URL many times is one call, and every outcome has its place", async () => {
  const { client, origin, run } = rig(OK, { concurrency: 10 });
  const outcomes = await run(client.settle(Array(10).fill(URL_A)));

  assertEquals(outcomes.map(({ index }) => index), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(outcomes.filter(({ ok }) => ok).length, 10);
  assertEquals(outcomes.filter((outcome) => outcome.ok && outcome.from === "shared").length, 9);
  assertEquals(origin.calls, 1);
});

test("single-flight × close: everybody is told, with the reason", async () => {
  for (const reply of [hanging(), stalled()]) {
    const { client, clock, origin } = rig(reply);
    const requests = [client.json(URL_A), client.json(URL_A), client.json(URL_A)].map(track);
    await clock.advance(0);
    const reason = new Error("closed");
    await client.close(reason);
    await clock.advance(0);

    for (const request of requests) assertStrictEquals(request.reason, reason);
    assertEquals([origin.calls, origin.open, clock.pending], [1, 0, 0]);
  }
});

test("single-flight × Client.fetch(): a stream is nobody else's", async () => {
  const { client, origin, run } = rig(OK);
  const [first, second] = await run(Promise.all([client.fetch(URL_A), client.fetch(URL_A)]));

  assertEquals(await Promise.all([first.json(), second.json()]), [{ ok: true }, { ok: true }]);
  assertEquals(origin.calls, 2);
});
