import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { memoryCache } from "../../src/cache/memory.ts";
import { ttlCache } from "../../src/http_cache/ttl_cache.ts";
import {
  type ClientEvent,
  createClient,
  type ExtendOptions,
  isCircuitOpenError,
  type Middleware,
} from "../../mod.ts";
import { numberedUrls } from "../support/numbered_urls.ts";
import { test } from "../support/test.ts";
import { testClientsBothWays } from "./fake_client.ts";
import { RecordingCache } from "../http_cache/recording_cache.ts";
import { planOf } from "../http_cache/plan_of.ts";
import { gate, rejection, watch } from "../support/settled.ts";

const testBothWays = testClientsBothWays();
const ONE = () => ({ json: 1 });
testBothWays(
  "Client.extend() lays headers over the client's, and replaces base URLs and settings",
  async (make) => {
    const { client, network } = make(ONE, { headers: { a: "1", B: "2" }, baseUrls: "https://a.test/v1" });
    const api = client.extend({ headers: { b: "3", c: "4" }, baseUrls: "https://b.test/v2", timeoutMs: 5 });
    const inner = api.extend({ headers: new Headers({ c: "5" }) });
    for (const each of [client, api, inner]) await each.json("x");
    const sent = network.sent.map(({ url, headers }) => [
      url,
      ...["a", "b", "c"].map((name) => headers.get(name)),
    ]);
    assertEquals(sent, [
      ["https://a.test/v1/x", "1", "2", null],
      ["https://b.test/v2/x", "1", "3", "4"],
      ["https://b.test/v2/x", "1", "3", "5"],
    ]);
  },
);

testBothWays(
  "Client.extend() × concurrency: together never more at once than the client may have, in turns",
  async (make) => {
    const { client, clock, network } = make(() => ({ json: 1, afterMs: 10 }), { concurrency: 3 });
    const api = client.extend({ headers: { x: "1" } });
    const values = Promise.all([
      client.all(numberedUrls(20)),
      api.all(numberedUrls(20)),
      api.all(numberedUrls(20, "b.test")),
    ]);
    await clock.run(values);
    assertEquals([network.peak, network.sent.length], [3, 60]);
    assertEquals(clock.now(), 200);
    assertEquals([client.stats().requests, api.stats().requests], [20, 40]);
    assertEquals(client.stats().origins["https://a.test"]!.attempts, 40);
  },
);

testBothWays(
  "Client.extend() × straight way: a permit passes from one to the other, each with its own headers",
  async (make) => {
    const { client, clock, network } = make(({ headers }) => ({ json: headers.get("x"), afterMs: 10 }), {
      concurrency: 1,
    });
    const api = client.extend({ headers: { x: "1" } });
    const all = Promise.all([
      client.json("https://a.test/1"),
      api.json("https://a.test/1"),
      client.json("https://a.test/2"),
      api.json("https://b.test/3"),
    ]);
    assertEquals(await clock.run(all), [null, "1", null, "1"]);
    assertEquals(network.peak, 1);
  },
);

testBothWays(
  "Client.extend() × rate limit, breaker and pause: the extension uses the client's",
  async (make) => {
    const { client, clock, network } = make(ONE, { rateLimit: { limit: 1, intervalMs: 1_000, burst: 1 } });
    const api = client.extend({});
    await clock.run(
      Promise.all([
        client.json("https://a.test/1"),
        api.json("https://a.test/2"),
        client.json("https://a.test/3"),
      ]),
    );
    assertEquals(network.sent.map(({ atMs }) => atMs), [0, 1_000, 2_000]);

    const down = make(() => ({ status: 503 }), {
      maxRetries: 0,
      circuitBreaker: { threshold: 2, cooldownMs: 60_000 },
    });
    const other = down.client.extend({ maxRetries: 1 });
    for (const each of [down.client, other]) {
      await down.clock.run(each.json("https://a.test/1").catch(() => {}));
    }
    assert(isCircuitOpenError(await rejection(down.client.json("https://a.test/1"))));
    assert(isCircuitOpenError(await rejection(other.json("https://a.test/1"))));
  },
);

test("Client.extend() × use: the client's middleware is outside", async () => {
  const seen: string[] = [];
  const named = (name: string): Middleware => (request, next) => (seen.push(name), next(request));
  await using client = createClient({
    fetch: () => Promise.resolve(Response.json(1)),
    use: [named("client")],
  });
  await client.extend({ use: [named("extension")] }).json("https://a.test/");
  assertEquals(seen, ["client", "extension"]);
  await client.json("https://a.test/");
  assertEquals(seen, ["client", "extension", "client"]);
});

testBothWays(
  "Client.extend() × cache: an extension may have its own cache, the client's, or none",
  async (make) => {
    const { client, network } = make(ONE, { cache: ttlCache(memoryCache(), { ttlMs: 60_000 }) });
    await client.json("https://a.test/1");
    await client.extend({ timeoutMs: 5 }).json("https://a.test/1");
    assertEquals(network.sent.length, 1);
    await client.extend({ cache: false }).json("https://a.test/1");
    assertEquals(network.sent.length, 2);
  },
);

test("Client.extend() × events: a listener on either one gets all events, numbered once", async () => {
  const heard: ClientEvent[] = [];
  await using client = createClient({ fetch: () => Promise.resolve(Response.json(1)) });
  const api = client.extend({});
  api.on((event) => heard.push(event));
  await client.json("https://a.test/1");
  await api.json("https://a.test/2");
  const settled = heard.flatMap((event) => event.type === "settled" ? [event.requestId] : []);
  assertEquals(settled, [1, 2]);
});

testBothWays(
  "Client.extend() × close(): an extension ends its own requests, and the client's go on",
  async (make) => {
    const { client, clock } = make(() => ({ json: 1, afterMs: 100 }), { concurrency: 4 });
    const api = client.extend({});
    const [own, others] = [
      api.json("https://a.test/1").catch((error: unknown) => error),
      client.json("https://a.test/2"),
    ];
    const batch = api.settle(numberedUrls(10)).catch((error: unknown) => error);
    const reason = new Error("enough");
    await clock.advance(10);
    await clock.run(api.close(reason));
    assertStrictEquals(await own, reason);
    assertStrictEquals(await batch, reason);
    assertStrictEquals(await rejection(api.json("https://a.test/3")), reason);
    assertEquals(await clock.run(others), 1);
    assertEquals(await clock.run(client.extend({}).json("https://a.test/4")), 1);
  },
);

testBothWays(
  "Client.extend() × close(): closing the client closes all its extensions, and extensions made later",
  async (make) => {
    const { client, clock } = make(() => ({ json: 1, afterMs: 100 }));
    const inner = client.extend({}).extend({});
    const value = inner.json("https://a.test/1").catch((error: unknown) => error);
    const reason = new Error("enough");
    await clock.advance(10);
    await clock.run(client.close(reason));
    assertStrictEquals(await value, reason);
    assertStrictEquals(await rejection(inner.json("https://a.test/1")), reason);
    assertStrictEquals(await rejection(client.extend({}).json("https://a.test/1")), reason);
  },
);

testBothWays(
  "Client.extend() × close() × cache: closing the client waits until an extension has stored its responses",
  async (make) => {
    const url = "https://a.test/1";
    const headers = { "cache-control": "max-age=1, stale-while-revalidate=60" };
    const { client, clock } = make(({ nth }) => ({ json: nth, headers }));
    const { promise, open } = gate();
    class SlowCache extends RecordingCache {
      override async set(...entry: Parameters<RecordingCache["set"]>): Promise<boolean> {
        if (this.entries.size > 0) await promise;
        return await super.set(...entry);
      }
    }
    const adapter = new SlowCache();
    const api = client.extend({ cache: planOf({ adapter, mode: "http", adapterTimeoutMs: 4_000 }) });
    await clock.run(api.json(url));
    await clock.advance(2_000);
    assertEquals(await clock.run(api.json(url)), 1);
    await clock.advance(100);
    const closed = watch(client.close());
    await clock.advance(100);
    assertEquals([closed.state, adapter.calls.filter((call) => call === "set").length], ["pending", 1]);
    open();
    await clock.advance(0);
    assertEquals([closed.state, adapter.calls.filter((call) => call === "set").length], ["fulfilled", 2]);
  },
);

testBothWays(
  "Client.extend() × signal: an extension's own signal closes it alone, and the client's closes it too",
  async (make) => {
    const [one, two] = [new AbortController(), new AbortController()];
    const { client } = make(ONE, { signal: one.signal });
    const api = client.extend({ signal: two.signal });
    two.abort("own");
    assertEquals(await rejection(api.json("https://a.test/1")), "own");
    assertEquals(await client.json("https://a.test/1"), 1);
    const other = client.extend({});
    one.abort("all");
    assertEquals(await rejection(other.json("https://a.test/1")), "all");
  },
);

test("Client.extend() refuses shared options, unknown options and bad values", async () => {
  await using client = createClient();
  const cases: readonly (readonly [object, string])[] = [
    [{ concurrency: 5 }, "an extension shares it with the client that it comes from"],
    [{ fetch }, "an extension shares it"],
    [{ timeoutms: 5 }, "'timeoutMs'"],
    [{ timeoutMs: -1 }, "'timeoutMs' must be a positive number"],
    [{ method: "GET" }, "put 'method' into the request"],
    [{ ordered: true }, "give it to stream()"],
  ];
  for (const [options, message] of cases) {
    assertThrows(() => client.extend(options as ExtendOptions), Error, message);
  }
});

testBothWays("clientHeadersTo: 'mirrors' sends the client's headers to no other origin", async (make) => {
  const headers = { "x-team": "1" };
  const { client, network } = make(
    ({ url }) =>
      url.endsWith("/moved") ? { status: 307, headers: { location: "https://b.test/y" } } : { json: 1 },
    { baseUrls: ["https://a.test", "https://m.test"], headers, clientHeadersTo: "mirrors" },
  );
  await client.json("x");
  await client.json("https://m.test/x");
  await client.json("https://b.test/x");
  await client.json({ url: "https://b.test/x", headers: { "x-own": "2" } });
  await client.json("moved");
  const sent = network.sent.map(({ url, headers }) => [url, headers.get("x-team"), headers.get("x-own")]);
  assertEquals(sent, [
    ["https://a.test/x", "1", null],
    ["https://m.test/x", "1", null],
    ["https://b.test/x", null, null],
    ["https://b.test/x", null, "2"],
    ["https://a.test/moved", "1", null],
    ["https://b.test/y", null, null],
  ]);
});

testBothWays("clientHeadersTo: 'all' sends them everywhere, as by default", async (make) => {
  for (const options of [{}, { clientHeadersTo: "all" }] as const) {
    const { client, network } = make(ONE, {
      baseUrls: "https://a.test",
      headers: { "x-team": "1" },
      ...options,
    });
    await client.json("https://b.test/x");
    assertEquals(network.sent[0]!.headers.get("x-team"), "1");
  }
});

test("clientHeadersTo: 'mirrors' is refused without mirrors", () => {
  assertThrows(
    () => createClient({ clientHeadersTo: "mirrors" }),
    TypeError,
    "must be 'all' where there are no 'baseUrls'",
  );
  assertThrows(
    () => createClient({ clientHeadersTo: "some" as "all" }),
    TypeError,
    "must be 'all' or 'mirrors'",
  );
});
