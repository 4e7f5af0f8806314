import { assert, assertEquals, assertThrows } from "@std/assert";
import { type ClientOptions, createClient } from "../../mod.ts";
import { loadEstimator } from "../../src/client/adaptive_lanes.ts";
import { AdaptiveLimit, type AdaptiveLimitRules } from "../../src/primitives/mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { FakeOrigin, json, late, type Reply, status } from "../policies/fake_origin.ts";
import { rig, testBothWays } from "../policies/rig.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import type { SentRequest } from "../support/sent_request.ts";
import { test } from "../support/test.ts";

// The code of adaptive limits loads at first use, which takes real time.
await loadEstimator();

const OK = json({ ok: true });
/** Creates a server that serves `slots` requests at once; further requests wait, or get the `refusal`. */
function server(clock: ManualClock, slots: number, { serviceMs = 50, refusal }: {
  serviceMs?: number;
  refusal?: Reply;
} = {}): Reply {
  const freeAtMs = new Array<number>(slots).fill(-Infinity);
  return (sent: SentRequest) => {
    let first = 0;
    for (let slot = 1; slot < slots; slot++) if (freeAtMs[slot]! < freeAtMs[first]!) first = slot;
    const startMs = Math.max(sent.atMs, freeAtMs[first]!);
    if (refusal !== undefined && startMs > sent.atMs) return late(clock, 5, refusal)(sent);
    freeAtMs[first] = startMs + serviceMs;
    return late(clock, startMs + serviceMs - sent.atMs, OK)(sent);
  };
}

const inRange = (value: number, least: number, most: number): void =>
  assert(value >= least && value <= most, `${value} is not from ${least} to ${most}`);

/** Returns the two places for an adaptive limit in a client's options; `present` returns the client's current limit. */
function places(rules: AdaptiveLimitRules, clock: ManualClock) {
  const limit = new AdaptiveLimit({ ...rules, clock });
  const all: { where: string; options: ClientOptions; present: (stats: LimitStats) => number }[] = [{
    where: "the client's",
    options: { concurrency: limit },
    present: () => limit.limit,
  }, {
    where: "each origin's",
    options: { concurrency: 1_000, perOrigin: { concurrency: rules } },
    present: ({ origins }) => origins["https://a.test"]!.limit!,
  }];
  return all;
}

interface LimitStats {
  readonly origins: Readonly<Record<string, { readonly limit?: number | undefined }>>;
}

for (const index of [0, 1]) {
  for (const initial of [4, 256]) {
    const { where } = places({}, new ManualClock())[index]!;

    testBothWays(`adaptive × batch: ${where} limit finds a knee at 32 from ${initial}`, async (rig) => {
      const clock = new ManualClock();
      const { options, present } = places({ initial, max: 512 }, clock)[index]!;
      const { client, run, origin } = rig(server(clock, 32), options, { clock });
      const outcomes = await run(client.settle(numberedUrls(3_200)));

      assert(outcomes.every(({ ok }) => ok));
      // The best possible time for 3,200 requests is 5 s.
      assert(clock.now() < 6_500, `${clock.now()} ms`);
      inRange(present(client.stats()), 20, 64);
      inRange(origin.peak, Math.max(40, initial), Math.max(64, initial));
    });

    testBothWays(
      `adaptive × 503: ${where} limit keeps below what is refused, from ${initial}`,
      async (rig) => {
        const clock = new ManualClock();
        const { options, present } = places({ initial, max: 512 }, clock)[index]!;
        const reply = server(clock, 32, { refusal: status(503) });
        const { client, run, origin } = rig(reply, {
          ...options,
          circuitBreaker: false,
          retryBudget: false,
          maxRetries: 20,
          backoff: { baseMs: 100, factor: 1, jitter: "none" },
        }, { clock });
        const outcomes = await run(client.settle(numberedUrls(3_200)));

        assert(outcomes.every(({ ok }) => ok));
        assert(clock.now() < 9_000, `${clock.now()} ms`);
        inRange(present(client.stats()), 15, 40);
        const early = origin.timesMs.filter((atMs) => atMs <= 3_000).length;
        const [late, lateMs] = [origin.calls - early, clock.now() - 3_000];
        assert(late / lateMs * 1_000 < 1.5 * 640, `${late} in ${lateMs} ms`);
      },
    );
  }
}

testBothWays(
  "adaptive × 429: a pause is kept, and the limit hears of it instead of being halved",
  async (rig) => {
    const clock = new ManualClock();
    let refuses = true;
    const reply: Reply = (sent) => {
      if (!refuses) return late(clock, 50, OK)(sent);
      return late(clock, 50, status(429, { "retry-after": "2" }))(sent);
    };
    const { client, origin, run } = rig(reply, {
      concurrency: 100,
      perOrigin: { concurrency: { initial: 40 } },
      maxRetries: 10,
    }, { clock });
    const all = client.settle(numberedUrls(200));
    await clock.advance(1_000);
    assertEquals(origin.calls, 40);
    inRange(client.stats().origins["https://a.test"]!.limit!, 20, 40);
    refuses = false;
    const outcomes = await run(all);

    assert(outcomes.every(({ ok }) => ok));
    assert(origin.timesMs.every((atMs) => atMs === 0 || atMs >= 2_050));
  },
);

testBothWays(
  "adaptive × breaker: what fails without a word of load does not lower the limit",
  async (rig) => {
    const clock = new ManualClock();
    const reply: Reply = (sent) =>
      late(clock, 10, sent.atMs > 500 && sent.atMs < 1_500 ? status(500) : OK)(sent);
    const { client, run } = rig(reply, {
      perOrigin: { concurrency: { initial: 8, min: 1, max: 8 } },
      circuitBreaker: { threshold: 5, cooldownMs: 100, onOpen: "wait" },
      maxRetries: 10,
    }, { clock });
    const outcomes = await run(client.settle(numberedUrls(4_000)));

    assert(outcomes.every(({ ok }) => ok));
    assertEquals(client.stats().origins["https://a.test"]!.limit, 8);
  },
);

for (const algorithm of ["gradient", "aimd"] as const) {
  for (const [slots, retryAfter] of [[8, "1"], [8, undefined], [3, "1"], [3, undefined]] as const) {
    testBothWays(
      `adaptive × 429: ${algorithm}: what an origin refuses that takes ${slots} at once is not tried again and again`,
      async (rig) => {
        const clock = new ManualClock();
        const refusal = status(429, retryAfter === undefined ? {} : { "retry-after": retryAfter });
        const made = rig(server(clock, slots, { serviceMs: 100, refusal }), {
          perOrigin: { concurrency: { algorithm, initial: 10, max: 20 } },
        }, { clock });
        const outcomes = await made.run(made.client.settle(numberedUrls(400)));
        assertEquals(outcomes.filter(({ ok }) => !ok), []);
        // Each refusal costs a pause.
        inRange(made.origin.calls, 400, 480);
        inRange(clock.now(), 400 / slots * 100, 400 / slots * 100 + 17_000);
      },
    );
  }
}

for (const algorithm of ["gradient", "aimd"] as const) {
  for (const [outage, share] of [[200, 0.1], [200, 0.15], [1_000, 0.1]] as const) {
    testBothWays(
      `adaptive × outage: ${algorithm}: ${outage} ms in which all fails do not lower the limit for good where ${share} fail anyway`,
      async (rig) => {
        const clock = new ManualClock();
        const random = seededRandom(1);
        const reply: Reply = (sent) => {
          const isDown = sent.atMs > 300 && sent.atMs <= 300 + outage;
          return isDown || random() < share ? late(clock, 500, status(503))(sent) : late(clock, 80, OK)(sent);
        };
        const made = rig(reply, {
          concurrency: 40,
          perOrigin: { concurrency: { algorithm, initial: 20, max: 40 } },
        }, { clock });
        const outcomes = await made.run(made.client.settle(numberedUrls(1_500)));
        assertEquals(outcomes.filter(({ ok }) => !ok).length, 0);
        // One request at a time would take more than two minutes.
        inRange(clock.now(), 3_000, 30_000);
      },
    );
  }
}

testBothWays("adaptive × timeout: attempts that take too long count as dropped", async (rig) => {
  const clock = new ManualClock();
  const { client, run, origin } = rig(server(clock, 4), {
    perOrigin: { concurrency: { initial: 64, algorithm: "aimd" } },
    concurrency: 1_000,
    timeoutMs: 300,
    circuitBreaker: false,
    retryBudget: false,
    maxRetries: 50,
    backoff: { baseMs: 10, factor: 1, jitter: "none" },
  }, { clock });
  await run(client.settle(numberedUrls(1_000)));

  inRange(client.stats().origins["https://a.test"]!.limit!, 4, 40);
  assertEquals(origin.open, 0);
});

testBothWays("adaptive × abort: who leaves says nothing of the service", async (rig) => {
  const clock = new ManualClock();
  const limit = new AdaptiveLimit({ clock, initial: 8 });
  const { client } = rig(late(clock, 1_000, OK), { concurrency: limit }, { clock });
  for (let round = 0; round < 50; round++) {
    const controller = new AbortController();
    const all = Promise.allSettled(
      numberedUrls(20).map((url) => client.json(url, { signal: controller.signal })),
    );
    await clock.advance(5);
    controller.abort();
    await all;
    await clock.advance(5);
  }
  assertEquals([limit.limit, limit.inFlight, limit.waiting], [8, 0, 0]);
});

testBothWays("adaptive × rate limit: the limit does not grow while tokens are what is short", async (rig) => {
  const clock = new ManualClock();
  const limit = new AdaptiveLimit({ clock, initial: 20 });
  const { client, run } = rig(late(clock, 50, OK), {
    concurrency: limit,
    rateLimit: { limit: 100, intervalMs: 1_000, burst: 1 },
  }, { clock });
  await run(client.settle(numberedUrls(500)));

  assertEquals(limit.limit, 20);
  inRange(clock.now(), 4_900, 5_200);
});

testBothWays(
  "adaptive × batch concurrency: a batch keeps to its own, and the limit does not grow for it",
  async (rig) => {
    const clock = new ManualClock();
    const limit = new AdaptiveLimit({ clock, initial: 20 });
    const { client, run, origin } = rig(late(clock, 50, OK), { concurrency: limit }, { clock });
    await run(client.settle(numberedUrls(400), { concurrency: 5 }));

    assertEquals([origin.peak, limit.limit], [5, 20]);
  },
);

testBothWays("adaptive × stream: a stream may have as much under way as the limit grows to", async (rig) => {
  const clock = new ManualClock();
  const limit = new AdaptiveLimit({ clock, initial: 2 });
  const { client, run, origin } = rig(server(clock, 32), { concurrency: limit }, { clock });
  const read = async (): Promise<number> => {
    let count = 0;
    for await (const { ok } of client.stream(numberedUrls(2_000))) if (ok) count++;
    return count;
  };

  assertEquals(await run(read()), 2_000);
  assert(origin.peak >= 32, `${origin.peak}`);
});

test("adaptive × two clients: a shared limit holds for both, and both make it learn", async () => {
  for (const listens of [true, false]) {
    const clock = new ManualClock();
    const limit = new AdaptiveLimit({ clock, initial: 4 });
    const origin = new FakeOrigin(server(clock, 32), { clock });
    const make = () => {
      const client = createClient({ clock, fetch: origin.fetch, concurrency: limit });
      if (listens) client.on(() => {});
      return client;
    };
    const [a, b] = [make(), make()];
    const [first, second] = await clock.run(
      Promise.all([a.settle(numberedUrls(1_500)), b.settle(numberedUrls(1_500))]),
    );

    assert([...first, ...second].every(({ ok }) => ok));
    inRange(limit.limit, 20, 64);
    inRange(origin.peak, 32, 64);
    assertEquals([limit.inFlight, limit.waiting], [0, 0]);
  }
});

test("adaptive × resize: a capacity set by hand holds at once, and as long as the limit does not change", async () => {
  const clock = new ManualClock();
  const limit = new AdaptiveLimit({ clock, initial: 20 });
  const { client, run, origin } = rig(server(clock, 32), { concurrency: limit }, { clock, listens: false });
  const all = client.settle(numberedUrls(1_000));
  await clock.advance(10);
  limit.semaphore.resize(1);
  assertEquals(origin.open, 20);
  await clock.advance(1_000);
  assertEquals(origin.open, 1);
  limit.semaphore.resize(20);
  const outcomes = await run(all);

  assert(outcomes.every(({ ok }) => ok));
  assert(limit.limit > 20, `${limit.limit}`);
});

testBothWays("adaptive × two origins: each has a limit of its own", async (rig) => {
  const clock = new ManualClock();
  const [narrow, wide] = [server(clock, 4), server(clock, 64)];
  const reply: Reply = (sent) => (sent.url.startsWith("https://a.test") ? narrow : wide)(sent);
  const { client, run } = rig(reply, { concurrency: 1_000, perOrigin: { concurrency: { initial: 16 } } }, {
    clock,
  });
  await run(
    Promise.all([client.settle(numberedUrls(500, "a.test")), client.settle(numberedUrls(6_000, "b.test"))]),
  );

  const { origins } = client.stats();
  inRange(origins["https://a.test"]!.limit!, 2, 10);
  inRange(origins["https://b.test"]!.limit!, 48, 110);
});

test("createClient() refuses bad rules of an adaptive limit at once, and one limit for all origins", () => {
  const cases: [concurrency: unknown, message: string][] = [
    [{ min: 0 }, "'min' must be a positive integer: received 0"],
    [{ initial: 5, max: 4 }, "'initial' must be an integer from 1 to 4: received 5"],
    [{ algorithm: "vegas" }, "'algorithm' must be 'gradient' or 'aimd'"],
    [{ maximum: 5 }, "maximum"],
    [0, "must be a positive integer, Infinity, or { min, initial, max, algorithm, windowMs }"],
    [
      new AdaptiveLimit(),
      "must be a positive integer, Infinity, or { min, initial, max, algorithm, windowMs }",
    ],
  ];
  for (const [concurrency, message] of cases) {
    const options = { perOrigin: { concurrency } } as ClientOptions;
    assertThrows(() => createClient(options), Error, message);
  }
});
