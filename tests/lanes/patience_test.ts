import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { CircuitOpenError, type ClientOptions, HttpError, NetworkError, TimeoutError } from "../../mod.ts";
import { Semaphore } from "../../src/primitives/mod.ts";
import { type FakeClient, fakeClient } from "../client/fake_client.ts";
import type { Answer, SentRequest } from "../client/fake_network.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { rejection, watch } from "../support/settled.ts";
import { bothWays } from "../policies/both_ways.ts";

const ORIGIN = "https://a.test";

function setUp(
  answer: (request: SentRequest) => Answer,
  options: ClientOptions = {},
  listens = true,
): FakeClient & { readonly open: () => Promise<void> } {
  const made = fakeClient((request) => request.url.endsWith("/fail") ? { status: 500 } : answer(request), {
    maxRetries: 0,
    circuitBreaker: { threshold: 1, cooldownMs: 1_000, onOpen: "wait" },
    ...options,
  });
  const { clock, client } = made;
  const open = async (): Promise<void> => {
    await clock.run(rejection(client.json(`${ORIGIN}/fail`)));
    assertEquals(client.stats().origins[ORIGIN]!.breaker, "open");
  };
  if (listens) client.on(() => {});
  return { ...made, open };
}

const testBothWays = bothWays(
  (listens) => (answer: (request: SentRequest) => Answer, options?: ClientOptions) =>
    setUp(answer, options, listens),
);

testBothWays(
  "onOpen: 'wait' waits for the cooldown, sends one probe, and lets the others follow its success",
  async (setUp) => {
    const { client, clock, network, open } = setUp(() => ({ json: 1, afterMs: 100 }));
    await open();

    const all = Promise.all(Array.from({ length: 10 }, (_, n) => client.json(`${ORIGIN}/${n}`)));
    await clock.advance(999);
    assertEquals(network.sent.length, 1);
    await clock.advance(51);
    assertEquals([network.sent.length, client.stats().origins[ORIGIN]!.breaker], [2, "half-open"]);
    assertEquals(await clock.run(all), Array(10).fill(1));
    assertEquals(network.sent.slice(1).map(({ atMs }) => atMs), [1_000, ...Array(9).fill(1_100)]);
    assertEquals(clock.pending, 0);
  },
);

testBothWays(
  "onOpen: 'wait' waits for another cooldown when the probe fails; cooldowns don't grow while requests wait",
  async (setUp) => {
    let probes = 0;
    const { client, clock, network, open } = setUp(() => probes++ < 3 ? { status: 500 } : { json: 1 });
    await open();

    const all = await clock.run(Promise.allSettled(
      Array.from({ length: 6 }, (_, n) => client.json(`${ORIGIN}/${n}`)),
    ));
    // A single request without retries fails with its probe.
    assertEquals(all.filter(({ status }) => status === "rejected").length, 3);
    for (const each of all) if (each.status === "rejected") assertInstanceOf(each.reason, HttpError);
    assertEquals(network.sent.slice(1).map(({ atMs }) => atMs), [1_000, 2_000, 3_000, 4_000, 4_000, 4_000]);
  },
);

testBothWays("onOpen: 'wait' waits no longer than the total deadline", async (setUp) => {
  const { client, clock, network, open } = setUp(() => ({ json: 1 }));
  await open();

  const error = await clock.run(rejection(client.json(`${ORIGIN}/x`, { totalTimeoutMs: 500 })));
  assertInstanceOf(error, NetworkError);
  assert(clock.now() <= 500, `${clock.now()}`);
  if (error instanceof TimeoutError) assertEquals(error.kind, "total");
  assertEquals([network.sent.length, clock.pending], [1, 0]);
});

testBothWays(
  "onOpen: 'wait' leaves at once when its signal aborts, and rejects with the reason itself",
  async (setUp) => {
    const { client, clock, network, open } = setUp(() => ({ json: 1 }));
    await open();
    const controller = new AbortController();
    const reason = { my: "reason" };

    const pending = rejection(client.json(`${ORIGIN}/x`, { signal: controller.signal }));
    await clock.advance(500);
    controller.abort(reason);
    assertStrictEquals(await pending, reason);
    await clock.advance(10_000);
    assertEquals([network.sent.length, clock.pending], [1, 0]);
  },
);

testBothWays("onOpen: 'wait' ends when the client closes", async (setUp) => {
  const { client, clock, network, open } = setUp(() => ({ json: 1 }));
  await open();
  const reason = new Error("the end");

  const pending = rejection(client.json(`${ORIGIN}/x`));
  await clock.advance(500);
  await client.close(reason);
  assertStrictEquals(await pending, reason);
  await clock.advance(0);
  assertEquals([network.sent.length, clock.pending], [1, 0]);
});

testBothWays("onOpen: 'wait' holds no permit while it waits", async (setUp) => {
  const semaphore = new Semaphore(1);
  const { client, clock, open } = setUp(() => ({ json: 1 }), { concurrency: semaphore });
  await open();
  await clock.advance(0);

  const waiting = Promise.all(Array.from({ length: 5 }, (_, n) => client.json(`${ORIGIN}/${n}`)));
  await clock.advance(10);
  assertEquals(semaphore.inUse, 0);
  assertEquals(await clock.run(client.json("https://b.test/x")), 1);
  assertEquals(clock.now(), 10);
  assertEquals(await clock.run(waiting), [1, 1, 1, 1, 1]);
});

testBothWays(
  "onOpen: 'wait' also holds for requests that already queue for a permit when the breaker opens",
  async (setUp) => {
    const { client, clock, network } = setUp(() => ({ json: 1, afterMs: 10 }), { concurrency: 1 });

    const failing = rejection(client.json(`${ORIGIN}/fail`));
    const queued = Promise.all(Array.from({ length: 5 }, (_, n) => client.json(`${ORIGIN}/${n}`)));
    await clock.run(failing);
    assertEquals(await clock.run(queued), [1, 1, 1, 1, 1]);
    assertEquals(network.sent.map(({ atMs }) => atMs), [0, 1_000, 1_010, 1_020, 1_030, 1_040]);
  },
);

testBothWays("onOpen: 'wait' admits the next request when the probe is aborted", async (setUp) => {
  let isFirst = true;
  const { client, clock, network, open } = setUp(() => {
    const afterMs = isFirst ? 1e6 : 10;
    isFirst = false;
    return { json: 1, afterMs };
  }, { timeoutMs: Infinity });
  await open();
  const requests = ["x", "y"].map((name) => {
    const controller = new AbortController();
    const url = `${ORIGIN}/${name}`;
    return { url, controller, call: watch(client.json(url, { signal: controller.signal })) };
  });
  await clock.advance(1_200);
  const probe = requests.find(({ url }) => url === network.urls[1])!;
  const next = requests.find((request) => request !== probe)!;
  assertEquals([network.sent.length, next.call.state], [2, "pending"]);
  probe.controller.abort();
  await clock.advance(0);
  assertEquals(probe.call.state, "rejected");
  await clock.advance(10);

  assertEquals([next.call.state, network.sent.at(-1)!.atMs], ["fulfilled", 1_200]);
});

testBothWays(
  "onOpen: 'wait' goes to another mirror rather than wait, and waits when all breakers are open",
  async (setUp) => {
    const { client, clock, network } = setUp(({ url, nth }) => {
      const host = new URL(url).host;
      return host === "b.test" || nth > 1 ? { json: host } : { status: 500 };
    }, { baseUrls: [ORIGIN, "https://b.test"] });

    assertEquals(await clock.run(client.json("x")), "b.test");
    assertEquals(await clock.run(client.json("y")), "b.test");
    assertEquals([clock.now(), network.urls], [0, [`${ORIGIN}/x`, "https://b.test/x", "https://b.test/y"]]);
  },
);

testBothWays("onOpen: 'wait' does the same for client.fetch()", async (setUp) => {
  const { client, clock, network, open } = setUp(() => ({ body: "x" }));
  await open();

  const response = await clock.run(client.fetch(`${ORIGIN}/x`));
  assertEquals([await response.text(), network.sent[1]!.atMs], ["x", 1_000]);
});

// Requests of batches:

/** Answers with a 503 until a time, and well from then on. */
function downUntil(upAtMs: number): (atMs: number) => Answer {
  return (atMs) => atMs < upAtMs ? { status: 503 } : { json: 1, afterMs: 10 };
}

/**
 * Creates an origin that is down until a time, and single requests, batches and another client's request that see it.
 */
function setUpOutage(
  listens: boolean,
  answer: (atMs: number) => Answer,
  options: ClientOptions = {},
): FakeClient {
  const made = fakeClient(({ atMs }) => answer(atMs), {
    random: () => 0,
    retryBudget: false,
    circuitBreaker: { threshold: 1, cooldownMs: 400 },
    ...options,
  });
  if (listens) made.client.on(() => {});
  return made;
}

const testOutages = bothWays((listens) => (answer: (atMs: number) => Answer, options?: ClientOptions) =>
  setUpOutage(listens, answer, options)
);

testOutages(
  "requests of a batch wait out an outage by default, however many probes fail (S14b)",
  async (setUp) => {
    const { client, clock, network } = setUp(downUntil(20_000), { concurrency: 4 });
    const outcomes = await clock.run(client.settle(numberedUrls(50)));

    assertEquals(outcomes.filter(({ ok }) => ok).length, 50);
    const during = network.sent.filter(({ atMs }) => atMs > 0 && atMs < 20_000);
    // While requests wait, a cooldown lasts 500 ms, or a tenth of the outage so far.
    for (const [index, { atMs }] of during.entries()) {
      const beforeMs = index === 0 ? 0 : during[index - 1]!.atMs;
      const waitedMs = atMs - beforeMs;
      assert(
        waitedMs >= 400 && waitedMs <= Math.max(500, beforeMs / 10) + 0.01,
        `${beforeMs} ms, ${atMs} ms`,
      );
    }
    // A request that failed before the outage was noticed may have been a probe; none is sent again and again.
    const probes = new Map<string, number>();
    for (const { url } of during) probes.set(url, (probes.get(url) ?? 0) + 1);
    assert(Math.max(...probes.values()) <= 3, [...probes.values()].join());
    assertEquals([clock.pending, client.stats().inFlight, client.stats().queued], [0, 0, 0]);
  },
);

testOutages(
  "requests of a batch fail when the outage is as old as their patience, after a last probe (S14b)",
  async (setUp) => {
    for (const patienceMs of [undefined, 3_150]) {
      const { client, clock, network } = setUp(downUntil(Infinity), { concurrency: 4 });
      await clock.run(client.json(`${ORIGIN}/known`, { maxRetries: 0 }).catch(() => {}));
      const openedAtMs = network.sent[0]!.atMs;
      const outcomes = await clock.run(client.settle(numberedUrls(20), { patienceMs }));

      const endMs = openedAtMs + (patienceMs ?? 30_000);
      assertEquals([clock.now(), network.sent.at(-1)!.atMs], [endMs, endMs]);
      for (const outcome of outcomes) {
        assert(!outcome.ok && outcome.error instanceof NetworkError);
      }
      assertEquals([clock.pending, client.stats().inFlight, client.stats().queued], [0, 0, 0]);
    }
  },
);

testOutages("requests of a batch go on when the last probe succeeds (S14b)", async (setUp) => {
  const { client, clock } = setUp(downUntil(3_000), { circuitBreaker: { threshold: 1 } });
  const outcomes = await clock.run(client.settle(numberedUrls(20), { patienceMs: 3_000 }));

  assertEquals(outcomes.filter(({ ok }) => ok).length, 20);
  assert(clock.now() >= 3_000 && clock.now() < 3_200, `${clock.now()}`);
});

testOutages(
  "single requests fail at once while the breaker is open, and do not end the patience of others (S14b)",
  async (setUp) => {
    const { client, clock } = setUp(downUntil(2_000));
    const batch = watch(client.settle(numberedUrls(5)));
    await clock.advance(200);
    const error = await clock.run(rejection(client.json(`${ORIGIN}/single`)));
    assertInstanceOf(error, CircuitOpenError);
    assertEquals([batch.state, clock.now()], ["pending", 200]);
    await clock.advance(5_000);
    assertEquals(batch.state, "fulfilled");
  },
);

testOutages(
  "`onOpen` of a request wins over the client's option and over a batch's default (S14b)",
  async (setUp) => {
    for (const own of ["fail", "wait"] as const) {
      const { client, clock, network } = setUp(downUntil(1_000), {
        circuitBreaker: { threshold: 1, cooldownMs: 400, onOpen: own === "fail" ? "wait" : "fail" },
        maxRetries: 0,
      });
      await clock.run(client.json(`${ORIGIN}/known`, { onOpen: own }).catch(() => {}));
      assertEquals([network.sent.length, clock.now()], [1, 0]);
      const single = watch(client.json(`${ORIGIN}/single`, { onOpen: own }));
      const batch = watch(client.settle(numberedUrls(3), { onOpen: own }));
      await clock.advance(0);
      if (own === "fail") {
        assertInstanceOf(single.error, CircuitOpenError);
        assert(batch.value!.every((outcome) => !outcome.ok && outcome.error instanceof CircuitOpenError));
      } else {
        assertEquals([single.state, batch.state], ["pending", "pending"]);
        await clock.advance(10_000);
        assertEquals([single.state === "pending", batch.state], [false, "fulfilled"]);
      }
    }
  },
);

testOutages(
  "`maxRetries: 0` makes a batch's requests fail at once while the breaker is open (S14b)",
  async (setUp) => {
    const { client, clock, network } = setUp(downUntil(Infinity), { maxRetries: 0, concurrency: 1 });
    const outcomes = await clock.run(client.settle(numberedUrls(5)));

    assertEquals([clock.now(), network.sent.length], [0, 1]);
    assert(outcomes.slice(1).every((outcome) => !outcome.ok && outcome.error instanceof CircuitOpenError));
  },
);

testOutages(
  "a batch gives up an origin that has never answered once its attempts have failed for 4 s (S14b)",
  async (setUp) => {
    for (const circuitBreaker of [undefined, { threshold: 1 }]) {
      const { client, clock } = setUp(() => ({ error: new TypeError("no such host") }), {
        circuitBreaker,
      });
      const outcomes = await clock.run(client.settle(numberedUrls(100)));

      assert(outcomes.every((outcome) => !outcome.ok && outcome.error instanceof NetworkError));
      assert(clock.now() >= 4_000 && clock.now() <= 8_000, `${clock.now()}`);
      assertEquals([clock.pending, client.stats().inFlight, client.stats().queued], [0, 0, 0]);
    }
  },
);

testOutages(
  "a batch with `patienceMs` waits for an origin that has never answered (S14b)",
  async (setUp) => {
    const { client, clock } = setUp(
      (atMs) => atMs < 15_000 ? { error: new TypeError("starting") } : { json: 1 },
      { circuitBreaker: { threshold: 1 } },
    );
    const outcomes = await clock.run(client.settle(numberedUrls(100), { patienceMs: 20_000 }));

    assertEquals(outcomes.filter(({ ok }) => ok).length, 100);
  },
);

testOutages(
  "an outage is as old as its first opening: failed probes begin no new one (S14b)",
  async (setUp) => {
    const { client, clock, network } = setUp(downUntil(Infinity), {
      circuitBreaker: { threshold: 1, cooldownMs: 1_000 },
    });
    await clock.run(client.json(`${ORIGIN}/known`, { maxRetries: 0 }).catch(() => {}));
    const openedAtMs = network.sent[0]!.atMs;
    await clock.run(client.settle(numberedUrls(3), { patienceMs: 5_000 }));
    assertEquals(clock.now(), openedAtMs + 5_000);
    // A later single request has no patience left in this outage, and may only be a probe.
    const late = await clock.run(client.outcome(`${ORIGIN}/late`, { onOpen: "wait", patienceMs: 5_000 }));
    assertEquals([clock.now(), late.ok], [openedAtMs + 5_000, false]);
  },
);

testOutages("a batch that begins in an old outage has its own patience", async (setUp) => {
  for (const backAtMs of [Infinity, 9_000]) {
    const { client, clock } = setUp(downUntil(backAtMs), {
      circuitBreaker: { threshold: 1, patienceMs: 5_000 },
    });
    await clock.run(client.json(`${ORIGIN}/known`, { maxRetries: 0 }).catch(() => {}));
    await clock.run(client.settle(numberedUrls(30)));
    const beganAtMs = clock.now();
    assert(beganAtMs >= 5_000 && beganAtMs < 9_000, `${beganAtMs}`);
    await clock.advance(1_000);
    const outcomes = await clock.run(client.settle(numberedUrls(30)));
    const isBack = backAtMs < Infinity;
    assert(outcomes.every(({ ok }) => ok === isBack));
    if (!isBack) assertEquals(clock.now(), beganAtMs + 6_000);
  }
});

testOutages(
  "a total deadline ends the wait of a batch's request no later than it passes (S14b)",
  async (setUp) => {
    const { client, clock } = setUp(downUntil(Infinity));
    await clock.run(client.settle(numberedUrls(10), { totalTimeoutMs: 2_500 }));

    assert(clock.now() <= 2_500, `${clock.now()}`);
    assertEquals([clock.pending, client.stats().inFlight, client.stats().queued], [0, 0, 0]);
  },
);

for (const [share, endMs, urls] of [[2, 20_000, 2_000], [3, 12_000, 1_500], [1, 4_000, 3_000]] as const) {
  testBothWays(
    `A batch loses nothing when 1 URL in ${share} fails for ${
      endMs / 1_000
    } s, and its budget is used up by then (S10)`,
    async (setUp) => {
      const { client, clock, network } = setUp(
        ({ url, atMs }) => ({
          ...(Number(url.slice(url.lastIndexOf("/") + 1)) % share === 0 && atMs < endMs
            ? { status: 500 }
            : { json: 1 }),
          afterMs: 50,
        }),
        { concurrency: 20, maxRetries: 3, circuitBreaker: {} },
      );

      const outcomes = await clock.run(
        client.settle(Array.from({ length: urls }, (_, n) => `${ORIGIN}/${n}`)),
      );
      assertEquals(outcomes.filter(({ ok }) => !ok), []);
      // The batch notices the end of the outage within the longest cooldown, and then sends all requests as fast as
      // it can.
      assert(clock.now() < endMs * 1.1 + 3_000 + 50 * urls / 20, `${clock.now()}`);
      // Each URL that failed must be sent again; beyond that the retry budget allows its share.
      const least = urls + Math.ceil(urls / share);
      assert(network.sent.length <= least + 0.2 * urls + 100, `${network.sent.length} of at least ${least}`);
    },
  );
}

for (const concurrency of [1, 2, 4]) {
  testOutages(
    `a batch with ${concurrency} in flight loses nothing in an outage that it is patient for (S10)`,
    async (setUp) => {
      const answer = (atMs: number): Answer =>
        atMs >= 5_000 && atMs < 65_000 ? { status: 503 } : { json: 1, afterMs: 50 };
      const { client, clock } = setUp(answer, { concurrency, circuitBreaker: { patienceMs: 120_000 } });
      const outcomes = await clock.run(client.settle(numberedUrls(1_500)));
      assertEquals(outcomes.filter(({ ok }) => !ok).length, 0);
    },
  );
}
