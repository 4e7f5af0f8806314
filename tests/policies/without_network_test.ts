import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects } from "@std/assert";
import { type ClientOptions, createClient, HttpError, OfflineError } from "../../mod.ts";
import { memoryCache } from "../../src/cache/memory.ts";
import { httpCache } from "../../src/http_cache/http_cache.ts";
import { ttlCache } from "../../src/http_cache/ttl_cache.ts";
import { offline, offlineError } from "../../src/policies/without_network.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { testClientsBothWays } from "../client/fake_client.ts";
import { rejection } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { fakeCall } from "./fake_call.ts";
import { FakeOrigin, json } from "./fake_origin.ts";

const A = "https://a.test/x";
const MIRRORS = ["https://a.test", "https://b.test"];
const OPTIONS = { cache: "only-if-cached" } as const;

const testBothWays = testClientsBothWays();

testBothWays("cache: 'only-if-cached' sends nothing for a client without a cache", async (make) => {
  for (const options of [{}, { cache: false }, { baseUrls: A }, { baseUrls: MIRRORS }] as ClientOptions[]) {
    const { client, clock, network } = make(() => ({ json: 1 }), options);
    const url = options.baseUrls === undefined ? A : "x";
    const error = await clock.run(rejection(client.json(url, OPTIONS)));
    assertInstanceOf(error, HttpError);
    assertEquals([error.status, error.attempts], [504, 0]);
    assert(error.message.includes("504 (from the cache)"), error.message);
    const outcomes = await clock.run(client.settle([url, { url, cache: "default" }, url], OPTIONS));
    assertEquals(outcomes.map(({ ok }) => ok), [false, true, false]);
    assertEquals(network.sent.length, 1);
    const response = await clock.run(client.fetch(options.baseUrls === undefined ? url : A, OPTIONS));
    assertEquals([response.status, await response.text()], [504, ""]);
    const lines = await clock.run(rejection(Array.fromAsync(client.lines(url, OPTIONS))));
    const file = await clock.run(rejection(client.download(url, new WritableStream(), OPTIONS)));
    for (const failed of [lines, file]) assertInstanceOf(failed, HttpError);
    assertEquals([network.sent.length, client.stats().inFlight], [1, 0]);
  }
});

testBothWays("cache: 'only-if-cached' sends no request that the cache does not handle", async (make) => {
  for (
    const plan of [httpCache, (cache: ReturnType<typeof memoryCache>) => ttlCache(cache, { ttlMs: 1_000 })]
  ) {
    const { client, clock, network } = make(() => ({ json: 1, headers: { "cache-control": "max-age=60" } }), {
      cache: plan(memoryCache()),
    });
    const requests = [
      { url: A, headers: { authorization: "Bearer x" } },
      { url: A, method: "HEAD" },
      { url: A, json: 1 },
      { url: A, readCache: false },
      A,
    ];
    for (const request of requests) {
      const error = await clock.run(rejection(client.json(request, OPTIONS)));
      assertInstanceOf(error, HttpError);
      assertEquals([error.status, network.sent.length], [504, 0]);
    }
    await clock.run(client.json(A));
    assertEquals([await clock.run(client.json(A, OPTIONS)), network.sent.length], [1, 1]);
  }
});

test("offline() refuses every call with an OfflineError", async () => {
  const call = fakeCall({ request: { url: "https://a.test/x" } });
  const error = await assertRejects(() => offline()(call), OfflineError);
  assertEquals([error.url, error.message], [
    "https://a.test/x",
    "GET https://a.test/x was not sent: the client is offline, and the cache has no answer",
  ]);
});

test("offlineError() does not blame a cache that the call must not read", () => {
  for (
    const [settings, why] of [
      [{}, "the cache has no answer"],
      [{ cache: "only-if-cached" }, "the cache has no answer"],
      [{ readCache: false }, "the cache is not to be read"],
      [{ cache: "no-store" }, "the cache is not to be read"],
    ] as const
  ) {
    assertMatch(
      offlineError(fakeCall({ settings })).message,
      new RegExp(`the client is offline, and ${why}$`),
    );
  }
});

test("offlineError() shows no secret of the URL", () => {
  const call = fakeCall({ request: { url: "https://a.test/x?token=s3cret" } });
  assertEquals(offlineError(call).message.includes("s3cret"), false);
});

test("an offline client without a plan sends nothing, whatever the method and the settings", async () => {
  const clock = new ManualClock();
  for (const cache of [undefined, false] as const) {
    const origin = new FakeOrigin(json(1));
    await using client = createClient({ clock, fetch: origin.fetch, offline: true, cache });
    for (
      const options of [{}, { cache: "only-if-cached" }, { cache: "no-store" }, { readCache: false }] as const
    ) {
      for (const method of ["GET", "POST"]) {
        const request = { url: "https://a.test/x", method };
        assertInstanceOf(
          await clock.run(client.json(request, options).catch((error) => error)),
          OfflineError,
        );
      }
    }
    assertEquals(origin.calls, 0);
  }
});
