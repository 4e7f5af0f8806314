import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { type ClientOptions, createClient, HttpError } from "../../mod.ts";
import { planOf } from "../http_cache/plan_of.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { RetryBudget } from "../../src/primitives/retry_budget.ts";
import { eventLoopTurn } from "../../src/testing/event_loop_turn.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { rejection, watch } from "../support/settled.ts";
import { json, late, type Reply, status } from "../policies/fake_origin.ts";
import { testBothWays } from "../policies/rig.ts";
import { test } from "../support/test.ts";

const ORIGIN = "https://a.test";
const numbered = (count: number, first = 0): string[] =>
  Array.from({ length: count }, (_, index) => `${ORIGIN}/${first + index}`);

/** Answers every request after 20 ms; the first request for each chosen URL gets the failure. */
function failingOnce(clock: ManualClock, isChosen: (url: string) => boolean, failure: Reply): Reply {
  const failed = new Set<string>();
  return (sent) => {
    const fails = isChosen(sent.url) && !failed.has(sent.url);
    failed.add(sent.url);
    return late(clock, 20, fails ? failure : json(1))(sent);
  };
}

testBothWays("429 × batch: everybody waits as long as the server asks, and is served (S4)", async (rig) => {
  const clock = new ManualClock();
  let servedInWindow = 0;
  let windowAtMs = 0;
  const { client, run } = rig(
    (sent) => {
      if (clock.now() - windowAtMs >= 2_000) [windowAtMs, servedInWindow] = [clock.now(), 0];
      return ++servedInWindow > 7 ? status(429, { "retry-after": "2" })(sent) : json(1)(sent);
    },
    {},
    { clock },
  );
  const outcomes = await run(client.settle(numbered(30)));

  assertEquals(outcomes.filter(({ ok }) => !ok), []);
  assertEquals(client.stats().origins[ORIGIN]?.breaker, "closed");
});

testBothWays("backoff × batch: who sleeps takes no place of the batch (S13)", async (rig) => {
  const clock = new ManualClock();
  const reply = failingOnce(clock, (url) => Number(url.split("/").at(-1)) % 10 === 0, status(502));
  const { client, run, origin } = rig(reply, { concurrency: 5, circuitBreaker: false }, { clock });
  const outcomes = await run(client.settle(numbered(200)));

  assertEquals(outcomes.filter(({ ok }) => !ok), []);
  assertEquals(origin.peak, 5);
  // 220 attempts take 20 ms each, five at once. The backoffs of twenty requests hold no permits.
  assert(clock.now() < 1.5 * 220 * 20 / 5, `${clock.now()}`);
});

testBothWays(
  "backoff × breaker × end of a batch: somebody probes an origin of which only sleeping requests are left",
  async (rig) => {
    const clock = new ManualClock();
    let served = 0;
    let backAtMs = Infinity;
    const { client, run } = rig(
      late(clock, 20, (sent) => {
        if (backAtMs === Infinity && served === 260) backAtMs = clock.now() + 1_000;
        if (backAtMs !== Infinity && clock.now() < backAtMs) return status(503)(sent);
        served++;
        return json(1)(sent);
      }),
      {},
      { clock },
    );
    const outcomes = await run(client.settle(numbered(300)));

    assertEquals(outcomes.filter(({ ok }) => !ok), []);
    assert(clock.now() < backAtMs + 1_000, `${clock.now() - backAtMs}`);
  },
);

testBothWays(
  "backoff × test: the last requests of a batch outlive an outage that they alone have met",
  async (rig) => {
    // At first the last request tests whether its origin is back, and sleeps on. In the end it has one retry more than usual.
    for (
      const [outageMs, triedAtMs] of [[1_000, [0, 270, 2_020]], [18_000, [
        0,
        270,
        2_020,
        2_540,
        6_040,
        7_060,
        14_060,
        22_080,
      ]]] as const
    ) {
      const clock = new ManualClock();
      const tried: number[] = [];
      let served = 0;
      const { run, client } = rig(
        late(clock, 20, (sent) => {
          if (served < 29) return served++, json(1)(sent);
          tried.push(clock.now());
          return clock.now() < tried[0]! + outageMs ? status(503)(sent) : json(1)(sent);
        }),
        { random: () => 0 },
        { clock },
      );
      const outcomes = await run(client.settle(numbered(30)));

      assertEquals(outcomes.filter(({ ok }) => !ok), []);
      assertEquals(tried.map((ms) => ms - tried[0]!), [...triedAtMs]);
    }
  },
);

testBothWays("backoff × single calls: a batch is as fast as as many single calls", async (rig) => {
  const times: number[] = [];
  for (const isBatch of [true, false]) {
    const clock = new ManualClock();
    const reply = failingOnce(clock, (url) => url.endsWith("3"), status(503));
    const { client, run } = rig(reply, { concurrency: 4, circuitBreaker: false }, { clock });
    await run<unknown>(
      isBatch
        ? client.settle(numbered(100), { concurrency: 4 })
        : Promise.all(numbered(100).map((url) => client.json(url))),
    );
    times.push(clock.now());
  }
  assert(times[0]! <= times[1]!, `${times}`);
});

test("429 × streams: a stream without end does not hold the only place of its origin for ever (S11)", async () => {
  const clock = new ManualClock();
  let isRefused = true;
  await using client = createClient({
    clock,
    timeoutMs: 5_000,
    fetch: (input) => {
      if (String(input).endsWith("/events")) return Promise.resolve(new Response(new ReadableStream()));
      if (!isRefused) return Promise.resolve(Response.json(1));
      isRefused = false;
      return Promise.resolve(new Response("", { status: 429, headers: { "retry-after": "1" } }));
    },
  });
  const stream = await client.fetch(`${ORIGIN}/events`, {}, { idleTimeoutMs: 3_600_000 });
  const read = rejection(stream.text());
  const value = watch(client.json(`${ORIGIN}/a`));
  await clock.advance(4_999);
  assertEquals([value.state, client.stats().origins[ORIGIN]?.limit], ["pending", 1]);
  await clock.advance(1);
  assertEquals([value.state, client.stats().origins[ORIGIN]?.limit], ["fulfilled", 2]);
  assertEquals(await clock.run(client.json(`${ORIGIN}/b`)), 1);
  client.close();
  await read;
});

test("mirrors × pauses: of mirrors that all asked to wait, the one that is free first is asked (S15)", async () => {
  for (const [waits, expected] of [[["9", "30", "2"], "c"], [["1", "30", "20"], "a"]] as const) {
    const clock = new ManualClock();
    let isCalm = false;
    const client = createClient({
      clock,
      maxRetries: 0,
      baseUrls: ["https://a.test", "https://b.test", "https://c.test"],
      fetch: (input) => {
        const host = new URL(String(input)).host[0]!;
        const wait = waits["abc".indexOf(host)]!;
        return Promise.resolve(
          isCalm ? Response.json(host) : new Response("", { status: 429, headers: { "retry-after": wait } }),
        );
      },
    });
    await clock.run(rejection(client.json("x")));
    isCalm = true;

    assertEquals(await clock.run(client.json("y")), expected);
    assertEquals(clock.now(), 1_000 * Math.min(...waits.map(Number)));
  }
});

testBothWays(
  "throwing random × permits: what the caller's own code throws leaves no permit behind",
  async (rig) => {
    const replies = [status(500), status(503), json(1)];
    const { client } = rig(replies, {
      concurrency: 1,
      random: () => {
        throw new Error("no chance");
      },
    });
    for (let index = 0; index < 2; index++) {
      const error = await rejection(client.json(`${ORIGIN}/${index}`));
      assertInstanceOf(error, Error);
      assertEquals(error.message, "no chance");
    }
    assertEquals(await client.json(`${ORIGIN}/2`), 1);
    assertEquals(client.stats().inFlight, 0);
  },
);

testBothWays(
  "single-flight × priority: an urgent request does not wait as long as the one that it joins",
  async (rig) => {
    const clock = new ManualClock();
    const { client, run, origin } = rig(late(clock, 10, json(1)), { concurrency: 1 }, { clock });
    const all = [
      client.json(`${ORIGIN}/running`),
      client.json(`${ORIGIN}/x`, { priority: -5 }),
      ...numbered(6).map((url) => client.json(url, { priority: 1 })),
      client.json(`${ORIGIN}/x`, { priority: 3 }),
    ];
    await run(Promise.all(all));

    assertEquals(origin.sent.map(({ url }) => url.split("/").at(-1)).indexOf("x"), 1);
  },
);

test("budget × cache: a request that the cache has kept counts for when it is sent (S10)", async () => {
  const clock = new ManualClock();
  const slow = memoryCache();
  let isDown = false;
  const client = createClient({
    clock,
    random: () => 0,
    maxRetries: 1,
    concurrency: 100,
    circuitBreaker: false,
    backoff: { baseMs: 1, jitter: "none" },
    retryBudget: { ratio: 0.5, minPerSecond: 0, windowMs: 4_000 },
    cache: planOf({
      adapter: {
        ...slow,
        get: () => new Promise((resolve) => clock.setTimeout(() => resolve(undefined), 3_500)),
        set: () => false,
        delete: () => false,
      },
    }),
    fetch: () => Promise.resolve(isDown ? new Response("", { status: 500 }) : Response.json(1)),
  });
  const early = watch(client.json(`${ORIGIN}/early`));
  await clock.advance(3_400);
  await clock.run(Promise.all(numbered(10).map((url) => client.json(url, { cache: "no-store" }))));
  await clock.advance(600);
  assertEquals(early.state, "fulfilled");
  isDown = true;
  await clock.run(rejection(client.json(`${ORIGIN}/down`, { cache: "no-store" })));

  assertEquals(client.stats().retried, 1);
});

test("tokens × one turn: requests of one turn are sent in their order, also when a token comes in between (S12)", async () => {
  let nowMs = 0;
  const clock = {
    // Each reading of the clock takes time, so that tokens arrive while requests are made.
    now: () => (nowMs += 0.3),
    wallNow: () => Date.now(),
    setTimeout: (callback: () => void, delayMs: number) =>
      setTimeout(() => {
        nowMs += delayMs;
        callback();
      }, 0),
    clearTimeout: (handle: unknown) => clearTimeout(handle as number),
  };
  const sent: number[] = [];
  for (const listens of [true, false]) {
    const client = createClient({
      clock,
      concurrency: 50,
      rateLimit: { limit: 500, intervalMs: 1_000, burst: 2 },
      fetch: (input) => {
        sent.push(Number(String(input).split("/").at(-1)));
        return Promise.resolve(Response.json(1));
      },
    });
    if (listens) client.on(() => {});
    await Promise.all(numbered(25).map((url) => client.json(url)));
    assertEquals(sent.splice(0), Array.from({ length: 25 }, (_, index) => index));
    await client.close();
  }
});

test("mirrors × errors: an error names the mirror that answered, and says what the others did (S15)", async () => {
  const clock = new ManualClock();
  const cases: readonly [string, ClientOptions["circuitBreaker"]][] = [
    ["a", false],
    ["b", { threshold: 1, cooldownMs: 60_000 }],
  ];
  for (const [answering, circuitBreaker] of cases) {
    const client = createClient({
      clock,
      maxRetries: 0,
      circuitBreaker,
      notFoundIsFinal: false,
      baseUrls: ["https://a.test/x", "https://b.test/y"],
      fetch: (input) =>
        String(input).includes(`//${answering}.`)
          ? Promise.resolve(new Response(`from ${answering}`, { status: 503 }))
          : Promise.resolve(new Response("nothing", { status: 404 })),
    });
    const error = await clock.run(rejection(client.json("file.json")));
    assertInstanceOf(error, HttpError);
    const path = answering === "a" ? "x" : "y";
    assertEquals([error.status, error.url, error.body], [
      503,
      `https://${answering}.test/${path}/file.json`,
      `from ${answering}`,
    ]);
    const told = (error.context.mirrors as { failure: string }[]).map(({ failure }) => failure).sort();
    assertEquals(told, ["status 404", "status 503"]);
  }
});

for (const how of ["close", "signal"] as const) {
  test(`${how} × a source that is waited for: the batch ends with the reason (S13)`, async () => {
    const controller = new AbortController();
    const client = createClient({
      signal: controller.signal,
      fetch: () => Promise.resolve(Response.json(1)),
    });
    let closed = 0;
    const hanging = (): AsyncIterable<string> => ({
      [Symbol.asyncIterator]: () => {
        let asked = 0;
        return {
          next: () =>
            asked++ < 2
              ? Promise.resolve({ done: false, value: `${ORIGIN}/${asked}` })
              : new Promise<never>(() => {}),
          return: () => {
            closed++;
            return Promise.resolve({ done: true, value: undefined });
          },
        };
      },
    });
    const stream = client.stream(hanging());
    assert((await stream.next()).value?.ok);
    assert((await stream.next()).value?.ok);
    const pending = [
      rejection(stream.next()),
      rejection(client.settle(hanging())),
      rejection(client.all(hanging())),
    ];
    // Each call waits for a source that does not answer.
    await eventLoopTurn();
    const reason = new Error("bye");
    if (how === "close") await client.close(reason);
    else controller.abort(reason);

    assertEquals(await Promise.all(pending), [reason, reason, reason]);
    assertEquals(closed, 3);
  });
}

testBothWays(
  "breaker × permits: an origin that is back gets its probe, however long permits are waited for (S14)",
  async (rig) => {
    const clock = new ManualClock();
    let isUp = false;
    const { client, run } = rig(
      (sent) => {
        if (!sent.url.includes("//b.")) return late(clock, 700, json(1))(sent);
        return (isUp ? json(2) : status(500))(sent);
      },
      { concurrency: 1, maxRetries: 0, circuitBreaker: { threshold: 1, cooldownMs: 500 } },
      { clock },
    );
    await run(rejection(client.json("https://b.test/first")));
    isUp = true;
    let isOver = false;
    const busy = Array.from({ length: 3 }, async (_, worker) => {
      for (let index = 0; !isOver; index++) await client.json(`${ORIGIN}/${worker}/${index}`);
    });
    let served = 0;
    for (let index = 0; index < 40; index++) {
      client.json(`https://b.test/${index}`).then(() => served++, () => {});
      await clock.advance(400);
    }
    isOver = true;
    await run(Promise.all(busy));

    assert(served > 20, `${served} of 40`);
    assertEquals(client.stats().origins["https://b.test"]?.breaker, "closed");
  },
);

testBothWays(
  "single-flight × change: a read after a write is no earlier answer, whatever its options",
  async (rig) => {
    const clock = new ManualClock();
    let version = 1;
    let reads = 0;
    const { client, run } = rig(
      (sent) => {
        if (sent.method === "DELETE") version++;
        const seen = version;
        return sent.method === "DELETE" ? status(204)(sent) : late(clock, 50 * ++reads, json(seen))(sent);
      },
      {},
      { clock },
    );
    const url = `${ORIGIN}/doc`;
    const early = [
      client.json(url),
      client.json(url, { maxRetries: 2 }),
      client.json(`${url}#part`, { timeoutMs: 9_000 }),
    ];
    await clock.advance(60);
    await run(client.json({ url, method: "DELETE" }));
    const after = [client.json(url, { timeoutMs: 9_000 }), client.json(url, { maxRetries: 2 })];

    assertEquals(await run(Promise.all(after)), [2, 2]);
    assertEquals(await run(Promise.all(early)), [1, 1, 1]);
  },
);

testBothWays(
  "stats × drains: a request that waits for the permit of a body that nobody wants is queued",
  async (rig) => {
    const clock = new ManualClock();
    let pulls = 0;
    const dripping: Reply = () =>
      new Response(
        new ReadableStream<Uint8Array<ArrayBuffer>>({
          pull: async (controller) => {
            await new Promise<void>((resolve) => clock.setTimeout(resolve, 30));
            controller.enqueue(new Uint8Array([++pulls % 100]));
          },
        }, { highWaterMark: 0 }),
        { status: 410 },
      );
    const { client, run } = rig([dripping, json(1)], { concurrency: 1, maxRetries: 0 }, { clock });
    await run(rejection(client.json(`${ORIGIN}/gone`)));
    const next = watch(client.json(`${ORIGIN}/next`));
    await clock.advance(20);
    assertEquals([client.stats().queued, client.stats().inFlight, next.state], [1, 1, "pending"]);
    await clock.advance(1_000);
    assertEquals([client.stats().queued, client.stats().inFlight, next.state], [0, 0, "fulfilled"]);
  },
);

test("budget × breaker: an origin that was down once and is not asked any more takes no retries from others (S10)", async () => {
  for (const down of [0, 1, 3]) {
    const clock = new ManualClock();
    const asked = new Set<string>();
    await using client = createClient({
      clock,
      random: () => 0,
      backoff: { baseMs: 10, jitter: "none" },
      retryBudget: { ratio: 0, minPerSecond: 1 },
      circuitBreaker: { threshold: 2, cooldownMs: 1_000 },
      fetch: (url) => {
        const { host, href } = new URL(String(url));
        const fails = host.startsWith("down") || !asked.has(href);
        asked.add(href);
        return Promise.resolve(fails ? new Response("", { status: 503 }) : Response.json(1));
      },
    });
    for (let index = 0; index < down; index++) {
      const url = `https://down${index}.test/`;
      await clock.run(client.settle([url, `${url}2`], { maxRetries: 0 }));
      clock.jump(500);
    }
    const isDown = Object.values(client.stats().origins).map(({ breaker }) => breaker);
    assertEquals(isDown, Array.from({ length: down }, () => "open"));
    clock.jump(60_000);
    for (const url of numbered(60)) {
      clock.jump(1_200);
      assertEquals(await clock.run(client.json(url)), 1);
    }
  }
});

test("budget × several clients: retries are bounded for all together, whichever of them has seen an outage (S10)", async () => {
  for (const downMs of [0, 5_000, 15_000, 100_000]) {
    const clock = new ManualClock();
    const retryBudget = new RetryBudget({ ratio: 0, minPerSecond: 1, clock });
    let isDown = true;
    let sent = 0;
    const common = {
      clock,
      retryBudget,
      random: () => 0,
      maxRetries: 1,
      backoff: { baseMs: 1, factor: 1, jitter: "none" },
      fetch: (url) => {
        sent++;
        const isSound = String(url).endsWith("up");
        return Promise.resolve(isSound && !isDown ? Response.json(1) : new Response("", { status: 503 }));
      },
    } satisfies ClientOptions;
    await using first = createClient({ ...common, circuitBreaker: { threshold: 2, cooldownMs: 1_000 } });
    await using second = createClient({ ...common, circuitBreaker: false });
    if (downMs > 0) await clock.run(first.settle([`${ORIGIN}/1`, `${ORIGIN}/2`], { maxRetries: 0 }));
    clock.jump(downMs);
    isDown = false;
    assertEquals(await clock.run(first.json(`${ORIGIN}/up`)), 1);
    sent = 0;
    for (let index = 0; index < 50; index++) {
      await clock.run(first.outcome(`https://${index}.test/`));
      await clock.run(second.outcome(`https://b.test/${index}`));
    }
    assertEquals(sent - 100, 10);
  }
});
