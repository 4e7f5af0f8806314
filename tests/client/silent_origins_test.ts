import { assert, assertEquals } from "@std/assert";
import type { ClientOptions } from "../../mod.ts";
import { Semaphore } from "../../src/primitives/mod.ts";
import { test } from "../support/test.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { fakeClient, type MakeFakeClient, testClientsBothWays } from "./fake_client.ts";
import type { Answer, SentRequest } from "./fake_network.ts";

/** An answer that comes later than any client waits. */
const NEVER: Answer = { afterMs: 1e9 };

/** Hosts named `dead…` never answer; the others take 50 ms. */
const answer = ({ url }: SentRequest): Answer => isDead(url) ? NEVER : { json: url, afterMs: 50 };

const isDead = (url: string): boolean => new URL(url).hostname.startsWith("dead");

const testBothWays = testClientsBothWays();

/** Returns how often each URL of dead hosts was sent. */
function timesOf(urls: readonly string[]): number[] {
  const times = new Map<string, number>();
  for (const url of urls.filter(isDead)) times.set(url, (times.get(url) ?? 0) + 1);
  return [...times.values()];
}

/** Returns the URLs of `count` hosts with `urls` URLs each; one host in `everyDead` is dead. */
function hosts(count: number, urls: number, everyDead: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `${index % everyDead === everyDead - 1 ? "dead" : "host"}${index}`;
    return numberedUrls(urls).map((url) => url.replace("a.test", `${name}.test`));
  }).flat();
}

/** Runs a batch; returns how many values came, when the last came, and which requests failed. */
async function crawl({ client, clock }: ReturnType<MakeFakeClient>, urls: readonly string[]) {
  let cameAtMs = 0;
  let came = 0;
  await clock.run((async () => {
    for await (const outcome of client.stream(urls)) {
      if (!outcome.ok) continue;
      came++;
      cameAtMs = clock.now();
    }
  })());
  return { came, cameAtMs };
}

testBothWays(
  "hosts that never answer do not hold up the rest of a batch",
  async (setUp) => {
    const made = setUp(answer);
    const urls = hosts(400, 3, 20);
    const { came, cameAtMs } = await crawl(made, urls);
    assertEquals(came, 380 * 3);
    // 3 s of work, and twenty dead hosts that each hold a permit for some time, five of them at once.
    assert(cameAtMs < 30_000, `${cameAtMs}`);
    const times = timesOf(made.network.urls);
    assert(Math.max(...times) <= 3 && made.network.peak <= 20, `${times}`);
  },
);

testBothWays(
  "a batch with few places leaves one of them to hosts that never answer",
  async (setUp) => {
    const made = setUp(answer, { concurrency: 50 });
    const urls = hosts(60, 2, 6);
    let cameAtMs = 0;
    let came = 0;
    await made.clock.run((async () => {
      for await (const { ok } of made.client.stream(urls, { concurrency: 4 })) {
        if (ok) [came, cameAtMs] = [came + 1, made.clock.now()];
      }
    })());
    assertEquals(came, 100);
    assert(cameAtMs < 60_000, `${cameAtMs}`);
  },
);

testBothWays("single requests to a host that hangs let requests to other hosts pass", async (setUp) => {
  const { client, clock, network } = setUp(answer, { concurrency: 8 });
  const dead = numberedUrls(12).map((url) => url.replace("a.test", "dead.test"));
  const lost = Promise.allSettled(dead.map((url) => client.json(url)));
  const came = Promise.all(numberedUrls(12).map((url) => client.json(url)));
  await clock.run(came);
  assert(clock.now() < 10_000, `${clock.now()}`);
  await clock.run(lost);
  assert((await lost).every(({ status }) => status === "rejected"));
  assert(network.peak <= 8, `${network.peak}`);
});

testBothWays(
  "another batch does not wait for the timeouts of a batch to a host that hangs",
  async (setUp) => {
    const { client, clock } = setUp(answer);
    const dead = client.settle(numberedUrls(60).map((url) => url.replace("a.test", "dead.test")));
    const outcomes = await clock.run(client.settle(numberedUrls(60)));
    assert(outcomes.every(({ ok }) => ok));
    assert(clock.now() < 15_000, `${clock.now()}`);
    assert((await clock.run(dead)).every(({ ok }) => !ok));
  },
);

testBothWays(
  "a client with a silent origin does not keep permits from another client that shares the semaphore",
  async (setUp) => {
    const concurrency = new Semaphore(8);
    const first = setUp(answer, { concurrency });
    const second = setUp(answer, { concurrency, clock: first.clock });
    const dead = first.client.settle(numberedUrls(30).map((url) => url.replace("a.test", "dead.test")));
    const outcomes = await first.clock.run(second.client.settle(numberedUrls(30)));
    assert(outcomes.every(({ ok }) => ok));
    assert(first.clock.now() < 15_000, `${first.clock.now()}`);
    await first.clock.run(dead);
  },
);

testBothWays(
  "a request that must not be sent twice is sent once, whatever waits for its permit",
  async (setUp) => {
    const kinds: [ClientOptions, { readonly json?: unknown; readonly maxRetries?: number }][] = [
      [{}, { json: 1 }],
      [{}, { maxRetries: 0 }],
      [{ maxRetries: 0 }, {}],
    ];
    for (const [options, own] of kinds) {
      const { client, clock, network } = setUp(answer, { ...options, concurrency: 8 });
      const dead = numberedUrls(8).map((url) => url.replace("a.test", "dead.test"));
      const lost = Promise.allSettled(dead.map((url) => client.json({ url, ...own })));
      await clock.run(Promise.all([...numberedUrls(8).map((url) => client.json(url)), lost]));
      assertEquals(timesOf(network.urls), Array(8).fill(1));
    }
  },
);

testBothWays(
  "an origin that is slow to answer first loses no request beside a quick one",
  async (setUp) => {
    const made = setUp(({ url }) => ({ json: url, afterMs: isDead(url) ? 9_000 : 50 }));
    const urls = numberedUrls(120).map((url, index) =>
      index % 2 === 0 ? url : url.replace("a.test", "dead.test")
    );
    const { came } = await crawl(made, urls);
    assertEquals(came, 120);
    assert(timesOf(made.network.urls).every((times) => times <= 2));
  },
);

testBothWays(
  "attempts to an origin that hangs alone keep their permits for their whole timeout",
  async (setUp) => {
    for (const concurrency of [4, 20]) {
      const { client, clock, network } = setUp(() => NEVER, { concurrency, maxRetries: 0 });
      const outcomes = client.settle(numberedUrls(concurrency + 10));
      await clock.advance(29_000);
      assertEquals(network.sent.length, concurrency);
      await clock.run(outcomes);
    }
  },
);

test("an attempt that gave way says so in a retry event, and its request gets one attempt more", async () => {
  const { client, clock } = fakeClient(answer, { concurrency: 4 });
  const reasons: string[] = [];
  client.on((event) => event.type === "retry" && reasons.push(event.reason));
  const dead = numberedUrls(4).map((url) => url.replace("a.test", "dead.test"));
  const lost = client.settle(dead, { maxRetries: 1 });
  await clock.run(client.settle(numberedUrls(40)));
  assertEquals(reasons, Array(3).fill("its origin is silent, and other requests need its permit"));
  assertEquals(client.stats().retried, 3);
  const attempts = (await clock.run(lost)).map((outcome) => outcome.attempts);
  assert(attempts.every((count) => count >= 1 && count <= 3), `${attempts}`);
});

/** Two mirrors, of which the first is dead. */
const MIRRORS = ["https://dead.test", "https://live.test"];

testBothWays("a call leaves a mirror that never answers for the next one after 5 s", async (setUp) => {
  const { client, clock, network } = setUp(answer, { baseUrls: MIRRORS });
  assertEquals(await clock.run(client.json("/one")), "https://live.test/one");
  assertEquals([clock.now(), network.urls], [5_050, ["https://dead.test/one", "https://live.test/one"]]);
});

testBothWays("a batch does not wait for the timeouts of a mirror that never answers", async (setUp) => {
  const made = setUp(answer, { baseUrls: MIRRORS });
  const { came, cameAtMs } = await crawl(made, Array.from({ length: 200 }, (_, index) => `/${index}`));
  assertEquals(came, 200);
  assert(cameAtMs < 15_000, `${cameAtMs}`);
});

testBothWays(
  "a mirror gets its whole timeout if no other mirror can answer, or the request must not be sent twice",
  async (setUp) => {
    const slow = ({ url }: SentRequest): Answer =>
      isDead(url) ? { json: url, afterMs: 20_000 } : { status: 503, afterMs: 10 };
    const { client, clock, network } = setUp(slow, {
      baseUrls: MIRRORS,
      circuitBreaker: { threshold: 1, cooldownMs: 60_000 },
    });
    await clock.run(client.outcome("https://live.test/", { maxRetries: 0 }));
    assertEquals(await clock.run(client.json("/a")), "https://dead.test/a");
    const made = setUp(slow, { baseUrls: MIRRORS });
    await made.clock.run(made.client.json({ url: "/b", json: 1 }));
    assertEquals([network.urls.length, made.network.urls], [2, ["https://dead.test/b"]]);
  },
);

testBothWays(
  "a call leaves a mirror that falls silent after 5 s, or after twice the time of its slowest answer",
  async (setUp) => {
    for (const [tookMs, leftMs] of [[100, 5_000], [4_000, 8_000]] as const) {
      const fading = ({ url }: SentRequest): Answer =>
        isDead(url) && url.endsWith("two") ? NEVER : { json: url, afterMs: tookMs };
      const { client, clock, network } = setUp(fading, { baseUrls: MIRRORS });
      await clock.run(client.json("/one"));
      await clock.advance(60_000);
      const beganAtMs = clock.now();
      assertEquals(await clock.run(client.json("/two")), "https://live.test/two");
      assertEquals([clock.now() - beganAtMs, network.sent.length], [leftMs + tookMs, 3]);
    }
  },
);

testBothWays(
  "a call does not leave a mirror that answers other requests, or sends its headers in time",
  async (setUp) => {
    const slow = ({ url }: SentRequest): Answer => ({
      json: url,
      afterMs: url.endsWith("slow") ? 20_000 : 100,
    });
    const { client, clock, network } = setUp(slow, { baseUrls: MIRRORS });
    const last = client.json("/slow");
    for (let second = 0; second < 20; second++) {
      await clock.run(client.json(`/${second}`));
      await clock.advance(900);
    }
    await clock.run(last);
    assert(network.urls.every(isDead));

    const body = setUp(() => ({ json: 1, afterMs: 4_000, bodyMs: 20_000 }), { baseUrls: MIRRORS });
    await body.clock.run(body.client.json("/"));
    assertEquals(body.network.urls, ["https://dead.test/"]);
    const endless = setUp(() => ({ json: 1, afterMs: 4_000, bodyMs: 40_000 }), {
      baseUrls: MIRRORS,
      maxRetries: 0,
      timeoutMs: 10_000,
    });
    assertEquals((await endless.clock.run(endless.client.outcome("/"))).ok, false);
    assertEquals(endless.clock.now(), 20_000);
  },
);

testBothWays(
  "a call asks a mirror that it left again once the next one can answer, and not before",
  async (setUp) => {
    let isDown = true;
    const { client, clock, network } = setUp(
      ({ url }) => isDead(url) ? NEVER : isDown ? { status: 503 } : { json: url },
      { baseUrls: MIRRORS, circuitBreaker: { threshold: 1, cooldownMs: 8_000 } },
    );
    await clock.run(client.outcome("https://live.test/", { maxRetries: 0 }));
    isDown = false;
    const startedAtMs = clock.now();
    await clock.run(client.json("/one"));
    const tookMs = clock.now() - startedAtMs;
    assert(tookMs >= 8_000 && tookMs < 9_100, `${tookMs}`);
    assertEquals(network.urls.slice(1), ["https://dead.test/one", "https://live.test/one"]);
  },
);

testBothWays("the time that middleware takes does not count as silence of the origin", async (setUp) => {
  for (const baseUrls of [undefined, ["https://a.test", "https://live.test"]]) {
    const made = setUp(answer, {
      baseUrls,
      concurrency: 4,
      use: [async (request, next) => {
        const response = await next(request);
        if (request.url.includes("//a.test/")) {
          await new Promise((resolve) => made.clock.setTimeout(() => resolve(0), 9_000));
        }
        return response;
      }],
    });
    const urls = baseUrls === undefined ? numberedUrls(4) : ["/0", "/1", "/2", "/3"];
    const slow = Promise.all(urls.map((url) => made.client.json(url)));
    const others = Promise.all(
      numberedUrls(4).map((url) => made.client.json(url.replace("a.test", "b.test"))),
    );
    await made.clock.run(Promise.all([slow, others]));
    assertEquals(made.network.urls.length, 8);
  }
});

/** Hosts named `dead…` answer until this time. */
const until = (atMs: number, now: () => number): (request: SentRequest) => Answer => ({ url }) =>
  isDead(url) && now() >= atMs ? NEVER : { json: url, afterMs: 50 };

testBothWays(
  "hosts that fall silent halfway do not hold up the rest of a batch, and are not asked for ever",
  async (setUp) => {
    for (const [count, everyDead] of [[60, 3], [300, 10]] as const) {
      const made: ReturnType<MakeFakeClient> = setUp((sent) => until(1_000, () => made.clock.now())(sent));
      const sorted = hosts(count, 1_200 / count, everyDead);
      // Take the hosts in turns, as a crawler meets them.
      const urls = sorted.map((_, index) => sorted[(index * 7) % sorted.length]!);
      const { cameAtMs } = await crawl(made, urls);
      const { network, clock, client } = made;
      assertEquals(
        new Set(network.urls.filter((url) => !isDead(url))).size,
        new Set(urls.filter((url) => !isDead(url))).size,
      );
      assert(cameAtMs < 30_000, `${cameAtMs}`);
      assert(clock.now() < 900_000, `${clock.now()}`);
      assert(network.peak <= 20 && network.sent.length < 1.4 * urls.length, `${network.sent.length}`);
      assertEquals(client.stats().inFlight, 0);
    }
  },
);

testBothWays("hosts that pause for some seconds lose no request beside other hosts", async (setUp) => {
  const made: ReturnType<MakeFakeClient> = setUp(({ url }) => {
    const nowMs = made.clock.now();
    return isDead(url) && nowMs >= 1_000 && nowMs < 9_000 ? NEVER : { json: url, afterMs: 50 };
  });
  const urls = hosts(30, 40, 3).sort((one, other) => one.slice(-4).localeCompare(other.slice(-4)));
  const { came } = await crawl(made, urls);
  assertEquals(came, urls.length);
  assert(made.clock.now() < 60_000, `${made.clock.now()}`);
});

testBothWays("an origin whose bodies take long is not silent", async (setUp) => {
  const { client, clock, network } = setUp(({ url }) =>
    isDead(url) ? { json: url, afterMs: 50, bodyMs: 20_000 } : { json: url, afterMs: 50 }
  );
  const urls = numberedUrls(200).map((url, index) =>
    index % 2 === 0 ? url : url.replace("a.test", "dead.test")
  );
  const outcomes = await clock.run(client.settle(urls));
  assert(outcomes.every(({ ok }) => ok));
  assertEquals(network.sent.length, urls.length);
});

testBothWays("the request that was the last probe of an outage is not sent again", async (setUp) => {
  const { client, clock } = setUp(() => NEVER, {
    circuitBreaker: { threshold: 1, cooldownMs: 100, patienceMs: 10_000 },
    concurrency: 4,
  });
  const outcomes = await clock.run(client.settle(numberedUrls(3)));
  assert(outcomes.every(({ ok }) => !ok));
  // Three attempts at once, a probe soon after they fail, and one when the patience ends: each takes 30 s.
  assert(clock.now() <= 100_000, `${clock.now()}`);
});

testBothWays("hosts that hang for some of their URLs lose none of the other URLs", async (setUp) => {
  const hangs = (url: string): boolean =>
    isDead(url) && Number(url.slice(url.lastIndexOf("/") + 1)) % 10 === 1;
  const made = setUp(({ url }) => hangs(url) ? NEVER : { json: url, afterMs: 50 });
  const urls = hosts(60, 30, 3).sort((one, other) => one.slice(-3).localeCompare(other.slice(-3)));
  const { came } = await crawl(made, urls);
  assertEquals(came, urls.filter((url) => !hangs(url)).length);
});

testBothWays("single requests that hang do not make the breaker refuse others", async (setUp) => {
  const { client, clock } = setUp(({ url }) => url.endsWith("/report") ? NEVER : { json: url, afterMs: 50 }, {
    concurrency: 8,
    timeoutMs: 10_000,
  });
  await clock.run(client.json("https://a.test/first"));
  const busy = client.settle(numberedUrls(6_000).map((url) => url.replace("a.test", "live.test")));
  const lost: Promise<unknown>[] = [];
  for (let second = 0; second < 30; second++) {
    lost.push(client.outcome("https://a.test/report", { maxRetries: 0, idempotent: false }));
    await clock.advance(1_000);
  }
  const { ok } = await clock.run(client.outcome("https://a.test/other"));
  assertEquals(ok, true);
  await clock.run(Promise.all([busy, ...lost]));
});

testBothWays("a call does not leave a slow mirror for one that fails", async (setUp) => {
  for (const other of [{ status: 500 }, { status: 503 }]) {
    const answer = ({ url }: SentRequest): Answer =>
      isDead(url) ? { json: url, afterMs: url.endsWith("/0") ? 50 : 8_000 } : other;
    const { client, clock } = setUp(answer, { baseUrls: MIRRORS, concurrency: 1 });
    await clock.run(client.json("/0"));
    const outcomes = await clock.run(
      client.settle(Array.from({ length: 12 }, (_, index) => `/${index + 1}`)),
    );
    assertEquals(outcomes.filter(({ ok }) => ok).length, 12);
    assert(clock.now() < 12 * 8_000 + 20_000, `${clock.now()}`);
  }
});

testBothWays(
  "a silent host still makes room while attempts with short timeouts end all the time",
  async (setUp) => {
    const { client, clock } = setUp(answer, { concurrency: 8 });
    const dead = numberedUrls(12).map((url) => url.replace("a.test", "dead.test"));
    const lost = Promise.allSettled(dead.map((url) => client.json(url)));
    await clock.run(Promise.all(numberedUrls(12).map((url) => client.json(url, { timeoutMs: 2_000 }))));
    assert(clock.now() < 12_000, `${clock.now()}`);
    await clock.run(lost);
  },
);
