import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { type ClientOptions, createClient, HttpError, NetworkError, TimeoutError } from "../../mod.ts";
import { TokenBucket } from "../../src/primitives/mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { fakeClient, testClientsBothWays } from "../client/fake_client.ts";
import { type Answer, FakeNetwork } from "../client/fake_network.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { rejection, watch } from "../support/settled.ts";
import { test } from "../support/test.ts";

const testBothWays = testClientsBothWays();

/** The most of these times that fall in any window of this length, both ends included. */
function peakWithin(times: readonly number[], windowMs: number): number {
  let peak = 0;
  for (const [first, start] of times.entries()) {
    let last = first;
    while (last < times.length && times[last]! - start <= windowMs) last++;
    peak = Math.max(peak, last - first);
  }
  return peak;
}

testBothWays("S12: no window sees more attempts start than burst + rate × length", async (setUp) => {
  for (
    const [limit, intervalMs, burst] of [[10, 1_000, 1], [7, 300, 4], [50, 1_000, 50], [1, 250, 2]] as const
  ) {
    const random = seededRandom(limit);
    const { client, clock, network } = setUp(() => ({ json: 1, afterMs: Math.floor(30 * random()) }), {
      concurrency: 1_000,
      rateLimit: { limit, intervalMs, burst },
    });
    const calls = [client.settle(numberedUrls(100))];
    await clock.advance(Math.floor(1_000 * random()));
    calls.push(client.settle(numberedUrls(100, "b.test")));
    await clock.run(Promise.all(calls));

    const times = network.sent.map(({ atMs }) => atMs);
    assertEquals(times.length, 200);
    for (const windowMs of [0, 1, 10, 100, 333, 1_000, 5_000]) {
      const most = peakWithin(times, windowMs);
      const allowed = burst + limit / intervalMs * windowMs + 1e-6;
      assert(most <= allowed, `${most} in ${windowMs} ms at ${limit} / ${intervalMs} ms, burst ${burst}`);
    }
    // The client also uses the whole rate, up to the rounding of the last grant.
    assert(times.at(-1)! <= (200 - burst + 1) * intervalMs / limit, `ended at ${times.at(-1)}`);
  }
});

testBothWays("S12: by default the limit is the client's: its origins share it", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ json: 1 }), {
    rateLimit: { limit: 1, intervalMs: 1_000, burst: 1 },
  });

  await clock.run(client.all(["https://a.test/1", "https://b.test/1", "https://c.test/1"]));
  assertEquals(network.sent.map(({ atMs }) => atMs), [0, 1_000, 2_000]);
});

testBothWays("S12: per origin, each origin has the whole limit for itself", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ json: 1 }), {
    rateLimit: { limit: 1, intervalMs: 1_000, burst: 1, per: "origin" },
  });

  await clock.run(
    client.all([...numberedUrls(2), ...numberedUrls(2, "b.test"), ...numberedUrls(1, "a.test:8443")]),
  );
  const times = (host: string) =>
    network.sent.filter(({ url }) => new URL(url).host === host).map(({ atMs }) => atMs);
  assertEquals([times("a.test"), times("b.test"), times("a.test:8443")], [[0, 1_000], [0, 1_000], [0]]);
});

testBothWays(
  "S12: the client does not forget an origin's limit, however many other origins there are",
  async (setUp) => {
    const { client, clock, network } = setUp(() => ({ json: 1 }), {
      rateLimit: { limit: 1, intervalMs: 3_600_000, burst: 1, per: "origin" },
    });

    await clock.run(client.json("https://first.test/1"));
    await clock.run(client.settle(Array.from({ length: 3_000 }, (_, n) => `https://host${n}.test/`)));
    await clock.run(client.json("https://first.test/2"));
    const [first, second] = network.sent.filter(({ url }) => url.startsWith("https://first")).map((
      { atMs },
    ) => Math.round(atMs));
    assertEquals([first, second], [0, 3_600_000]);
  },
);

testBothWays("S12: retries and mirrors take tokens too", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ status: 503 }), {
    baseUrls: ["https://a.test", "https://b.test"],
    maxRetries: 1,
    backoff: { baseMs: 0, jitter: "none" },
    rateLimit: { limit: 1, intervalMs: 1_000, burst: 1 },
  });

  await clock.run(rejection(client.json("x")));
  assertEquals(network.sent.map(({ atMs }) => atMs), [0, 1_000, 2_000, 3_000]);
});

test("origins with long lines take turns at the tokens of the client, and a low priority gets one in 16", async () => {
  for (const [origins, priority, least] of [[2, 0, 19], [3, 0, 12], [4, 0, 9], [2, 1, 2]] as const) {
    const sent = new Array<number>(origins).fill(0);
    const { client, clock } = fakeClient(({ url }) => {
      sent[Number(url["https://".length])]!++;
      return { json: 1, afterMs: 10 };
    }, { rateLimit: { limit: 10, intervalMs: 1_000, burst: 1 } });
    const calls = sent.flatMap((_, nth) =>
      Array.from(
        { length: 40 },
        (_, id) => client.json(`https://${nth}.test/${id}`, { priority: nth === 0 ? priority : 0 }),
      )
    );
    await clock.advance(3_950);
    assert(sent.every((count) => count >= least), `${origins} origins: ${sent}`);
    await clock.run(Promise.all(calls));
  }
});

test("S12: two clients share a bucket", async () => {
  const clock = new ManualClock();
  const rateLimit = new TokenBucket({ limit: 10, intervalMs: 1_000, burst: 2, clock });
  const network = new FakeNetwork(clock, () => ({ json: 1 }));
  const make = () => createClient({ fetch: network.fetch, clock, rateLimit });
  const [one, two] = [make(), make()];

  await clock.run(Promise.all([one.settle(numberedUrls(10)), two.settle(numberedUrls(10, "b.test"))]));
  const times = network.sent.map(({ atMs }) => atMs);
  assertEquals(peakWithin(times, 999), 11);
  assertEquals(times.at(-1), 1_800);
});

testBothWays(
  "S12: a request that aborts while it waits for a token leaves at once, and takes none",
  async (setUp) => {
    const { client, clock, network } = setUp(() => ({ json: 1 }), {
      rateLimit: { limit: 1, intervalMs: 1_000, burst: 1 },
    });
    const controller = new AbortController();
    const reason = new Error("enough");

    const first = client.json("https://a.test/first");
    const leaving = numberedUrls(5, "b.test").map((url) =>
      rejection(client.json(url, { signal: controller.signal }))
    );
    const last = client.json("https://a.test/last");
    await clock.advance(500);
    controller.abort(reason);
    for (const pending of leaving) assertStrictEquals(await pending, reason);
    await clock.run(Promise.all([first, last]));
    assertEquals(network.sent.map(({ atMs }) => atMs), [0, 1_000]);
    assertEquals(clock.pending, 0);
  },
);

testBothWays("S12: no request overtakes one that waits for a token", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ json: 1 }), {
    rateLimit: { limit: 10, intervalMs: 1_000, burst: 1 },
  });
  const early = client.all(numberedUrls(5));
  await clock.advance(450);
  const late = client.json("https://a.test/late");
  await clock.run(Promise.all([early, late]));
  assertEquals(network.urls, [...numberedUrls(5), "https://a.test/late"]);
});

for (
  const rateLimit of [undefined, { limit: 100, intervalMs: 1_000 }, {
    limit: 100,
    intervalMs: 1_000,
    per: "origin",
  }] as const
) {
  const name = rateLimit === undefined
    ? "no limit"
    : `a limit per ${"per" in rateLimit ? rateLimit.per : "client"}`;

  testBothWays(
    `S4: a 429 pauses all requests to its origin, and no others, with ${name}`,
    async (setUp) => {
      const { client, clock, network } = setUp(
        ({ url, nth }) =>
          url === "https://a.test/0" && nth === 1
            ? { status: 429, headers: { "retry-after": "5" } }
            : { json: 1, afterMs: 10 },
        { rateLimit },
      );

      const limited = client.json("https://a.test/0");
      await clock.advance(1);
      const others = client.all(numberedUrls(5).slice(1));
      const elsewhere = client.all(numberedUrls(5, "b.test"));
      await clock.run(elsewhere);
      assert(clock.now() < 100, `${clock.now()}`);
      await clock.run(Promise.all([limited, others]));
      const [first, ...rest] = network.sent.filter(({ url }) => url.startsWith("https://a.test"));
      assertEquals([first!.atMs, rest.length], [0, 5]);
      for (const { atMs, url } of rest) assert(atMs >= 5_000 && atMs < 5_200, `${url} at ${atMs}`);
    },
  );

  testBothWays(
    `S4: a 429 also pauses requests that already wait for a permit, with ${name}`,
    async (setUp) => {
      const { client, clock, network } = setUp(
        ({ nth, url }) =>
          url === "https://a.test/0" && nth === 1
            ? { status: 429, headers: { "retry-after": "5" }, afterMs: 100 }
            : { json: 1, afterMs: 10 },
        { rateLimit, concurrency: 1 },
      );

      const all = Promise.all(numberedUrls(5).map((url) => client.json(url)));
      await clock.run(all);
      const [first, ...rest] = network.sent.map(({ atMs }) => atMs);
      assertEquals([first, rest.length], [0, 5]);
      for (const atMs of rest) assert(atMs >= 5_100, `sent at ${atMs}`);
    },
  );
}

testBothWays("S4: a 429 also pauses requests that already wait for a token", async (setUp) => {
  const { client, clock, network } = setUp(
    ({ nth, url }) =>
      url === "https://a.test/0" && nth === 1
        ? { status: 429, headers: { "retry-after": "20" } }
        : { json: 1 },
    { rateLimit: { limit: 1, intervalMs: 1_000, burst: 1, per: "origin" } },
  );

  await clock.run(Promise.all(numberedUrls(4).map((url) => client.json(url))));
  const [first, ...rest] = network.sent.map(({ atMs }) => atMs);
  assertEquals([first, rest.length], [0, 4]);
  assert(rest.every((atMs) => atMs >= 20_000), rest.join());
  assert(peakWithin(rest, 999) <= 2, rest.join());
});

testBothWays(
  "S4: a pause longer than maxRetryAfterMs makes its requests fail now, with the wait on the error",
  async (setUp) => {
    const { client, clock, network } = setUp(() => ({ status: 429, headers: { "retry-after": "120" } }));

    const error = await clock.run(rejection(client.json("https://a.test/0")));
    assertInstanceOf(error, HttpError);
    assertEquals([error.status, error.retryAfterMs, error.attempts], [429, 120_000, 1]);
    assertEquals([clock.now(), network.sent.length], [0, 1]);

    await clock.advance(1_000);
    const later = await clock.run(rejection(client.json("https://a.test/1")));
    assertInstanceOf(later, HttpError);
    assertEquals([later.status, later.retryAfterMs, later.attempts], [429, 119_000, 0]);
    assertEquals([clock.now(), network.sent.length], [1_000, 1]);

    const raised = createClient({ fetch: network.fetch, clock, maxRetryAfterMs: 200_000, maxRetries: 1 });
    const patient = await clock.run(rejection(raised.json("https://a.test/0")));
    assertInstanceOf(patient, HttpError);
    assertEquals([clock.now(), network.sent.length], [121_000, 3]);
  },
);

testBothWays(
  "S4: requests that already wait fail when the pause grows longer than maxRetryAfterMs",
  async (setUp) => {
    const { client, clock, network } = setUp(
      () => ({ status: 429, headers: { "retry-after": "120" }, afterMs: 50 }),
      {
        concurrency: 1,
      },
    );

    const errors = await clock.run(Promise.all(numberedUrls(4).map((url) => rejection(client.json(url)))));
    for (const error of errors) {
      assertInstanceOf(error, HttpError);
      assertEquals(error.retryAfterMs, 120_000);
    }
    assertEquals([clock.now(), network.sent.length, client.stats().inFlight], [50, 1, 0]);
  },
);

testBothWays("S4: a request fails now if the pause would outlast its deadline", async (setUp) => {
  const { client, clock, network } = setUp(() => ({ status: 429, headers: { "retry-after": "30" } }), {
    totalTimeoutMs: 10_000,
  });

  const error = await clock.run(rejection(client.json("https://a.test/0")));
  assertInstanceOf(error, HttpError);
  assertEquals([error.status, error.retryAfterMs, clock.now(), network.sent.length], [429, 30_000, 0, 1]);
  const later = await clock.run(rejection(client.json("https://a.test/1")));
  assertInstanceOf(later, NetworkError);
  assertEquals([later.attempts, clock.now(), network.sent.length], [0, 0, 1]);
});

testBothWays("S4: requests go at the usual rate after a pause", async (setUp) => {
  const { client, clock, network } = setUp(
    ({ nth, url }) =>
      url.endsWith("/0") && nth === 1 ? { status: 429, headers: { "retry-after": "2" } } : { json: 1 },
    {
      rateLimit: { limit: 10, intervalMs: 1_000, burst: 1 },
    },
  );

  await clock.run(client.settle(numberedUrls(20)));
  await clock.advance(10_000);
  const before = network.sent.length;
  await clock.run(client.settle(numberedUrls(20)));
  const times = network.sent.slice(before).map(({ atMs }) => atMs);
  assertEquals(times.at(-1)! - times[0]!, 1_900);
});

testBothWays("S4: neither Retry-After: 0 nor a date that has passed pauses any request", async (setUp) => {
  for (const value of ["0", "Wed, 21 Oct 2015 07:28:00 GMT"]) {
    const { client, clock, network } = setUp(({ nth, url }) =>
      url.endsWith("/0") && nth === 1 ? { status: 429, headers: { "retry-after": value } } : { json: 1 }
    );

    const limited = client.json("https://a.test/0");
    await clock.advance(1);
    assertEquals(await clock.run(client.json("https://a.test/1")), 1);
    assertEquals([clock.now(), network.sent.length >= 2], [1, true], value);
    await clock.run(limited);
  }
});

testBothWays(
  "S4: a 429 without a readable wait pauses its origin for the first backoff",
  async (setUp) => {
    for (const value of ["soon", "-5", "1,5", "", undefined]) {
      const headers: Record<string, string> = value === undefined ? {} : { "retry-after": value };
      const { client, clock, network } = setUp(
        ({ nth, url }) => url.endsWith("/0") && nth === 1 ? { status: 429, headers } : { json: 1 },
        { random: () => 0 },
      );

      const limited = client.json("https://a.test/0");
      await clock.advance(1);
      assertEquals(await clock.run(client.json("https://a.test/1")), 1);
      await clock.run(limited);
      assertEquals(network.sent.map(({ atMs }) => atMs), [0, 1_000, 1_000], value);
    }
  },
);

test("S4: pauses after a 429 without a wait double until a request succeeds, with a jitter of up to 5 %", async () => {
  const pauses = async (answers: readonly Answer[], options: ClientOptions): Promise<number[]> => {
    const { client, clock } = fakeClient(() => answers[Math.min(next++, answers.length - 1)]!, options);
    let next = 0;
    const heard: number[] = [];
    client.on((event) => {
      if (event.type === "rateLimited") heard.push(event.retryAfterMs);
    });
    for (let n = 0; n < answers.length; n++) {
      await clock.run(client.json(`https://a.test/${n}`).catch(() => 0));
    }
    return heard;
  };
  const limited = { status: 429 };
  assertEquals(
    await pauses([limited, limited, limited, { json: 1 }, limited, limited, { json: 1 }], {
      maxRetries: 0,
      random: () => 0,
    }),
    [1_000, 2_000, 4_000, 1_000, 2_000],
  );
  assertEquals(await pauses([limited, limited], { maxRetries: 0, random: () => 1 - 2 ** -53 }), [
    1_050,
    2_100,
  ]);
  const backoff = { baseMs: 100, factor: 10, maxMs: 5_000 };
  assertEquals(await pauses([limited, limited, limited], { maxRetries: 0, random: () => 0, backoff }), [
    100,
    1_000,
    5_000,
  ]);
});

testBothWays(
  "S4: a 503 with Retry-After pauses its origin for all requests, and one without pauses none",
  async (setUp) => {
    const cases: readonly [Record<string, string>, number[]][] = [
      [{ "retry-after": "5" }, [0, 5_000, 5_000]],
      [{}, [0, 1, 2_000]],
    ];
    for (const [headers, times] of cases) {
      const { client, clock, network } = setUp(
        ({ nth, url }) => url.endsWith("/0") && nth === 1 ? { status: 503, headers } : { json: 1 },
        { random: () => 0 },
      );

      const delayed = client.json("https://a.test/0");
      await clock.advance(1);
      assertEquals(await clock.run(client.json("https://a.test/1")), 1);
      await clock.run(delayed);
      assertEquals(network.sent.map(({ atMs }) => atMs), times);
    }
  },
);

testBothWays('S4: with `pauseOn429: "request"` a 429 makes only its own request wait', async (setUp) => {
  for (const headers of [{ "retry-after": "5" }, {}]) {
    const { client, clock, network } = setUp(
      ({ nth, url }) => url.endsWith("/0") && nth === 1 ? { status: 429, headers } : { json: 1 },
      { random: () => 0, pauseOn429: "request" },
    );

    const limited = client.json("https://a.test/0");
    await clock.advance(1);
    assertEquals(await clock.run(client.json("https://a.test/1")), 1);
    assertEquals(clock.now(), 1);
    await clock.run(limited);
    const waitMs = "retry-after" in headers ? 5_000 : 2_000;
    assertEquals(network.sent.map(({ atMs }) => atMs), [0, 1, waitMs]);
  }
});

testBothWays(
  'S4: with `pauseOn429: "request"` requests of a batch that are refused again and again wait longer and longer',
  async (setUp) => {
    const WINDOW_MS = 5_000;
    const answeredMs: number[] = [];
    const { client, clock, network } = setUp(() => {
      const since = clock.now() - WINDOW_MS;
      if (answeredMs.filter((atMs) => atMs > since).length >= 2) return { status: 429 };
      answeredMs.push(clock.now());
      return { json: 1 };
    }, {
      random: () => 0,
      pauseOn429: "request",
      learnLimits: false,
      maxRetries: 1,
      backoff: { baseMs: 10, maxMs: 60_000, jitter: "none" },
      concurrency: 20,
    });
    const outcomes = await clock.run(client.settle(numberedUrls(20)));
    const [, { attempts = 0 } = {}] = Object.entries(client.stats().origins)[0]!;
    // Each of the twenty is refused some ten times: after 10 ms, 20, 40 and so on, as long as others are served.
    assert(attempts < 20 * 20, `${attempts} attempts`);
    assertEquals([network.sent.length, outcomes.filter(({ ok }) => ok).length > 2], [attempts, true]);
  },
);

testBothWays("S4: client.fetch() obeys a 429 too, and returns the last response", async (setUp) => {
  const { client, clock, network } = setUp(() => ({
    status: 429,
    headers: { "retry-after": "120" },
    body: "wait",
  }));

  const response = await clock.run(client.fetch("https://a.test/0"));
  assertEquals([response.status, await response.text(), response.headers.get("retry-after")], [
    429,
    "wait",
    "120",
  ]);
  assertEquals([clock.now(), network.sent.length], [0, 1]);
});

testBothWays(
  "A total deadline that passes while a request waits for a token is a TimeoutError",
  async (setUp) => {
    const { client, clock } = setUp(() => ({ json: 1 }), {
      rateLimit: { limit: 1, intervalMs: 1_000, burst: 1 },
    });

    const requests = numberedUrls(5).map((url) => watch(client.json(url, { totalTimeoutMs: 1_500 })));
    await clock.advance(1_500);
    assertEquals(requests.map(({ state }) => state), [
      "fulfilled",
      "fulfilled",
      "rejected",
      "rejected",
      "rejected",
    ]);
    for (const { error } of requests.slice(2)) {
      assert(error instanceof TimeoutError && error.kind === "total");
    }
    await clock.advance(0);
    assertEquals(clock.pending, 0);
  },
);

testBothWays(
  "The total deadline of a batch's request begins when it is pulled, which is when there is a token",
  async (setUp) => {
    const { client, clock } = setUp(() => ({ json: 1 }), {
      rateLimit: { limit: 1, intervalMs: 1_000, burst: 1 },
    });

    const outcomes = await clock.run(client.settle(numberedUrls(5), { totalTimeoutMs: 1_500 }));
    assertEquals(outcomes.map(({ ok, durationMs }) => [ok, durationMs]), [
      [true, 0],
      ...Array.from({ length: 4 }, () => [true, 1_000]),
    ]);
    assertEquals([clock.now(), clock.pending], [4_000, 0]);
  },
);
