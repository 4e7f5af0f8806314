import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { HttpError, InvalidDataError, type Outcome, TimeoutError } from "../../mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { rejection } from "../support/settled.ts";
import type { Answer } from "../client/fake_network.ts";
import { test } from "../support/test.ts";
import { cacheRig, type CacheRigOptions, URL_A, URL_B } from "./cache_rig.ts";

const STALE = { staleIfErrorMs: 1e9 };

/** Creates a client with a stale answer; from then on the network answers as the test says. */
async function setUp(failing: () => Answer, { plan, ...options }: CacheRigOptions = {}) {
  let isDown = false;
  const rig = cacheRig(
    ({ nth }) => isDown ? failing() : { json: nth, headers: { "cache-control": "max-age=1" } },
    {
      maxRetries: 3,
      plan: { ...STALE, ...plan },
      ...options,
    },
  );
  await rig.client.json(URL_A);
  await rig.clock.advance(2_000);
  isDown = true;
  const sinceMs = rig.clock.now();
  return { ...rig, waitedMs: () => rig.clock.now() - sinceMs, recover: () => void (isDown = false) };
}

test("a stale answer comes after staleAfterMs, and not after all retries, once an attempt has failed", async () => {
  for (
    const failing of [{ status: 503 }, { error: new TypeError("reset") }, { status: 500, body: "<html>" }]
  ) {
    const { client, clock, waitedMs } = await setUp(() => failing);
    const outcome = await clock.run(client.outcome(URL_A));
    assert(outcome.ok);
    assertEquals([outcome.value, outcome.from], [1, "stale"]);
    assert(waitedMs() >= 10_000 && waitedMs() <= 10_250, `${waitedMs()}`);
  }
});

test("staleAfterMs may be any time, and Infinity waits for all retries", async () => {
  for (
    const [staleAfterMs, least, most] of [[0, 0, 2_300], [1_000, 1_000, 2_300], [
      Infinity,
      14_000,
      20_000,
    ]] as const
  ) {
    const { client, clock, waitedMs } = await setUp(() => ({ status: 503 }), { plan: { staleAfterMs } });
    assertEquals(await clock.run(client.json(URL_A)), 1);
    assert(waitedMs() >= least && waitedMs() <= most, `${staleAfterMs}: ${waitedMs()}`);
  }
});

test("after a request has waited in vain, the next ones wait only for their first failure, until an answer comes", async () => {
  const plan = { staleAfterMs: 4_000 };
  const { client, clock, waitedMs, network, recover } = await setUp(() => ({ status: 503 }), { plan });
  const timed = async (): Promise<[value: unknown, from: string, tookMs: number]> => {
    const sinceMs = waitedMs();
    const outcome = await clock.run(client.outcome(URL_A));
    assert(outcome.ok);
    return [outcome.value, outcome.from, waitedMs() - sinceMs];
  };
  assertEquals(await timed(), [1, "stale", 4_000]);
  // Each request still asks the network, so that the end of the outage is noticed at once.
  for (let nth = 0; nth < 3; nth++) {
    await clock.advance(60_000);
    const before = network.sent.length;
    assertEquals(await timed(), [1, "stale", 50]);
    assert(network.sent.length > before);
  }
  await clock.advance(60_000);
  recover();
  assertEquals((await timed()).slice(1), ["network", 0]);
});

test("an outage is that of one origin, and does not count where all retries are waited for", async () => {
  const { client, clock, waitedMs } = await setUp(() => ({ status: 503 }), {
    plan: { staleAfterMs: Infinity },
  });
  for (let nth = 0; nth < 2; nth++) {
    const sinceMs = waitedMs();
    assertEquals(await clock.run(client.json(URL_A)), 1);
    assert(waitedMs() - sinceMs >= 14_000);
  }
  let isDown = false;
  const other = cacheRig(
    () => isDown ? { status: 503 } : { json: 1, headers: { "cache-control": "max-age=1" } },
    { maxRetries: 3, plan: { ...STALE, staleAfterMs: 4_000 } },
  );
  const urls = [URL_A, "https://b.test/a.json"];
  await other.client.all(urls);
  await other.clock.advance(2_000);
  isDown = true;
  for (const [nth, url] of [...urls, ...urls].entries()) {
    const sinceMs = other.clock.now();
    await other.clock.run(other.client.json(url));
    assertEquals(other.clock.now() - sinceMs, nth < 2 ? 4_000 : 50);
    await other.clock.advance(60_000);
  }
});

test("in an outage a stale answer comes after staleAfterMs even if no attempt ends", async () => {
  let answer: Answer = { status: 503 };
  const { client, clock, waitedMs } = await setUp(() => answer, { plan: { staleAfterMs: 4_000 } });
  assertEquals(await clock.run(client.json(URL_A)), 1);
  await clock.advance(60_000);
  answer = { json: "new", afterMs: 20_000 };
  const sinceMs = waitedMs();
  assertEquals([await clock.run(client.json(URL_A)), waitedMs() - sinceMs < 4_300], [1, true]);
});

test("callers that share a stale answer are told that it is stale, and the client remembers the outage", async () => {
  for (const callers of [1, 2, 3, 6]) {
    for (const isAlike of [true, false]) {
      let answer: Answer = { error: new TypeError("reset") };
      const plan = { staleAfterMs: 4_000 };
      const { client, clock, waitedMs } = await setUp(() => answer, { maxRetries: 0, plan });
      // Requests that are alike share one request from the beginning; others wait for each other in the cache.
      const requests = Array.from({ length: callers }, (_, nth) => ({
        url: URL_A,
        maxBodyBytes: isAlike ? 1_000 : 1_000 + nth,
      }));
      const outcomes = await clock.run(client.settle(requests));
      assertEquals(outcomes.map((outcome) => outcome.ok && outcome.from), Array(callers).fill("stale"));
      answer = { json: "new", afterMs: 20_000 };
      const sinceMs = waitedMs();
      assertEquals(await clock.run(client.json(URL_A)), 1);
      assert(waitedMs() - sinceMs < 4_300, `${callers}, ${isAlike}: ${waitedMs() - sinceMs}`);
      await clock.run(client.close());
    }
  }
});

test("a request whose time is over before it is sent leaves nothing in line before other requests", async () => {
  const rateLimit = { limit: 1, intervalMs: 60_000, burst: 1 };
  const waits: [options: CacheRigOptions, failing: Answer, sent: number][] = [
    [{ rateLimit }, { json: "new" }, 0],
    [{ rateLimit, concurrency: 1 }, { json: "new" }, 0],
    [{}, { status: 503 }, 1],
    [{}, { error: new TypeError("reset") }, 1],
  ];
  for (const [options, failing, sent] of waits) {
    for (const ask of ["single", "alike", "different", "batch"] as const) {
      const { client, clock, network, waitedMs } = await setUp(() => failing, options);
      const [before, totalTimeoutMs] = [network.sent.length, 1_000];
      const requests = Array.from({ length: ask === "single" ? 1 : 4 }, (_, nth) => ({
        url: URL_A,
        totalTimeoutMs,
        ...(ask === "different" ? { maxBodyBytes: 1_000 + nth } : {}),
      }));
      const outcomes = await clock.run(
        ask === "batch"
          ? client.settle(requests, { batchTimeoutMs: 1_000 })
          : Promise.all(requests.map((request) => client.outcome(request))),
      );
      const what = `${JSON.stringify(failing)}, ${ask}`;
      assertEquals(
        outcomes.map((outcome) => outcome.ok && outcome.from),
        requests.map(() => "stale" as const),
        what,
      );
      assert(waitedMs() <= 1_000, `${what}: ${waitedMs()}`);
      assertEquals([client.stats().queued, clock.pending], [0, 0], what);
      await clock.advance(300_000);
      assert(
        network.sent.length - before <= sent * requests.length,
        `${what}: ${network.sent.length - before}`,
      );
      await client.close();
    }
  }
});

test("the failure of one mirror counts, also while the next one makes the request wait", async () => {
  let isDown = false;
  const { client, clock } = cacheRig(({ url }) => {
    if (!isDown) return { json: "old", headers: { "cache-control": "max-age=1" } };
    return url.startsWith("https://a.test")
      ? { error: new TypeError("reset") }
      : { json: "new", afterMs: 20_000 };
  }, {
    baseUrls: ["https://a.test", "https://b.test"],
    plan: { ...STALE, staleAfterMs: 4_000 },
  });
  await clock.run(client.json("a.json"));
  await clock.advance(2_000);
  isDown = true;
  const sinceMs = clock.now();
  assertEquals([await clock.run(client.json("a.json")), clock.now() - sinceMs], ["old", 4_000]);
  await clock.run(client.close());
});

test("a network that is only slow is waited for", async () => {
  const { client, clock, waitedMs } = await setUp(() => ({ json: "new", afterMs: 20_000 }));
  assertEquals([await clock.run(client.json(URL_A)), waitedMs()], ["new", 20_000]);
});

test("a stale answer replaces the error of the total deadline, and that of an attempt", async () => {
  for (const totalTimeoutMs of [100, 1_000, 4_000]) {
    const { client, clock, waitedMs } = await setUp(() => ({ json: "new", afterMs: 60_000 }));
    assertEquals(await clock.run(client.json(URL_A, { totalTimeoutMs })), 1);
    assert(waitedMs() <= totalTimeoutMs, `${waitedMs()} of ${totalTimeoutMs}`);
  }
  const { client, clock, waitedMs } = await setUp(() => ({ json: "new", afterMs: 60_000 }), {
    maxRetries: 0,
  });
  assertEquals([await clock.run(client.json(URL_A, { timeoutMs: 700 })), waitedMs()], [1, 700]);
});

test("a stale answer comes in time also with fractional times that do not add up", async () => {
  for (
    const [startMs, totalTimeoutMs] of [[1e6 + 1 / 3, 100 / 3], [1e9 + 0.1, 0.7], [123.456, 1e3 / 7]] as const
  ) {
    const { client, clock, waitedMs } = await setUp(() => ({ json: "new", afterMs: 60_000 }), {
      manualClock: new ManualClock({ nowMs: startMs }),
    });
    assertEquals(await clock.run(client.json(URL_A, { totalTimeoutMs })), 1);
    assert(waitedMs() <= totalTimeoutMs, `${waitedMs()} of ${totalTimeoutMs}`);
  }
});

test("a stale answer replaces the error of an open breaker, or of the wait for it", async () => {
  const { client, clock, waitedMs } = await setUp(() => ({ status: 500 }), {
    maxRetries: 1,
    backoff: { baseMs: 1, jitter: "none" },
    circuitBreaker: { threshold: 1, cooldownMs: 60_000, maxCooldownMs: 60_000 },
    plan: { staleAfterMs: 3_000 },
  });
  await clock.run(rejection(client.json(URL_B)));
  assertEquals(client.stats().origins["https://a.test"]!.breaker, "open");
  const beforeMs = waitedMs();
  assertEquals([await clock.run(client.json(URL_A)), waitedMs() - beforeMs], [1, 0]);
  // Requests of batches wait for open breakers.
  assertEquals(await clock.run(client.all([URL_A])), [1]);
  assert(waitedMs() - beforeMs <= 3_250, `${waitedMs() - beforeMs}`);
});

test("a stale answer replaces a login page, which is not stored", async () => {
  const portal = { body: "<html>Sign in</html>", headers: { "cache-control": "max-age=1000" } };
  const { client, clock, recover } = await setUp(() => portal);
  assertEquals(await clock.run(client.json(URL_A)), 1);
  assertInstanceOf(await clock.run(rejection(client.json(URL_B))), InvalidDataError);
  recover();
  assertEquals(await clock.run(client.json(URL_A)), 3);
});

test("the request behind a stale answer is stored for the next call, and leaves nothing behind", async () => {
  let answer: Answer = { status: 503 };
  const { client, clock, network } = await setUp(() => answer, { plan: { staleAfterMs: 100 } });
  assertEquals(await clock.run(client.json(URL_A)), 1);
  answer = { json: "new", headers: { "cache-control": "max-age=1000" } };
  await clock.advance(30_000);
  const before = network.sent.length;
  assertEquals([await clock.run(client.json(URL_A)), network.sent.length], ["new", before]);
  assertEquals([client.stats().inFlight, client.stats().queued, clock.pending], [0, 0, 0]);
});

test("close() does not wait for retries behind a stale answer, and aborts what hangs there after five seconds", async () => {
  const failures: [Answer, number, number][] = [
    [{ status: 503 }, 0, 300],
    [{ error: new TypeError("reset") }, 0, 300],
    [{ status: 429, headers: { "retry-after": "50" } }, 0, 300],
    [{ json: "new", afterMs: 1e9 }, 5_000, 5_000],
  ];
  for (const [failing, least, most] of failures) {
    const { client, clock, waitedMs, network } = await setUp(() => failing, { plan: { staleAfterMs: 100 } });
    const totalTimeoutMs = failing.afterMs === undefined ? undefined : 2_000;
    assertEquals(await clock.run(client.json(URL_A, { totalTimeoutMs })), 1);
    const [before, sent] = [waitedMs(), network.sent.length];
    await clock.run(client.close());
    const tookMs = waitedMs() - before;
    assert(tookMs >= least && tookMs <= most, `${JSON.stringify(failing)}: ${tookMs}`);
    assertEquals([clock.pending, network.sent.length], [0, sent]);
  }
});

test("close() waits for an answer that is on its way behind a stale one, and stores it", async () => {
  const { client, clock, cache } = await setUp(() => ({
    json: "new",
    afterMs: 4_000,
    headers: { "cache-control": "max-age=1000" },
  }));
  assertEquals(await clock.run(client.json(URL_A, { totalTimeoutMs: 1_000 })), 1);
  await clock.run(client.close());
  const next = cacheRig(() => ({ status: 503 }), { plan: { ...STALE, adapter: cache }, manualClock: clock });
  assertEquals(await clock.run(next.client.json(URL_A)), "new");
});

test("without staleIfErrorMs an error is reported, and at its usual time", async () => {
  const { client, clock, waitedMs } = await setUp(() => ({ status: 503 }), { plan: { staleIfErrorMs: 0 } });
  assertInstanceOf(await clock.run(rejection(client.json(URL_A))), HttpError);
  assert(waitedMs() >= 14_000, `${waitedMs()}`);
  const slow = await setUp(() => ({ json: 1, afterMs: 60_000 }), { plan: { staleIfErrorMs: 0 } });
  const late = rejection(slow.client.json(URL_A, { totalTimeoutMs: 500 }));
  assertInstanceOf(await slow.clock.run(late), TimeoutError);
});

test("an abort rejects even if there is a stale answer", async () => {
  const { client, clock } = await setUp(() => ({ status: 503 }));
  const controller = new AbortController();
  const pending = rejection(client.json(URL_A, { signal: controller.signal }));
  await clock.advance(1_000);
  controller.abort("enough");
  assertEquals(await clock.run(pending), "enough");
});

test("a stale answer also comes in time to calls that wait for another call's request, which stays the only one", async () => {
  for (
    const options of [{ as: "text" }, { maxRetries: 0 }, { writeCache: false }, {
      timeoutMs: 60_000,
    }] as const
  ) {
    for (const failing of [{ status: 503 }, { error: new TypeError("reset") }]) {
      const { client, clock, waitedMs, network } = await setUp(() => failing);
      const before = network.sent.length;
      const all = [{}, options, options].map(async (each) => {
        const outcome = await client.outcome(URL_A, each);
        return [outcome.ok && String(outcome.value), waitedMs()];
      });
      const name = JSON.stringify([options, failing]);
      assertEquals(await clock.run(Promise.all(all)), Array(3).fill(["1", 10_000]), name);
      await clock.advance(100_000);
      assertEquals([network.sent.length - before, client.stats().inFlight, clock.pending], [4, 0, 0], name);
    }
  }
});

test("a stale answer also comes to any number of calls that wait for another call's request", async () => {
  const { client, clock } = await setUp(() => ({ status: 503 }));
  const all = Promise.all(Array.from({ length: 150_000 }, () => client.json(URL_A)));
  assertEquals(new Set(await clock.run(all)), new Set([1]));
});

test("a call that waits for another call's slow request keeps waiting, and gets its answer", async () => {
  const { client, clock, waitedMs } = await setUp(() => ({
    json: "new",
    afterMs: 20_000,
    headers: { "cache-control": "max-age=60" },
  }));
  const both = Promise.all([client.json(URL_A), client.text(URL_A)]);
  assertEquals([await clock.run(both), waitedMs()], [["new", '"new"'], 20_000]);
});

test("a call that has seen another call's request for the same fail does not wait for a second failure", async () => {
  for (
    const first of [{ maxRetries: 0 }, { totalTimeoutMs: 30_000 }, { maxRetries: 0, as: "text" }] as const
  ) {
    for (const [staleAfterMs, dueMs] of [[0, 30_250], [10_000, 30_250], [40_000, 40_000]] as const) {
      const plan = { staleAfterMs };
      const { client, clock, waitedMs } = await setUp(() => ({ json: "new", afterMs: 90_000 }), { plan });
      const others = [{}, { as: "text" }, { maxRetries: 5 }] as const;
      const all = [first, ...others].map(async (options) => {
        const outcome = await client.outcome(URL_A, options);
        return [outcome.ok && String(outcome.value), waitedMs()] as const;
      });
      for (const [value, ms] of await clock.run(Promise.all(all))) {
        assertEquals(value, "1");
        assert(ms <= dueMs, `${JSON.stringify(first)}, ${staleAfterMs}: ${ms}`);
      }
    }
  }
});

test("a stale answer replaces the timeout error of a batch, for requests that are under way", async () => {
  for (const answer of [{ status: 503 }, { json: "new", afterMs: 60_000 }]) {
    for (const options of [{}, { totalTimeoutMs: 50_000 }, { concurrency: 1 }]) {
      const { client, clock, waitedMs } = await setUp(() => answer);
      const outcomes = await clock.run(client.settle([URL_A, URL_B], { ...options, batchTimeoutMs: 3_000 }));
      const seen = outcomes.map((outcome) =>
        outcome.ok ? outcome.value : (outcome.error as TimeoutError).kind
      );
      assertEquals([seen, waitedMs()], [[1, "batch"], 3_000]);
    }
  }
});

test("a total deadline before that of the batch is still the request's own", async () => {
  const { client, clock, waitedMs } = await setUp(() => ({ json: "new", afterMs: 60_000 }));
  const stream = client.stream([URL_A], { batchTimeoutMs: 3_000, totalTimeoutMs: 1_000 });
  const { value } = await clock.run(stream.next());
  assertEquals([value.value, value.from, waitedMs()], [1, "stale", 950]);
});

test("a batch that ends first takes nothing from calls that wait for the same answer and have time", async () => {
  for (const staleAfterMs of [1_000, 10_000, Infinity]) {
    for (const isFirst of [true, false]) {
      const slow = { json: "new", afterMs: 20_000, headers: { "cache-control": "max-age=60" } };
      const { client, clock, waitedMs } = await setUp(() => slow, { plan: { staleAfterMs } });
      const timed = async (pending: Promise<readonly Outcome<unknown>[]>) => {
        const [outcome] = await pending;
        const { error } = outcome as { readonly error?: TimeoutError };
        return [outcome!.ok ? outcome!.value : error!.kind, waitedMs()];
      };
      const batches = [3_000, 6_000].map((batchTimeoutMs) => () =>
        client.settle([URL_A], { batchTimeoutMs })
      );
      const single = () => client.settle([URL_A]);
      const starts = isFirst ? [...batches, single] : [single, ...batches];
      const seen = await clock.run(Promise.all(starts.map((start) => timed(start()))));
      const expected = [["batch", 3_000], ["batch", 6_000]];
      assertEquals(seen, isFirst ? [...expected, ["new", 20_000]] : [["new", 20_000], ...expected]);
      const both = await clock.run(Promise.all(batches.map((start) => timed(start()))));
      assertEquals(both.map(([value]) => value), ["new", "new"]);
    }
  }
});

test("of two batches that wait for the same answer, the one that ends last gets the stale answer", async () => {
  const { client, clock, waitedMs } = await setUp(() => ({ json: "new", afterMs: 60_000 }));
  const settle = async (batchTimeoutMs: number) => {
    const [outcome] = await client.settle([URL_A, URL_A], { batchTimeoutMs });
    return [outcome!.ok && outcome!.value, waitedMs()];
  };
  assertEquals(await clock.run(Promise.all([settle(3_000), settle(6_000)])), [[false, 3_000], [1, 5_950]]);
});
