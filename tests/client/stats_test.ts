import { assert, assertEquals } from "@std/assert";
import { type ClientStats, createClient } from "../../mod.ts";
import { memoryCache } from "../../src/http_cache/mod.ts";
import { test } from "../support/test.ts";
import { fakeClient } from "./fake_client.ts";
import { rejection, watch } from "../support/settled.ts";
import { serveHandler } from "../support/serve_handler.ts";
import { planOf } from "../http_cache/plan_of.ts";

function url(name: string | number, host = "a.test"): string {
  return `https://${host}/${name}`;
}

/** Checks the sum that must hold at any moment. */
function assertAddsUp(stats: ClientStats, underway: number): void {
  assertEquals(stats.requests, stats.succeeded + stats.failed + underway);
}

test("Client.stats() begins with zeros, and is a snapshot", async () => {
  const { client, clock } = fakeClient(() => ({ json: 1 }));

  const before = client.stats();
  assertEquals(before, {
    requests: 0,
    succeeded: 0,
    failed: 0,
    retried: 0,
    hedged: 0,
    hedgesWon: 0,
    cacheHits: { fresh: 0, stale: 0, shared: 0 },
    inFlight: 0,
    queued: 0,
    bytes: 0,
    latencyMs: { p50: 0, p95: 0, p99: 0 },
    origins: {},
  });
  await clock.run(client.json(url(1)));
  assertEquals(before.requests, 0);
  assertEquals(client.stats().requests, 1);
  assertEquals(JSON.parse(JSON.stringify(client.stats())).succeeded, 1);
});

test("Client.stats() counts every request as exactly one success or failure", async () => {
  const { client, clock } = fakeClient(({ url }) => {
    const name = url.split("/").at(-1)!;
    if (name === "refused") return { error: new TypeError("refused") };
    if (name === "html") return { body: "<html>" };
    return { status: Number(name), json: 1 };
  }, { maxRetries: 0, circuitBreaker: false });
  const controller = new AbortController();
  const names = ["200", "200", "404", "500", "refused", "html", "204"];
  await clock.run(client.settle(names.map((name) => url(name))));
  const aborted = rejection(client.json(url("200"), { signal: controller.signal }));
  controller.abort();
  await clock.run(aborted);
  await (await clock.run(client.fetch(url("500")))).text();

  const stats = client.stats();
  assertAddsUp(stats, 0);
  assertEquals([stats.requests, stats.succeeded, stats.failed], [9, 4, 5]);
});

test("Client.stats() does not count a malformed request that could not be sent", async () => {
  const { client, clock } = fakeClient(() => ({ json: 1 }));

  await clock.run(client.settle(["ftp://a.test", { url: url(1), timeoutMs: -1 }, url(1)]));
  assertEquals([client.stats().requests, client.stats().failed], [1, 0]);
});

test("Client.stats() counts retries, which are rounds after the first", async () => {
  const { client, clock } = fakeClient(({ nth }) => ({ status: nth < 3 ? 503 : 200, json: 1 }));

  await clock.run(client.all([url(1), url(2)]));
  assertEquals(client.stats().retried, 4);
  const { attempts, failed, succeeded } = client.stats().origins["https://a.test"]!;
  assertEquals([attempts, failed, succeeded], [6, 4, 2]);
});

test("Client.stats() tells requests in flight from waiting ones", async () => {
  const { client, clock } = fakeClient(() => ({ json: 1, afterMs: 100 }), { concurrency: 2 });

  const all = client.all([1, 2, 3, 4, 5].map((n) => url(n)));
  const one = watch(client.json(url("one")));
  await clock.advance(50);
  const { inFlight, queued, requests } = client.stats();
  assertEquals([inFlight, queued], [2, 1]);
  assertEquals(requests, 3);
  await clock.run(all);
  assertEquals(one.state, "fulfilled");
  assertEquals([client.stats().inFlight, client.stats().queued, client.stats().requests], [0, 0, 6]);
});

test("Client.stats() counts a backoff as waiting, not as in flight", async () => {
  const { client, clock } = fakeClient(({ nth }) => ({ status: nth === 1 ? 503 : 200, json: 1 }));

  const pending = client.json(url(1));
  await clock.advance(1_000);
  assertEquals([client.stats().inFlight, client.stats().queued], [0, 1]);
  await clock.run(pending);
  assertEquals([client.stats().inFlight, client.stats().queued], [0, 0]);
});

test("Client.stats() counts bytes, not characters", async () => {
  const { client, clock } = fakeClient(() => ({ body: "äöü 0123" }));

  await clock.run(client.text(url(1)));
  assertEquals(client.stats().bytes, 11);
  await clock.run(client.bytes(url(2, "b.test")));
  assertEquals(client.stats().bytes, 22);
  assertEquals(client.stats().origins["https://b.test"]!.bytes, 11);
});

test("Client.stats() counts the bytes that were read, whatever content-length said", async () => {
  const { client, clock } = fakeClient(() => ({ body: "0123456789", headers: { "content-length": "4" } }));

  await clock.run(client.text(url(1)));
  await clock.run(client.bytes(url(2)));
  assertEquals(client.stats().bytes, 20);
});

test("Client.stats() counts the bytes of a long text, whatever a caller's own fetch says about them", async () => {
  const body = "x".repeat(40_000);
  const { client, clock } = fakeClient(() => ({ body, headers: { "content-length": "50000" } }));

  await clock.run(client.text(url(1)));
  assertEquals(client.stats().bytes, 40_000);
});

test("Client.stats() counts the bytes of long texts from the network: plain ones, coded ones, and those in chunks", async () => {
  const text = "周冠宇".repeat(10_000);
  const { length } = new TextEncoder().encode(text);
  const gzip = new CompressionStream("gzip");
  const coded = await new Response(new Response(text).body!.pipeThrough(gzip)).bytes();
  const answers: Readonly<Record<string, () => Response>> = {
    "/plain": () => new Response(text),
    "/marked": () => new Response(`\ufeff${text}`),
    "/coded": () => new Response(coded, { headers: { "content-encoding": "gzip" } }),
    "/chunks": () => new Response(new Response(text).body!.pipeThrough(new TransformStream())),
  };
  await using server = serveHandler(({ url }) => answers[new URL(url).pathname]!());
  for (const [path, extra] of [["/plain", 0], ["/marked", 3], ["/coded", 0], ["/chunks", 0]] as const) {
    await using client = createClient();
    assertEquals(await client.text(server.url + path), text);
    assertEquals(client.stats().bytes, length + extra, path);
  }
});

test("Client.stats() counts the bytes of client.fetch() bodies that were read", async () => {
  const { client, clock } = fakeClient(() => ({ body: "0123456789" }));

  await clock.run((async () => await (await client.fetch(url(1))).text())());
  assertEquals([client.stats().bytes, client.stats().origins["https://a.test"]!.bytes], [10, 10]);
});

test("Client.stats() counts cache hits by kind, and not for the origin", async () => {
  const { client, clock } = fakeClient(() => ({ json: 1, afterMs: 10 }), {
    cache: planOf({ adapter: memoryCache({ now: () => 0 }), ttlMs: 1_000 }),
  });

  await clock.run(Promise.all([client.json(url(1)), client.json(url(1)), client.json(url(1))]));
  assertEquals(client.stats().cacheHits, { fresh: 0, stale: 0, shared: 2 });
  await clock.run(client.json(url(1)));
  assertEquals(client.stats().cacheHits, { fresh: 1, stale: 0, shared: 2 });
  await clock.advance(2_000);
  await clock.run(client.json(url(1), { cache: "force-cache" }));
  assertEquals(client.stats().cacheHits, { fresh: 1, stale: 1, shared: 2 });
  const { requests, succeeded, origins } = client.stats();
  assertEquals([requests, succeeded, origins["https://a.test"]!.attempts], [5, 5, 1]);
});

test("Client.stats() counts a shared answer, but no shared failure, and no caller that has left", async () => {
  const { client, clock } = fakeClient(({ url }) => ({
    status: url.endsWith("gone") ? 404 : 200,
    json: 1,
    afterMs: 10,
  }));
  const controller = new AbortController();

  const [answered, aborted] = [
    client.json(url(1)),
    rejection(client.json(url(1), { signal: controller.signal })),
  ];
  controller.abort();
  const gone = client.settle([url("gone"), url("gone")]);
  const shared = client.settle([url(2), url(2), url(2)]);
  assertEquals(client.stats().cacheHits.shared, 0);
  await clock.run(Promise.all([answered, aborted, gone, shared]));
  assertEquals(client.stats().cacheHits, { fresh: 0, stale: 0, shared: 2 });
});

test("Client.stats() gives latency percentiles within 4 %", async () => {
  const { client, clock } = fakeClient(
    (request) => ({ json: 1, afterMs: Number(request.url.split("/").at(-1)) }),
    {
      concurrency: 1_000,
    },
  );

  await clock.run(client.all(Array.from({ length: 1_000 }, (_, n) => url(n + 1))));
  const { p50, p95, p99 } = client.stats().latencyMs;
  for (const [got, expected] of [[p50, 500], [p95, 950], [p99, 990]] as const) {
    assert(Math.abs(got - expected) <= expected * 0.04, `${got} for ${expected}`);
  }
});

test("Client.stats() gives the latency of a single request, of a second and of a day", async () => {
  for (const ms of [1, 1_000, 86_400_000]) {
    const { client, clock } = fakeClient(() => ({ json: 1, afterMs: ms }), { timeoutMs: Infinity });
    await clock.run(client.json(url(1)));
    const { p50, p99 } = client.stats().latencyMs;
    assert(Math.abs(p50 - ms) <= ms * 0.04 && p50 === p99, `${p50} for ${ms}`);
  }
});

test("Client.stats() gives the breaker, the health and the tokens of each origin", async () => {
  const { client, clock } = fakeClient(({ url }) => url.includes("b.test") ? { status: 500 } : { json: 1 }, {
    maxRetries: 0,
    circuitBreaker: { threshold: 2, cooldownMs: 1_000 },
    rateLimit: { limit: 10, intervalMs: 1_000, burst: 10, per: "origin" },
  });

  await clock.run(client.settle([url(1), url(1, "b.test"), url(2, "b.test")]));
  const { "https://a.test": good, "https://b.test": bad } = client.stats().origins;
  assertEquals([good!.breaker, good!.healthy, good!.tokens], ["closed", true, 9]);
  assertEquals([bad!.breaker, bad!.healthy, bad!.tokens], ["open", false, 8]);
  assertEquals([good!.succeeded, good!.failed, bad!.succeeded, bad!.failed], [1, 0, 0, 2]);
  await clock.advance(1_000);
  const later = client.stats().origins["https://b.test"]!;
  assertEquals([later.healthy, later.tokens], [true, 10]);
});

test("Client.stats() gives no tokens where there is no limit per origin", async () => {
  const { client, clock } = fakeClient(() => ({ json: 1 }));

  await clock.run(client.json(url(1)));
  assertEquals(client.stats().origins["https://a.test"]!.tokens, undefined);
});

test("Client.stats() says that an origin which asked to wait is not healthy until then", async () => {
  const { client, clock } = fakeClient(() => ({ status: 429, headers: { "retry-after": "10" } }), {
    maxRetries: 0,
  });

  await clock.run(rejection(client.json(url(1))));
  assertEquals(client.stats().origins["https://a.test"]!.healthy, false);
  await clock.advance(10_000);
  assertEquals(client.stats().origins["https://a.test"]!.healthy, true);
});

test("Client.stats() counts 404 and 403 as the origin's success, and 5xx and broken answers as its failure", async () => {
  const { client, clock } = fakeClient(({ url }) => {
    const name = url.split("/").at(-1)!;
    if (name === "breaks") return { body: "0123", breaksWith: new TypeError("reset") };
    if (name === "slow") return { json: 1, afterMs: 60_000 };
    return { status: Number(name), json: 1 };
  }, { maxRetries: 0, circuitBreaker: false });

  await clock.run(
    client.settle(["404", "403", "200", "500", "429", "408", "breaks", "slow"].map((name) => url(name))),
  );
  const { attempts, succeeded, failed } = client.stats().origins["https://a.test"]!;
  // A 429 says nothing about the origin's health.
  assertEquals([attempts, succeeded, failed], [8, 3, 4]);
});

test("Client.stats() counts an attempt that its caller aborted neither as a success nor as a failure", async () => {
  const { client, clock } = fakeClient(() => ({ body: "0123456789", afterMs: 100, bodyMs: 100 }));
  for (const afterMs of [50, 150]) {
    const controller = new AbortController();
    const pending = rejection(client.text(url(afterMs), { signal: controller.signal }));
    await clock.advance(afterMs);
    controller.abort();
    await pending;
  }
  await clock.advance(0);

  const { attempts, succeeded, failed } = client.stats().origins["https://a.test"]!;
  assertEquals([attempts, succeeded, failed, client.stats().inFlight], [2, 0, 0, 0]);
});

test("Client.stats() counts no attempt that was admitted and never sent", async () => {
  const { client, clock, network } = fakeClient(() => ({ body: "0123456789", bodyMs: 10_000 }), {
    concurrency: 1,
  });
  client.on(() => {});
  const response = await client.fetch(url(1), {}, { totalTimeoutMs: 100 });
  const first = rejection(response.text());
  // The second request gets the first one's permit, but has no time left by then.
  const second = rejection(client.json(url(2), { totalTimeoutMs: 100 }));
  await clock.advance(100);
  await Promise.all([first, second]);

  const { attempts } = client.stats().origins["https://a.test"]!;
  assertEquals([attempts, network.urls.length, client.stats().inFlight], [1, 1, 0]);
});
