import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { CircuitOpenError, type ClientEvent, DataNotFoundError, HttpError, NetworkError } from "../../mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import {
  broken,
  hanging,
  json,
  late,
  refused,
  type Reply,
  stalled,
  status,
  text,
} from "../policies/fake_origin.ts";
import { rig, testBothWays, URL_A } from "../policies/rig.ts";
import { seededRandom } from "../../src/testing/random.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { planOf } from "../http_cache/plan_of.ts";

const OK = json({ ok: true });
const BREAKER = { threshold: 2, cooldownMs: 10_000 } as const;
/** Returns the state changes of the breakers, in order. */
function changes(events: readonly ClientEvent[]): string[] {
  return events.flatMap((event) => event.type === "breaker" ? [`${event.from} to ${event.to}`] : []);
}

test("breaker × concurrency: half-open lets exactly one of many through, and refuses the others at once", async () => {
  const clock = new ManualClock();
  const { client, origin, events, run } = rig([status(500), status(500), late(clock, 100, OK)], {
    circuitBreaker: BREAKER,
    maxRetries: 0,
    concurrency: 10,
  }, { clock });
  await run(client.settle(numberedUrls(2)));
  await clock.advance(10_000);
  const requests = numberedUrls(10).map((url) => watch(client.json(url)));
  await clock.advance(0);

  assertEquals(origin.calls, 3);
  const refused = requests.filter(({ state }) => state === "rejected");
  assertEquals(refused.length, 9);
  for (const { error } of refused) assertInstanceOf(error, CircuitOpenError);
  await clock.advance(100);
  assertEquals(requests.filter(({ state }) => state === "fulfilled").length, 1);
  assertEquals((await run(client.settle(numberedUrls(10)))).filter(({ ok }) => ok).length, 10);
  assertEquals(changes(events), ["closed to open", "open to half-open", "half-open to closed"]);
});

test("breaker × concurrency: a probe that fails opens it again, for twice the cooldown", async () => {
  const { client, origin, clock, events, run } = rig([status(500), status(500), refused(), OK], {
    circuitBreaker: BREAKER,
    maxRetries: 0,
  });
  await run(client.settle(numberedUrls(2), { concurrency: 1 }));
  await clock.advance(10_000);
  await assertRejects(() => run(client.json(URL_A)), NetworkError);
  await clock.advance(19_999);
  const error = await assertRejects(() => run(client.json(URL_A)), CircuitOpenError);
  assertEquals([error.retryAfterMs, origin.calls], [1, 3]);
  await clock.advance(1);
  assertEquals(await run(client.json(URL_A)), { ok: true });

  assertEquals(changes(events), [
    "closed to open",
    "open to half-open",
    "half-open to open",
    "open to half-open",
    "half-open to closed",
  ]);
});

testBothWays(
  "breaker × queue: who still waits for a permit when it opens is refused, and never sent",
  async (rig) => {
    const clock = new ManualClock();
    const { client, origin, run } = rig(late(clock, 100, status(500)), {
      circuitBreaker: { ...BREAKER, threshold: 1 },
      maxRetries: 0,
      concurrency: 2,
    }, { clock });
    const outcomes = await run(Promise.all(numberedUrls(20).map((url) => client.settle([url]))));

    assertEquals(origin.calls, 2);
    const errors = outcomes.flat().flatMap((outcome) => outcome.ok ? [] : [outcome.error.name]);
    assertEquals(errors.filter((name) => name === "HttpError").length, 2);
    assertEquals(errors.filter((name) => name === "CircuitOpenError").length, 18);
    assertEquals([clock.now(), client.stats().inFlight], [100, 0]);
  },
);

testBothWays("breaker × origins: one that fails stops nobody else", async (rig) => {
  const reply: Reply = (sent) => sent.url.includes("//a.test") ? status(500)(sent) : OK(sent);
  const { client, origin, run } = rig(reply, { circuitBreaker: BREAKER, maxRetries: 0 });
  await run(client.settle(numberedUrls(5), { concurrency: 1 }));
  const others = await run(
    client.settle([...numberedUrls(5, "b.test"), "https://a.test:8443/x", "http://a.test/x"]),
  );

  assertEquals(others.map(({ ok }) => ok), [true, true, true, true, true, false, false]);
  assertEquals(origin.sent.filter(({ url }) => url.startsWith("https://a.test/")).length, 2);
  // Port and scheme are parts of an origin, so the client sends these two requests.
  assertEquals(origin.sent.filter(({ url }) => /^http:|8443/.test(url)).length, 2);
});

test("breaker × abort: an aborted probe counts as neither, and the next caller is the probe", async () => {
  for (const reply of [hanging(), stalled()]) {
    const { client, origin, clock, events, run } = rig([status(500), status(500), reply, OK], {
      circuitBreaker: BREAKER,
      maxRetries: 0,
    });
    await run(client.settle(numberedUrls(2), { concurrency: 1 }));
    await clock.advance(10_000);
    const controller = new AbortController();
    const probe = watch(client.json(URL_A, { signal: controller.signal }));
    await clock.advance(10);
    controller.abort();
    await clock.advance(0);
    assertEquals(probe.state, "rejected");

    assertEquals(await run(client.json(URL_A)), { ok: true });
    assertEquals(origin.calls, 4);
    assertEquals(changes(events).at(-1), "half-open to closed");
  }
});

test("breaker × abort: aborted requests open nothing", async () => {
  const { client, clock, events, run } = rig([hanging(), stalled(), hanging(), stalled(), OK], {
    circuitBreaker: BREAKER,
  });
  for (let index = 0; index < 4; index++) {
    const controller = new AbortController();
    const request = watch(client.json(URL_A, { signal: controller.signal }));
    await clock.advance(10);
    controller.abort();
    await clock.advance(0);
    assertEquals(request.state, "rejected");
  }

  assertEquals(await run(client.json(URL_A)), { ok: true });
  assertEquals(changes(events), []);
});

testBothWays(
  "breaker × abort: a probe that is aborted while it waits for a permit frees the place",
  async (rig) => {
    const clock = new ManualClock();
    const reply: Reply = (sent) => sent.url.includes("//b.test") ? late(clock, 5_000, OK)(sent) : OK(sent);
    let failures = 2;
    const { client, run } = rig(
      (sent) => sent.url.includes("//a.test") && failures-- > 0 ? status(500)(sent) : reply(sent),
      {
        circuitBreaker: BREAKER,
        maxRetries: 0,
        concurrency: 1,
      },
      { clock },
    );
    await run(client.settle(numberedUrls(2), { concurrency: 1 }));
    await clock.advance(10_000);
    const busy = client.json("https://b.test/");
    const controller = new AbortController();
    const probe = watch(client.json(URL_A, { signal: controller.signal }));
    await clock.advance(10);
    controller.abort();
    await clock.advance(0);
    assertEquals(probe.state, "rejected");

    const next = watch(client.json(URL_A));
    await run(busy);
    await clock.advance(0);
    assertEquals(next.value, { ok: true });
  },
);

testBothWays("breaker × statuses: 4xx are successes, except 408, and 429, which is neither", async (rig) => {
  for (
    const [code, opens] of [[400, false], [401, false], [404, false], [422, false], [408, true]] as const
  ) {
    const { client, origin, run } = rig(status(code), { circuitBreaker: BREAKER, maxRetries: 0 });
    await run(client.settle(numberedUrls(4), { concurrency: 1 }));

    assertEquals(origin.calls, opens ? 2 : 4, `${code}`);
  }
  const { client, run } = rig([status(500), status(404), status(500), status(404), OK], {
    circuitBreaker: BREAKER,
    maxRetries: 0,
  });
  await run(client.settle(numberedUrls(4), { concurrency: 1 }));
  assertEquals(await run(client.json(URL_A)), { ok: true });
});

testBothWays(
  "breaker × timeout, broken body and network error: all are failures of the origin",
  async (rig) => {
    for (const reply of [hanging(), stalled(), broken(), refused()]) {
      const { client, origin, run } = rig(reply, { circuitBreaker: BREAKER, maxRetries: 0, timeoutMs: 100 });
      const outcomes = await run(client.settle(numberedUrls(3), { concurrency: 1 }));

      assertEquals(origin.calls, 2);
      assert(outcomes[2]?.ok === false && outcomes[2].error instanceof CircuitOpenError);
    }
  },
);

testBothWays("breaker × bad request of the caller: it says nothing of the origin", async (rig) => {
  const { client, run } = rig(OK, { circuitBreaker: BREAKER });
  for (let index = 0; index < 5; index++) {
    await assertRejects(() => run(client.json({ url: URL_A, method: "GET", body: "x" })), TypeError);
  }

  assertEquals(await run(client.json(URL_A)), { ok: true });
});

testBothWays(
  "breaker × retry: a circuit that opens between the rounds ends the request without another call",
  async (rig) => {
    const { client, origin, clock, run } = rig(status(500), { circuitBreaker: BREAKER });
    const error = await assertRejects(() => run(client.json(URL_A)), NetworkError);

    assertEquals([origin.calls, error.attempts], [2, 2]);
    // A backoff before a round that the breaker would refuse has no use.
    assertEquals(clock.now(), 2_000);
  },
);

testBothWays("breaker × retry: the half-open probe is one call, and not all rounds of it", async (rig) => {
  const { client, origin, clock, run } = rig(status(500), { circuitBreaker: BREAKER });
  await run(client.json(URL_A).catch(() => {}));
  const calls = origin.calls;
  await clock.advance(10_000);
  await run(client.json(URL_A).catch(() => {}));

  assertEquals(origin.calls, calls + 1);
});

testBothWays(
  'breaker × waiting: `onOpen: "wait"` holds requests until the probe has answered, within their deadlines',
  async (rig) => {
    const clock = new ManualClock();
    const { client, origin, run } = rig([status(500), status(500), late(clock, 500, OK), OK], {
      circuitBreaker: { ...BREAKER, onOpen: "wait" },
      maxRetries: 0,
      concurrency: 10,
    }, { clock });
    await run(client.settle(numberedUrls(2), { concurrency: 1 }));
    const requests = numberedUrls(5).map((url) => watch(client.json(url)));
    const hurried = watch(client.json("https://a.test/hurried", { totalTimeoutMs: 2_000 }));
    await clock.advance(2_000);
    assertEquals([hurried.state, origin.calls], ["rejected", 2]);
    await clock.advance(8_000);
    assertEquals(origin.calls, 3);
    await clock.advance(500);

    assertEquals(requests.map(({ state }) => state), Array(5).fill("fulfilled"));
    assertEquals([origin.calls, clock.pending], [7, 0]);
  },
);

testBothWays("breaker × rate limit: what is refused takes no token", async (rig) => {
  let down = true;
  const { client, clock, origin, run } = rig((sent) => (down ? status(500) : OK)(sent), {
    circuitBreaker: BREAKER,
    maxRetries: 0,
    rateLimit: { limit: 1, intervalMs: 10_000, burst: 3 },
  });
  await run(client.settle(numberedUrls(2), { concurrency: 1 }));
  await run(client.settle(numberedUrls(50)));
  down = false;
  await clock.advance(10_000);
  const startedMs = clock.now();
  await run(client.settle(numberedUrls(2), { concurrency: 1 }));

  assertEquals(origin.calls, 4);
  assertEquals(clock.now(), startedMs);
});

test("breaker × late results: what began before it opened changes nothing after", async () => {
  const clock = new ManualClock();
  const reply: Reply = (sent) =>
    sent.url.endsWith("/slow") ? late(clock, 15_000, OK)(sent) : status(500)(sent);
  const { client, events, run } = rig(reply, { circuitBreaker: BREAKER, maxRetries: 0 }, { clock });
  const slow = watch(client.json("https://a.test/slow"));
  await run(client.settle(numberedUrls(2), { concurrency: 1 }));
  await clock.advance(10_000);
  await run(client.settle(numberedUrls(1)));
  assertEquals(changes(events), ["closed to open", "open to half-open", "half-open to open"]);
  await clock.advance(5_000);

  assertEquals(slow.state, "fulfilled");
  await assertRejects(() => run(client.json(URL_A)), CircuitOpenError);
});

testBothWays("breaker × cache: an open circuit does not keep the cache from answering", async (rig) => {
  let down = false;
  const { client, run } = rig((sent) => (down ? status(500) : OK)(sent), {
    circuitBreaker: BREAKER,
    maxRetries: 0,
    cache: planOf(),
  });
  await run(client.json(URL_A));
  down = true;
  await run(client.settle(numberedUrls(3), { concurrency: 1 }));

  assertEquals(await run(client.json(URL_A)), { ok: true });
  await assertRejects(() => run(client.json("https://a.test/other")), CircuitOpenError);
});

testBothWays(
  "breaker × invalid data: an origin that answers nonsense is up, whatever it says",
  async (rig) => {
    const { client, origin, run } = rig(text("<html>"), { circuitBreaker: BREAKER });
    await run(client.settle(numberedUrls(5), { concurrency: 1 }));

    assertEquals(origin.calls, 5);
  },
);

testBothWays("no breaker: `circuitBreaker: false` asks again and again", async (rig) => {
  const { client, origin, run } = rig(status(500), { circuitBreaker: false, maxRetries: 0 });
  const outcomes = await run(client.settle(numberedUrls(30), { concurrency: 1 }));

  assertEquals(origin.calls, 30);
  for (const outcome of outcomes) assert(!outcome.ok && outcome.error instanceof HttpError);
  assertEquals(client.stats().origins["https://a.test"]?.breaker, "closed");
});

test("breaker × not found: a 404 closes a half-open circuit, and is still a 404", async () => {
  const { client, clock, events, run } = rig([status(500), status(500), status(404), OK], {
    circuitBreaker: BREAKER,
    maxRetries: 0,
  });
  await run(client.settle(numberedUrls(2), { concurrency: 1 }));
  await clock.advance(10_000);

  await assertRejects(() => run(client.json(URL_A)), DataNotFoundError);
  assertEquals(changes(events).at(-1), "half-open to closed");
});

testBothWays(
  "breaker × retry × waiting: a retry waits for the probe's time, and is the probe",
  async (rig) => {
    const { client, origin, run } = rig([status(500), OK], {
      circuitBreaker: { threshold: 1, cooldownMs: 10_000, onOpen: "wait" },
    });

    assertEquals(await run(client.json(URL_A)), { ok: true });
    assertEquals(origin.timesMs, [0, 10_000]);
  },
);

for (
  const [name, reply] of [
    ["stall", stalled()],
    ["break off", broken()],
    ["stall after less than was announced", stalled('{"a":', { headers: { "content-length": "900" } })],
  ] as const
) {
  test(`breaker × patience: an origin whose bodies ${name} is not back when a probe gets headers`, async () => {
    const { client, clock, origin, run } = rig([OK, reply], {
      circuitBreaker: { threshold: 4, cooldownMs: 500, patienceMs: 5_000 },
      concurrency: 4,
      timeoutMs: 1_000,
    });
    const outcomes = await run(client.settle(numberedUrls(600)));
    const errors = outcomes.flatMap((outcome) => outcome.ok ? [] : [outcome.error]);

    assertEquals(errors.length, 599);
    const refused = errors.filter((error) => error instanceof CircuitOpenError);
    assert(refused.length > 400, `${refused.length} were refused, ${origin.calls} sent`);
    assert(clock.now() <= 30_000, `it took ${clock.now()} ms`);
  });
}

for (const hosts of [1, 2, 6]) {
  for (const untilMs of [4_000, 11_000, 26_000]) {
    testBothWays(
      `breaker × patience: a batch comes whole from ${hosts} hosts whose bodies break off from 1 s to ${untilMs} ms`,
      async (rig) => {
        const clock = new ManualClock();
        const reset = broken();
        const { client, origin, run } = rig(
          late(clock, 100, (sent) => {
            const isBroken = clock.now() >= 1_000 && clock.now() < untilMs;
            return isBroken ? reset(sent) : OK(sent);
          }),
          { random: seededRandom(1) },
          { clock },
        );
        const urls = Array.from({ length: 600 }, (_, index) => `https://h${index % hosts}.test/${index}`);
        const outcomes = await run(client.settle(urls));

        assertEquals(outcomes.filter(({ ok }) => !ok).length, 0);
        assert(origin.calls < 1_200, `${origin.calls} requests were sent`);
      },
    );
  }
}

test("breaker × patience: a body that comes whole after headers have closed the circuit ends the outage", async () => {
  const { client, clock, events, run } = rig(
    [status(500), status(500), OK, OK, status(500), status(500), OK],
    {
      circuitBreaker: { threshold: 2, cooldownMs: 1_000, patienceMs: 5_000 },
      maxRetries: 9,
      backoff: { baseMs: 0, jitter: "none" },
      concurrency: 1,
    },
  );
  await run(client.settle(numberedUrls(1)));
  await clock.advance(6_000);
  const outcomes = await run(client.settle(numberedUrls(3)));

  assertEquals(outcomes.map(({ ok }) => ok), [true, true, true]);
  assertEquals(changes(events).filter((change) => change === "closed to open").length, 2);
});

testBothWays(
  "breaker × retry: a single request that was a probe ends with what that has brought",
  async (rig) => {
    for (const [wait, expected] of [[{}, 503], [{ "retry-after": "1" }, 503]] as const) {
      const { client, clock, events, run } = rig([status(500), status(500), status(503, wait), OK], {
        circuitBreaker: BREAKER,
      });
      await run(client.settle(numberedUrls(2), { maxRetries: 0 }));
      await clock.advance(10_000);
      const before = events.length;
      const response = await run(client.fetch(URL_A));
      assertEquals(response.status, expected);
      assertEquals(events.slice(before).filter(({ type }) => type === "retry"), []);
      await response.body?.cancel();
    }
  },
);
