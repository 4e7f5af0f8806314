import { assertEquals, assertStrictEquals } from "@std/assert";
import { createClient, memoryCache, OfflineError } from "../../mod.ts";
import { cacheOptions, type CacheSurroundings } from "../../src/client/cache_options.ts";
import type { ClientOptions } from "../../src/client/options.ts";
import { NO_HEADERS } from "../../src/http/headers.ts";
import type { PreparedRequest } from "../../src/http/request.ts";
import type { CachePolicyOptions } from "../../src/policies/cache.ts";
import type { Call } from "../../src/policies/call.ts";
import type { Mirror } from "../../src/policies/mirrors.ts";
import { fakeCall, fakeLane } from "../policies/fake_call.ts";
import { FakeOrigin, json } from "../policies/fake_origin.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import { test } from "../support/test.ts";
import { rejection } from "./settled.ts";

const adapter = memoryCache();
const SENSITIVE: ReadonlySet<string> = new Set(["authorization", "x-api-key"]);

function setUp(options: ClientOptions, around: Partial<CacheSurroundings> = {}): CachePolicyOptions {
  return cacheOptions(options, { headers: NO_HEADERS, sensitive: SENSITIVE, mirrors: [], ...around })!;
}

function mirror(base: string, headers: Record<string, string> = {}, sensitive = SENSITIVE): Mirror {
  return { lane: fakeLane(new URL(base).origin), base, headers, sensitive };
}

function callOf(request: Partial<PreparedRequest> = {}): Call {
  return fakeCall({ request: { url: "https://a.test/x", ...request } });
}

test("cacheOptions() gives nothing without a cache, which then has no part in anything", () => {
  for (const options of [{}, { cache: false }, { cache: undefined, offline: false }] as const) {
    assertEquals(
      cacheOptions(options, { headers: NO_HEADERS, sensitive: SENSITIVE, mirrors: [] }),
      undefined,
    );
  }
});

test("cacheOptions() has nothing but misses offline without a cache", () => {
  for (const cache of [false, undefined] as const) {
    const { offline, adapter, mode, negative } = setUp({ cache, offline: true });
    assertEquals({ offline, adapter, mode, negative }, {
      offline: true,
      adapter: undefined,
      mode: "ttl",
      negative: {},
    });
  }
});

test("cacheOptions() keeps every 200 for ever with an adapter alone", () => {
  const options = setUp({ cache: adapter });
  assertStrictEquals(options.adapter, adapter);
  assertEquals([options.mode, options.offline, options.negative, options.partition], [
    "ttl",
    false,
    {},
    undefined,
  ]);
  assertEquals(ttlOf(options), Infinity);
});

/** How long a response is fresh. */
function ttlOf({ ttlMs }: CachePolicyOptions): number | undefined {
  return ttlMs?.(new URL("https://a.test/x"), { status: 200, headers: new Headers() });
}

test("cacheOptions() leaves the time to the server in mode http, unless there is one for what it does not say", () => {
  assertEquals(setUp({ cache: { adapter, mode: "http" } }).ttlMs, undefined);
  assertEquals(ttlOf(setUp({ cache: { adapter, mode: "http", ttlMs: 50 } })), 50);
  assertEquals(ttlOf(setUp({ cache: { adapter } })), Infinity);
  assertEquals(ttlOf(setUp({ cache: { adapter, ttlMs: 0 } })), 0);
});

test("cacheOptions() passes functions and all other options on as they are", () => {
  const ttlMs = (): number => 7;
  const partition = (): string => "mine";
  const cache = {
    adapter,
    mode: "http",
    ttlMs,
    partition,
    negative: { 404: 5 },
    staleWhileRevalidateMs: 6,
    staleIfErrorMs: 8,
  } as const;
  const options = setUp({ cache, offline: true });
  assertEquals({ ...options, ...cache }, options);
  assertEquals([options.offline, options.ttlMs === ttlMs, options.partition === partition], [
    true,
    true,
    true,
  ]);
});

test("cacheOptions() makes one adapter of several tiers, the fastest first", async () => {
  const [fast, slow] = [memoryCache(), memoryCache()];
  const clock = new ManualClock();
  const origin = new FakeOrigin(json(1));
  const make = (tiers: readonly ReturnType<typeof memoryCache>[]) =>
    createClient({ clock, fetch: origin.fetch, cache: { adapter: tiers } });
  assertEquals(await clock.run(make([slow]).json("https://a.test/x")), 1);
  // A hit of the slow one is copied upward.
  assertEquals(await clock.run(make([fast, slow]).json("https://a.test/x")), 1);
  assertEquals(await clock.run(make([fast]).json("https://a.test/x")), 1);
  assertEquals(origin.calls, 1);
});

test("a request has credentials if it carries a sensitive header, or all of the client's requests do", () => {
  const key = { "x-api-key": "k" };
  const none = setUp({ cache: adapter });
  const all = setUp({ cache: adapter }, { headers: key });
  assertEquals([callOf(), callOf({ headers: { accept: "*/*" } })].map(none.hasCredentials), [false, false]);
  assertEquals([none.hasCredentials(callOf({ headers: key })), all.hasCredentials(callOf())], [true, true]);
});

test("a relative request has credentials if any mirror has some of its own, and an absolute one does not go there", () => {
  const own = mirror("https://b.test", { "x-own": "k" }, new Set(["x-own"]));
  const options = setUp({ cache: adapter }, { mirrors: [mirror("https://a.test"), own] });
  const relative = callOf({ absolute: false, url: "x" });
  assertEquals([options.hasCredentials(relative), options.hasCredentials(callOf())], [true, false]);
  // The same header is nobody's secret where it is not named.
  const harmless = setUp({ cache: adapter }, { mirrors: [mirror("https://b.test", { "x-own": "k" })] });
  assertEquals(harmless.hasCredentials(relative), false);
});

test("a resource is named by the first mirror, whichever serves it, and by its own URL if that is absolute", () => {
  const mirrors = [mirror("https://a.test/base"), mirror("https://b.test")];
  const { absoluteUrl } = setUp({ cache: adapter }, { mirrors });
  assertEquals(absoluteUrl(callOf({ absolute: false, url: "x?q=1" })), "https://a.test/base/x?q=1");
  assertEquals(absoluteUrl(callOf({ url: "https://c.test/y" })), "https://c.test/y");
});

test("relative requests vary by mirror in the headers that not all mirrors get alike", () => {
  const headers = { accept: "text/csv" };
  const mirrors = [mirror("https://a.test", headers), mirror("https://b.test", { ...headers, "x-own": "1" })];
  const { variesByMirror } = setUp({ cache: adapter }, { headers, mirrors });
  const relative = callOf({ absolute: false, url: "x" });
  assertEquals(variesByMirror(relative, ["x-own"]), true);
  assertEquals(variesByMirror(relative, ["accept", "x-own"]), true);
  assertEquals(variesByMirror(relative, ["accept"]), false);
  assertEquals(variesByMirror(relative, []), false);
  assertEquals(variesByMirror(callOf(), ["x-own"]), false);
});

test("answers to requests with credentials are not kept, unless they are partitioned", async () => {
  const headers = { authorization: "Bearer t" };
  for (const [partition, calls] of [[undefined, 2], [() => "t", 1]] as const) {
    const clock = new ManualClock();
    const origin = new FakeOrigin(json(1));
    const client = createClient({ clock, fetch: origin.fetch, cache: { adapter: memoryCache(), partition } });
    for (let nth = 0; nth < 2; nth++) await clock.run(client.json("https://a.test/x", { headers }));
    assertEquals(origin.calls, calls);
  }
});

test("an offline client without a cache sends nothing", async () => {
  const origin = new FakeOrigin(json(1));
  const client = createClient({ clock: new ManualClock(), fetch: origin.fetch, offline: true });
  assertEquals([await rejection(client.json("https://a.test/x")) instanceof OfflineError, origin.calls], [
    true,
    0,
  ]);
});
