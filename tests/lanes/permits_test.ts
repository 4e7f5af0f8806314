import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { type Client, createClient, InvalidDataError } from "../../mod.ts";
import { Semaphore } from "../../src/primitives/mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { testClientsBothWays } from "../client/fake_client.ts";
import { FakeNetwork } from "../client/fake_network.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { gate, rejection, watch } from "../support/settled.ts";
import { test } from "../support/test.ts";

const testBothWays = testClientsBothWays({ maxRetries: 0 });

testBothWays("S11: at no instant are more than `concurrency` bodies being fetched", async (setUp) => {
  for (const concurrency of [1, 3, 7]) {
    const random = seededRandom(concurrency);
    const { client, clock, network } = setUp(() => ({
      json: [1],
      afterMs: Math.floor(20 * random()),
      bodyMs: Math.floor(20 * random()),
    }), { concurrency });
    const single = Promise.all(numberedUrls(50, "b.test").map((url) => client.json(url)));
    const batch = client.settle(numberedUrls(100));
    const stream = Array.fromAsync(client.stream(numberedUrls(100, "c.test"), { ordered: true }));

    await clock.run(Promise.all([single, batch, stream]));
    assertEquals([network.peak, network.sent.length, network.open], [concurrency, 250, 0]);
  }
});

testBothWays("S11: 20 is the concurrency by default", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }));

  await clock.run(Promise.all(numberedUrls(60).map((url) => client.json(url))));
  assertEquals([network.peak, clock.now()], [20, 30]);
});

testBothWays(
  "S11: a permit is held until the body has been read, not until the headers came",
  async (setUp) => {
    const { client, clock, network } = setUp(() => ({ json: [1], afterMs: 1, bodyMs: 1_000 }), {
      concurrency: 2,
    });

    const all = client.all(numberedUrls(4));
    await clock.advance(500);
    assertEquals(network.sent.length, 2);
    await clock.run(all);
    assertEquals(network.sent.map(({ atMs }) => atMs), [0, 0, 1_001, 1_001]);
  },
);

testBothWays(
  "S11: unread bodies of client.fetch() that are large hold their permits until they are read or cancelled",
  async (setUp) => {
    const body = "0123456789".repeat(20_000);
    const { client, clock, network } = setUp(() => ({ body }), { concurrency: 2 });

    const [first, second] = await clock.run(Promise.all(numberedUrls(2).map((url) => client.fetch(url))));
    const third = watch(client.fetch("https://a.test/third"));
    const fourth = watch(client.text("https://a.test/fourth"));
    await clock.advance(1_000);
    assertEquals([network.sent.length, third.state, fourth.state], [2, "pending", "pending"]);

    await first!.text();
    await clock.advance(0);
    assertEquals([network.sent.length, third.state, fourth.state], [3, "fulfilled", "pending"]);
    await second!.body!.cancel();
    await clock.advance(0);
    assertEquals([network.sent.length, fourth.state], [4, "fulfilled"]);
    await third.value!.body!.cancel();
    await clock.advance(0);
    assertEquals([network.peak, network.open, client.stats().inFlight], [2, 0, 0]);
  },
);

testBothWays("S11: a response without a body holds no permit", async (setUp) => {
  const { client, clock } = setUp(({ method }) => ({ status: method === "HEAD" ? 200 : 204, body: null }), {
    concurrency: 1,
  });

  const empty = await clock.run(client.fetch("https://a.test/1"));
  const head = await clock.run(client.fetch("https://a.test/2", { method: "HEAD" }));
  assertEquals([empty.status, head.status, client.stats().inFlight, clock.pending], [204, 200, 0, 0]);
});

testBothWays("S11: an aborted attempt keeps its permit until the fetch has really ended", async (setUp) => {
  const deaf = gate();
  const { client, clock, network } = setUp(
    ({ url }) => url.endsWith("/deaf") ? { json: 1, gate: deaf.promise, deaf: true } : { json: 2 },
    { concurrency: 1 },
  );
  const controller = new AbortController();
  const reason = new Error("enough");

  const aborted = watch(client.json("https://a.test/deaf", { signal: controller.signal }));
  const next = watch(client.json("https://a.test/next"));
  await clock.advance(0);
  controller.abort(reason);
  await clock.advance(0);
  assertStrictEquals(aborted.error, reason);
  assertEquals([next.state, client.stats().inFlight, network.sent.length], ["pending", 1, 1]);
  deaf.open();
  await clock.advance(0);
  assertEquals([next.state, network.peak, client.stats().inFlight], ["fulfilled", 1, 0]);
});

testBothWays("S11: a timed out attempt keeps its permit until the fetch has really ended", async (setUp) => {
  const deaf = gate();
  const { client, clock, network } = setUp(
    ({ url }) => url.endsWith("/deaf") ? { json: 1, gate: deaf.promise, deaf: true } : { json: 2 },
    {
      concurrency: 1,
      timeoutMs: 100,
    },
  );

  const late = watch(client.json("https://a.test/deaf"));
  const next = watch(client.json("https://a.test/next"));
  await clock.advance(100);
  assertEquals([late.state, next.state, network.sent.length], ["rejected", "pending", 1]);
  deaf.open();
  await clock.advance(0);
  assertEquals([next.state, network.peak], ["fulfilled", 1]);
});

testBothWays("S11: every way to fail gives the permit back", async (setUp) => {
  const { client, clock, network } = setUp(({ url }) => {
    const name = url.split("/").at(-1)!;
    if (name === "throws") throw new Error("no fetch");
    if (name === "refused") return { error: new TypeError("refused") };
    if (name === "breaks") return { body: "0123", breaksWith: new TypeError("reset") };
    if (name === "html") return { body: "<html>" };
    if (name === "slow") return { json: 1, afterMs: 1e6 };
    if (name === "slowBody") return { body: "0123", bodyMs: 1e6 };
    if (name === "big") return { body: "0123456789" };
    return { status: Number(name), body: "why" };
  }, { concurrency: 1, circuitBreaker: false, timeoutMs: 100, maxBodyBytes: 5 });

  const names = ["throws", "refused", "breaks", "html", "slow", "slowBody", "big", "404", "500", "429"];
  const outcomes = await clock.run(client.settle(names.map((name) => `https://a.test/${name}`)));
  assertEquals(outcomes.filter(({ ok }) => ok), []);
  const big = outcomes[6]!;
  assert(!big.ok);
  assertInstanceOf(big.error, InvalidDataError);
  assertEquals(big.error.reason, "too-large");
  await clock.advance(1_000);
  assertEquals([client.stats().inFlight, network.peak, network.open, clock.pending], [0, 1, 0, 0]);
});

testBothWays("S11: requests get their permits in the order of their calls", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), { concurrency: 1 });

  await clock.run(Promise.all(numberedUrls(30).map((url) => client.json(url))));
  assertEquals(network.urls, numberedUrls(30));
});

testBothWays("S11: a higher priority goes first, and among equals the earlier call", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), { concurrency: 1 });
  const calls = [0, 5, -1, 5, 0, 9].map((priority, n) => client.json(`https://a.test/${n}`, { priority }));

  await clock.run(Promise.all(calls));
  assertEquals(network.urls.map((url) => Number(url.at(-1))), [0, 5, 1, 3, 4, 2]);
});

testBothWays(
  "S11: an aborted waiter leaves the queue at once, and the next one takes its place",
  async (setUp) => {
    const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), { concurrency: 1 });
    const controller = new AbortController();
    const { signal } = controller;

    const first = client.json("https://a.test/first");
    const waiters = numberedUrls(20, "gone.test").map((url) => rejection(client.json(url, { signal })));
    const last = client.json("https://a.test/last");
    await clock.advance(5);
    assertEquals(client.stats().queued, 21);
    controller.abort(new Error("enough"));
    await Promise.all(waiters);
    assertEquals(client.stats().queued, 1);
    await clock.run(Promise.all([first, last]));
    assertEquals([network.urls, clock.now()], [["https://a.test/first", "https://a.test/last"], 20]);
  },
);

testBothWays("S11: an abort that races the grant leaks no permit", async (setUp) => {
  for (let hops = 0; hops < 12; hops++) {
    const held = gate();
    const { client, clock, network } = setUp(
      ({ nth }) => nth === 1 ? { json: 1, gate: held.promise } : { json: 1 },
      {
        concurrency: 1,
      },
    );
    const controller = new AbortController();
    const first = client.json("https://a.test/x");
    const racing = watch(
      client.text("https://a.test/x", { signal: controller.signal, headers: { "x-a": "1" } }),
    );
    await clock.advance(0);
    held.open();
    for (let hop = 0; hop < hops; hop++) await null;
    controller.abort();
    await clock.run(first);
    await clock.advance(0);
    assert(racing.state !== "pending", `after ${hops} hops`);
    assertEquals([client.stats().inFlight, network.open], [0, 0], `after ${hops} hops`);
    assertEquals(await clock.run(client.json("https://a.test/y")), 1);
  }
});

test("S11: two clients share a semaphore", async () => {
  const semaphore = new Semaphore(3);
  const clock = new ManualClock();
  const network = new FakeNetwork(clock, () => ({ json: 1, afterMs: 10 }));
  const make = () => createClient({ fetch: network.fetch, clock, concurrency: semaphore });
  const [one, two] = [make(), make()];

  await clock.run(Promise.all([one.settle(numberedUrls(20)), two.settle(numberedUrls(20, "b.test"))]));
  assertEquals([network.peak, network.sent.length, semaphore.inUse, clock.now()], [3, 40, 0, 140]);
});

testBothWays("S11: a semaphore that is resized takes effect at once", async (setUp) => {
  const semaphore = new Semaphore(2);
  const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), { concurrency: semaphore });

  const all = Promise.all(numberedUrls(20).map((url) => client.json(url)));
  await clock.advance(5);
  semaphore.resize(6);
  await clock.advance(0);
  assertEquals(network.open, 6);
  semaphore.resize(1);
  await clock.advance(10);
  assertEquals(network.open, 1);
  await clock.run(all);
  assertEquals(network.peak, 6);
});

testBothWays(
  "S11: a batch takes no more than its own concurrency, and leaves the rest to others",
  async (setUp) => {
    const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), { concurrency: 4 });

    const batch = client.settle(numberedUrls(10), { concurrency: 3 });
    const single = client.json("https://b.test/single");
    await clock.run(single);
    assertEquals([clock.now(), network.peak], [10, 4]);
    await clock.run(batch);
    assertEquals(network.peak, 4);
  },
);

test("S11: no more bodies are open at a real server than `concurrency`, retries and aborts included", async () => {
  await using cdn = createSimulatedCdn({
    resources: (path) => path.startsWith("/f") ? { json: { path, filler: "x".repeat(20_000) } } : undefined,
    latency: 1,
    faults: [
      { kind: "status", status: 503, body: "x".repeat(20_000), nth: 1, probability: 0.3 },
      { kind: "cut", nth: 1, probability: 0.1 },
    ],
  });
  await using server = await cdn.listen();
  await using client = createClient({
    baseUrls: server.url,
    concurrency: 4,
    backoff: { baseMs: 1, jitterMs: 1 },
    retryBudget: false,
    circuitBreaker: false,
  });
  const controller = new AbortController();
  const aborted = rejection(
    client.settle(numberedUrls(20).map((_, n) => `f/aborted/${n}`), { signal: controller.signal }),
  );
  const outcomes = client.settle(Array.from({ length: 100 }, (_, n) => `f/${n}`));
  await client.json("f/first");
  controller.abort(new Error("enough"));

  assertEquals((await outcomes).filter(({ ok }) => !ok), []);
  await aborted;
  assert(cdn.log.peakOpenBodies <= 4, `${cdn.log.peakOpenBodies} bodies`);
  assertEquals(client.stats().inFlight, 0);
});

testBothWays(
  "permits go to the origin with the fewest under way, so that a slow one does not hold them all",
  async (setUp) => {
    const { client, clock, network } = setUp(
      ({ url }) => ({ json: 1, afterMs: url.includes("slow.test") ? 1_000 : 10 }),
      { concurrency: 4 },
    );
    const slow = Promise.all(numberedUrls(40, "slow.test").map((url) => client.json(url)));
    await clock.advance(1);
    const fast = Promise.all(numberedUrls(40, "fast.test").map((url) => client.json(url)));
    await clock.run(fast);

    // The slow origin held all permits until they came back at once. From then on each origin has its half.
    assertEquals(clock.now(), 1_000 + 40 / 2 * 10);
    await clock.run(slow);
    assertEquals(network.peak, 4);
  },
);

testBothWays("an origin may hold all permits while it is the only one", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), { concurrency: 4 });
  await clock.run(Promise.all(numberedUrls(40).map((url) => client.json(url))));
  assertEquals([network.peak, clock.now()], [4, 100]);
});

testBothWays(
  "requests of an origin are sent in the order of their priority, then of their arrival",
  async (setUp) => {
    const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), { concurrency: 1 });
    const priorities = [0, 0, 5, -1, 5, 0];
    await clock.run(
      Promise.all(numberedUrls(6).map((url, n) => client.json(url, { priority: priorities[n]! }))),
    );
    assertEquals(network.urls.map((url) => url.at(-1)).join(""), "024153");
  },
);

testBothWays(
  "a batch pulls no request before it can send it, and overtakes none that waits already",
  async (setUp) => {
    const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), { concurrency: 2 });
    let pulled = 0;
    function* source(): Generator<string> {
      for (const url of numberedUrls(10, "b.test")) {
        pulled++;
        yield url;
      }
    }
    const singles = numberedUrls(4).map((url) => client.json(url));
    const batch = client.settle(source());
    await clock.advance(0);
    assertEquals([network.sent.length, pulled], [2, 0]);
    await clock.run(Promise.all(singles));
    const batchBefore = network.urls.indexOf("https://b.test/0");
    assert(batchBefore >= 4 || batchBefore === -1, network.urls.join());
    await clock.run(batch);
    assertEquals(network.peak, 2);
  },
);

testBothWays("batches share the permits by taking turns", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), { concurrency: 2 });
  const batches = ["b.test", "c.test"].map((host) => client.settle(numberedUrls(20, host)));
  await clock.run(Promise.race(batches));
  const first = network.urls.slice(0, 20);
  const ofB = first.filter((url) => url.includes("b.test")).length;
  assert(ofB >= 8 && ofB <= 12, `${ofB} of 20`);
  await clock.run(Promise.all(batches));
});

testBothWays(
  "`perOrigin.concurrency` bounds each origin, and leaves the rest of the permits to others",
  async (setUp) => {
    const open = new Map<string, number>();
    const peaks = new Map<string, number>();
    const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), {
      concurrency: 5,
      perOrigin: { concurrency: 2 },
      fetch: async (input, init) => {
        const { host } = new URL(String(input));
        open.set(host, (open.get(host) ?? 0) + 1);
        peaks.set(host, Math.max(peaks.get(host) ?? 0, open.get(host)!));
        try {
          return await network.fetch(input as string, init);
        } finally {
          open.set(host, open.get(host)! - 1);
        }
      },
    });
    const a = client.settle(numberedUrls(20));
    const b = Promise.all(numberedUrls(20, "b.test").map((url) => client.json(url)));
    await clock.run(Promise.all([a, b]));
    assertEquals([...peaks.values()], [2, 2]);
    assertEquals(clock.now(), 100);
  },
);

testBothWays(
  "S11: a client leaves the line of a shared semaphore with the last request that waits",
  async (setUp) => {
    const leave = [
      (_client: Client, controller: AbortController) => controller.abort("enough"),
      (client: Client) => void client.close("enough"),
      (_client: Client, _controller: AbortController, clock: ManualClock) => clock.advance(1_000),
    ];
    for (const end of leave) {
      const semaphore = new Semaphore(1);
      const held = await semaphore.acquire();
      const { client, clock } = setUp(() => ({ json: 1 }), { concurrency: semaphore, totalTimeoutMs: 1_000 });
      const controller = new AbortController();
      const { signal } = controller;
      const calls = [
        watch<unknown>(client.json("https://a.test/1", { signal })),
        watch<unknown>(client.settle(numberedUrls(3, "b.test"), { signal, batchTimeoutMs: 1_000 })),
      ];
      await clock.advance(0);
      assertEquals(semaphore.waiting, 1);
      await end(client, controller, clock);
      await clock.advance(0);
      assertEquals([calls.map(({ state }) => state).includes("pending"), semaphore.waiting], [false, 0]);
      held.release();
      const next = semaphore.tryAcquire();
      assertEquals([next !== undefined, semaphore.inUse], [true, 1]);
    }
  },
);
