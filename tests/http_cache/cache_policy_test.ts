import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import * as v from "valibot";
import {
  type ClientOptions,
  DataNotFoundError,
  HttpError,
  InvalidDataError,
  NetworkError,
  OfflineError,
} from "../../mod.ts";
import type { CacheAdapter, CacheEntry } from "../../src/http_cache/mod.ts";
import type { Answer, SentRequest } from "../client/fake_network.ts";
import { rejection, watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { adapterWith, type CacheRig, cacheRig, turns, URL_A, URL_B } from "./cache_rig.ts";
import { RecordingCache } from "./recording_cache.ts";
import { planOf, type PlanParts } from "./plan_of.ts";

/** Creates a client whose cache a test can inspect, and which keeps values for a fixed time. */
function setUp(
  answer: (request: SentRequest) => Answer,
  { adapter, ttlMs, ...options }: ClientOptions & Pick<PlanParts, "adapter" | "ttlMs"> = {},
): CacheRig {
  const plan = { mode: "ttl", ttlMs, ...adapter === undefined ? {} : { adapter } } as const;
  return cacheRig(answer, { ...options, plan });
}

const counting = ({ nth }: SentRequest): Answer => ({ json: { nth } });

test("A value is fetched once, and comes from the cache from then on", async () => {
  const { client, network } = setUp(counting);

  assertEquals(await client.json(URL_A), { nth: 1 });
  assertEquals(await client.json(URL_A), { nth: 1 });
  assertEquals(await client.text(URL_A), '{"nth":1}');
  assertEquals(await client.bytes(new URL(URL_A)), new TextEncoder().encode('{"nth":1}'));
  assertEquals(await client.json(URL_B), { nth: 1 });
  assertEquals(network.urls, [URL_A, URL_B]);
  const [outcome] = await client.settle([URL_A]);
  assert(outcome?.ok);
  assertEquals([outcome.from, outcome.attempts], ["cache", 0]);
});

test("An adapter alone as the cache keeps values for ever", async () => {
  const { client, network, clock } = setUp(counting, { cache: planOf() });

  assertEquals(await client.json(URL_A), { nth: 1 });
  await clock.advance(1e12);
  assertEquals(await client.json(URL_A), { nth: 1 });
  assertEquals(network.sent.length, 1);
});

test("A value is fresh for ttlMs, and is then fetched again", async () => {
  const { client, clock } = setUp(counting, { ttlMs: 1_000 });

  assertEquals(await client.json(URL_A), { nth: 1 });
  await clock.advance(999);
  assertEquals(await client.json(URL_A), { nth: 1 });
  await clock.advance(2);
  assertEquals(await client.json(URL_A), { nth: 2 });
  await clock.advance(999);
  assertEquals(await client.json(URL_A), { nth: 2 });
});

test("ttlMs may be a function of the URL, and 0 stores nothing", async () => {
  const seen: URL[] = [];
  const { client, cache } = setUp(counting, {
    baseUrls: "https://a.test/data",
    ttlMs: (url) => {
      seen.push(url);
      return url.pathname.endsWith("/live") ? 0 : Infinity;
    },
  });

  assertEquals([await client.json("live"), await client.json("live")], [{ nth: 1 }, { nth: 2 }]);
  assertEquals(cache.entries.size, 0);
  assertEquals([await client.json("past?x=1#y"), await client.json("past?x=1")], [{ nth: 1 }, { nth: 1 }]);
  assert(seen.every((url) => url instanceof URL));
  assertEquals(seen.at(-1)!.href.split("#")[0], "https://a.test/data/past?x=1");
});

test("ttlMs that throws or gives nonsense breaks no fetch, and stores nothing", async () => {
  const broken: readonly (() => number)[] = [
    () => {
      throw new Error("no idea");
    },
    () => NaN,
    () => -5,
    () => "soon" as unknown as number,
    () => undefined as unknown as number,
  ];
  for (const ttlMs of broken) {
    const { client, cache } = setUp(counting, { ttlMs });
    assertEquals([await client.json(URL_A), await client.json(URL_A)], [{ nth: 1 }, { nth: 2 }]);
    assertEquals(cache.entries.size, 0, `${ttlMs}`);
  }
});

test("JSON null, false, 0 and an empty string are values, not misses", async () => {
  for (const body of ["null", "false", "0", '""', "[]"]) {
    const { client, network } = setUp(() => ({ body }));
    assertEquals([await client.json(URL_A), await client.json(URL_A)], [JSON.parse(body), JSON.parse(body)]);
    assertEquals(network.sent.length, 1, body);
  }
  const { client, network } = setUp(() => ({ body: "" }));
  assertEquals([await client.json(URL_A), await client.json(URL_A)], [undefined, undefined]);
  assertEquals(network.sent.length, 1);
});

test("A caller's changes to a value never reach the next caller", async () => {
  const { client, network } = setUp(() => ({ json: { laps: [1, 2] } }));

  const first = await client.json(URL_A) as { laps: number[] };
  first.laps.push(3);
  const second = await client.json(URL_A) as { laps: number[] };
  assertEquals(second.laps, [1, 2]);
  second.laps.length = 0;
  assertEquals(await client.json(URL_A), { laps: [1, 2] });

  const expected = new TextEncoder().encode('{"laps":[1,2]}');
  for (const url of [URL_A, URL_B]) {
    for (let round = 0; round < 3; round++) {
      const bytes = await client.bytes(url);
      assertEquals(bytes, expected);
      bytes.fill(0);
      new Uint8Array(bytes.buffer).fill(0);
    }
  }
  const streamed = new Uint8Array(await (await client.fetch(URL_A)).arrayBuffer());
  streamed.fill(0);
  assertEquals(await client.bytes(URL_A), expected);
  assertEquals(network.sent.length, 2);
});

test("The memory cache keeps bytes of its own, even if the caller changes its bytes", async () => {
  const { client } = setUp(() => ({ body: "abc" }), { cache: planOf() });

  for (let round = 0; round < 3; round++) {
    const bytes = await client.bytes(URL_A);
    assertEquals(bytes, new TextEncoder().encode("abc"));
    new Uint8Array(bytes.buffer).fill(0);
  }
});

test("cache: 'no-store' neither reads nor writes", async () => {
  const { client, cache } = setUp(counting);

  assertEquals(await client.json(URL_A, { cache: "no-store" }), { nth: 1 });
  assertEquals([cache.entries.size, await client.json(URL_A)], [0, { nth: 2 }]);
  assertEquals(await client.json(URL_A, { cache: "no-store" }), { nth: 3 });
  assertEquals(await client.json(URL_A), { nth: 2 });
});

test("cache: 'reload' does not read, and writes", async () => {
  const { client } = setUp(counting);

  assertEquals(await client.json(URL_A), { nth: 1 });
  assertEquals(await client.json(URL_A, { cache: "reload" }), { nth: 2 });
  assertEquals(await client.json({ url: URL_A, cache: "default" }), { nth: 2 });
});

test("cache: 'force-cache' uses a stale entry, and says so", async () => {
  const { client, clock, network } = setUp(counting, { ttlMs: 1_000 });

  assertEquals(await client.json(URL_A, { cache: "force-cache" }), { nth: 1 });
  await clock.advance(1e9);
  const [outcome] = await client.settle([URL_A], { cache: "force-cache" });
  assert(outcome?.ok);
  assertEquals([outcome.from, outcome.value, network.sent.length], ["stale", { nth: 1 }, 1]);
});

test("cache: 'only-if-cached' sends nothing to the network", async () => {
  const { client, network } = setUp(counting);

  const error = await rejection(client.json(URL_A, { cache: "only-if-cached" }));
  assertInstanceOf(error, NetworkError);
  assertEquals(network.sent.length, 0);
  await client.json(URL_A);
  assertEquals(await client.json(URL_A, { cache: "only-if-cached" }), { nth: 1 });
  assertEquals(network.sent.length, 1);
});

test("readCache: false and writeCache: false are what they say", async () => {
  const { client } = setUp(counting);

  assertEquals(await client.json(URL_A, { writeCache: false }), { nth: 1 });
  assertEquals(await client.json(URL_A), { nth: 2 });
  assertEquals(await client.json(URL_A, { readCache: false, writeCache: false }), { nth: 3 });
  assertEquals(await client.json(URL_A, { writeCache: false }), { nth: 2 });
  assertEquals(await client.json(URL_A, { readCache: false }), { nth: 4 });
  assertEquals(await client.json(URL_A), { nth: 4 });
});

test("Requests with credentials bypass the cache, wherever the credentials come from", async () => {
  for (const name of ["authorization", "Cookie"]) {
    const { client, cache, network } = setUp(counting);
    await client.json(URL_A, { headers: { [name]: "alice" } });
    assertEquals(cache.entries.size, 0);
    await client.json(URL_A);
    assertEquals(await client.json(URL_A, { headers: { [name]: "bob" } }), { nth: 3 });
    assertEquals(network.sent.length, 3);

    const whole = setUp(counting, { headers: { [name]: "alice" } });
    await whole.client.json(URL_A);
    assertEquals([await whole.client.json(URL_A), whole.cache.entries.size], [{ nth: 2 }, 0]);
  }
});

test("A mirror's credentials bypass the cache as well", async () => {
  const { client, cache } = setUp(counting, {
    baseUrls: [{ url: "https://a.test", headers: { authorization: "Bearer alice" } }],
  });

  assertEquals([await client.json("x"), await client.json("x")], [{ nth: 1 }, { nth: 2 }]);
  assertEquals(cache.entries.size, 0);
});

test("Only a GET that was answered 200 is stored", async () => {
  for (const status of [201, 203, 204, 206, 300, 304, 400, 404, 410, 500, 503]) {
    const { client, cache } = setUp(() => ({ status, json: 1 }));
    await client.json(URL_A).catch(() => {});
    await client.fetch(URL_A).then((response) => response.text());
    assertEquals(cache.entries.size, 0, `${status}`);
  }
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const { client, cache } = setUp(counting);
    await client.json({ url: URL_A, method });
    assertEquals([cache.entries.size, cache.calls], [0, []], method);
  }
});

test("A HEAD and a GET do not answer for each other", async () => {
  const { client, network } = setUp(counting);

  await client.text({ url: URL_A, method: "HEAD" });
  assertEquals(await client.json(URL_A), { nth: 2 });
  assertEquals(await client.text({ url: URL_A, method: "HEAD" }), "");
  assert(network.sent.length >= 2);
});

test("A response with no-store is not stored, and other directives are ignored", async () => {
  const cases: readonly (readonly [string, number])[] = [
    ["no-store", 0],
    ["max-age=60, No-Store", 0],
    ["no-cache", 1],
    ["max-age=0, must-revalidate", 1],
    ["private", 1],
    ['foo="no-store"', 1],
  ];
  for (const [value, size] of cases) {
    const { client, cache } = setUp(() => ({ json: 1, headers: { "cache-control": value } }));
    await client.json(URL_A);
    assertEquals(cache.entries.size, size, value);
  }
});

test("The fragment of a URL is no part of its key, and the query is", async () => {
  const { client, network } = setUp(counting);

  await client.json(`${URL_A}#one`);
  await client.json(`${URL_A}#two`);
  assertEquals(network.sent.length, 1);
  await client.json(`${URL_A}?x=1`);
  await client.json(`${URL_A}?x=2`);
  assertEquals(network.sent.length, 3);
});

test("Keys are strings that hide the URL, and the full key is stored", async () => {
  const { client, cache } = setUp(counting);

  await client.json(URL_A);
  const [key] = cache.entries.keys();
  assert(/^[\w+/=-]{43,64}$/.test(key!), key);
  const { meta } = cache.only;
  assertEquals([meta.v, meta.status, typeof meta.key], [1, 200, "string"]);
  assertEquals(JSON.parse(JSON.stringify(meta)), meta);
});

test("Metadata holds everything that freshness depends on", async () => {
  const { client, cache, clock } = setUp(() => ({ json: 1, afterMs: 40, headers: { "x-a": "1" } }), {
    ttlMs: 1_000,
  });
  const beganAt = clock.wallNow();

  await clock.run(client.json(URL_A));
  const { requestedAt, storedAt, initialAge, freshForMs, url, headers } = cache.only.meta;
  assertEquals([requestedAt, storedAt, initialAge, freshForMs], [beganAt, beganAt + 40, 0, 1_000]);
  assertEquals([url, headers.find(([name]) => name === "x-a")], [URL_A, ["x-a", "1"]]);
});

test("A value from one mirror answers for all mirrors", async () => {
  let isDown = false;
  const { client, network } = setUp(
    ({ url }) => isDown && url.startsWith("https://a") ? { status: 503 } : { json: url },
    {
      baseUrls: ["https://a.test/x", "https://b.test/y"],
    },
  );

  assertEquals(await client.json("laps.json"), "https://a.test/x/laps.json");
  isDown = true;
  assertEquals(await client.json("laps.json"), "https://a.test/x/laps.json");
  assertEquals(network.sent.length, 1);
});

test("A response that could not be decoded is not kept", async () => {
  const schema = v.object({ nth: v.number() });
  const { client } = setUp(({ nth }) => nth === 1 ? { body: "<html>" } : { json: { nth } });
  assertInstanceOf(await rejection(client.json(URL_A)), InvalidDataError);
  assertEquals(await client.json(URL_A), { nth: 2 });
  assertEquals(await client.json(URL_A), { nth: 2 });

  const misfit = setUp(({ nth }) => ({ json: { nth: nth === 1 ? "None" : nth } }));
  assertInstanceOf(await rejection(misfit.client.json(URL_A, { schema })), InvalidDataError);
  assertEquals(await misfit.client.json(URL_A, { schema }), { nth: 2 });
});

test("A broken body is not kept", async () => {
  const { client, cache } = setUp(({ nth }) =>
    nth === 1 ? { body: "0123", breaksWith: new TypeError("reset") } : { body: "ok" }
  );

  assertInstanceOf(await rejection(client.text(URL_A)), NetworkError);
  assertEquals(cache.entries.size, 0);
  assertEquals([await client.text(URL_A), await client.text(URL_A)], ["ok", "ok"]);
});

test("A cached entry that can't be decoded is removed, and fetched again", async () => {
  const { client, cache, network } = setUp(counting);
  await client.json(URL_A);
  cache.replace((entry) => ({ ...entry, body: new TextEncoder().encode("<html>") }));

  assertEquals(await client.json(URL_A), { nth: 2 });
  assertEquals(await client.json(URL_A), { nth: 2 });
  assertEquals(network.sent.length, 2);
  assert(cache.calls.includes("delete"));
});

test("A cached entry that does not fit the schema is fetched again", async () => {
  const { client, network } = setUp(({ nth }) => ({ json: { nth: nth === 1 ? "None" : nth } }));
  const schema = v.object({ nth: v.number() });

  assertEquals(await client.json(URL_A), { nth: "None" });
  assertEquals(await client.json(URL_A, { schema }), { nth: 2 });
  assertEquals(await client.json(URL_A), { nth: 2 });
  assertEquals(network.sent.length, 2);
});

/** Returns the object with a property that throws when it is read. */
function withGetter(object: object, name: string): object {
  return Object.defineProperty(object, name, {
    get: () => {
      throw new Error("gone");
    },
  });
}

test("A cached entry of another key, version or shape is a miss", async () => {
  const changes: readonly ((entry: { meta: object; body: unknown }) => unknown)[] = [
    ({ meta, body }) => ({ meta: { ...meta, key: "another" }, body }),
    ({ meta, body }) => ({ meta: { ...meta, v: 2 }, body }),
    ({ meta }) => ({ meta }),
    ({ body }) => ({ body }),
    ({ body }) => ({ meta: null, body }),
    ({ meta }) => ({ meta, body: "text" }),
    ({ meta, body }) => ({ meta: { ...meta, status: "200" }, body }),
    ({ meta, body }) => ({ meta: { ...meta, headers: null }, body }),
    ({ meta, body }) => ({ meta: { ...meta, headers: [["bad name", "x"]] }, body }),
    ({ meta, body }) => ({ meta: { ...meta, storedAt: "soon" }, body }),
    ({ meta, body }) => ({ meta: { ...meta, freshForMs: NaN }, body }),
    ({ meta, body }) => ({ meta: { ...meta, headers: [["cache-control", 5]] }, body }),
    ({ meta, body }) => ({ meta: { ...meta, vary: [null] }, body }),
    ({ meta, body }) => ({ meta: { ...meta, vary: [[1, 2]] }, body }),
    ({ meta }) => withGetter({ meta }, "body"),
    ({ body }) => withGetter({ body }, "meta"),
    ...["v", "key", "status", "headers", "vary"].map(
      (name) => ({ meta, body }: { meta: object; body: unknown }) => ({
        meta: withGetter({ ...meta }, name),
        body,
      }),
    ),
    () => null,
    () => "entry",
    () => 7,
  ];
  const problems: string[] = [];
  for (const [index, change] of changes.entries()) {
    const { client, cache } = setUp(counting, { ttlMs: 1_000 });
    await client.json(URL_A);
    cache.replace(change);
    const value = await client.json(URL_A).then(JSON.stringify, String);
    if (value !== '{"nth":2}') problems.push(`${changes[index]}: json gave ${value}`);
    cache.replace(change);
    const text = await client.fetch(URL_A).then((response) => response.text()).catch(String);
    if (text !== '{"nth":3}') problems.push(`${changes[index]}: fetch gave ${text}`);
  }
  assertEquals(problems, []);
});

test("A broken adapter breaks no fetch, and causes one warning per operation", async () => {
  const failure = new Error("disk on fire");
  const broken: Record<string, <T>() => T> = {
    "throws": () => {
      throw failure;
    },
    "rejects": <T>() => Promise.reject(failure) as T,
  };
  for (const [how, fail] of Object.entries(broken)) {
    for (const operation of ["get", "set", "delete"] as const) {
      const cache = new RecordingCache();
      const adapter = {
        name: "broken",
        maxEntryBytes: 1_000_000,
        get: (key: string) => cache.get(key),
        set: (key: string, entry: CacheEntry) => cache.set(key, entry),
        delete: (key: string) => cache.delete(key),
        [operation]: fail,
      };
      const { client, warnings } = setUp(({ nth }) => ({ json: { nth } }), { adapter });
      for (let n = 0; n < 4; n++) {
        await client.json(URL_A);
        // An entry that can't be decoded makes the client delete it.
        if (cache.entries.size > 0) {
          cache.replace((entry) => ({ ...entry, body: new TextEncoder().encode("<") }));
        }
      }
      assertEquals(warnings.length, 1, `${operation} ${how}`);
      const [warning] = warnings;
      assertEquals([warning!.source, warning!.error === failure], ["cache", true]);
      assert(warning!.message.includes("broken") && warning!.message.includes(operation), warning!.message);
    }
  }
});

test("A broken adapter causes one warning per operation: two adapters make two warnings", async () => {
  const fail = (): never => {
    throw new Error("disk on fire");
  };
  const adapter = { name: "broken", maxEntryBytes: 1e6, get: fail, set: fail, delete: fail };
  const { client, warnings } = setUp(counting, { adapter });

  for (let n = 1; n <= 3; n++) assertEquals(await client.json(URL_A), { nth: n });
  assertEquals(warnings.length, 2);
});

test("A write that the adapter refuses is no failure", async () => {
  const cache = new RecordingCache();
  cache.set = () => false;
  const { client, warnings } = setUp(counting, { adapter: cache });

  assertEquals([await client.json(URL_A), await client.json(URL_A)], [{ nth: 1 }, { nth: 2 }]);
  assertEquals(warnings, []);
});

test("An entry that is larger than the adapter accepts is not offered to it", async () => {
  const cache = new RecordingCache();
  Object.defineProperty(cache, "maxEntryBytes", { value: 1_000 });
  const { client } = setUp(({ url }) => ({ body: "x".repeat(url === URL_A ? 2_000 : 10) }), {
    adapter: cache,
  });

  await client.text(URL_A);
  assertEquals(cache.entries.size, 0);
  await client.text(URL_B);
  assertEquals(cache.entries.size, 1);
});

test("An adapter that never answers a write delays no answer", async () => {
  const cache = new RecordingCache();
  cache.set = () => new Promise<boolean>(() => {});
  const { client, clock } = setUp(counting, { adapter: cache });

  const settled = watch(client.json(URL_A));
  for (let turn = 0; turn < 50; turn++) await clock.advance(0);
  assertEquals(settled, { state: "fulfilled", value: { nth: 1 } });
});

test("An adapter that never answers a read leaves most of the total time to the network", async () => {
  const cache = new RecordingCache();
  cache.get = () => new Promise<undefined>(() => {});
  const { client, clock, warnings } = setUp(counting, { adapter: cache });

  const settled = watch(client.json(URL_A, { totalTimeoutMs: 1_000 }));
  await clock.advance(249);
  assertEquals(settled.state, "pending");
  await clock.advance(1);
  assertEquals([settled.state, warnings.length], ["fulfilled", 0]);
});

test("An adapter that never answers a read is a miss after a second, causes one warning, and is then bypassed", async () => {
  const cache = new RecordingCache();
  cache.get = () => new Promise<undefined>(() => {});
  const { client, clock, warnings } = setUp(counting, { adapter: cache });

  const settled = watch(client.json(URL_A));
  await clock.advance(999);
  assertEquals(settled.state, "pending");
  await clock.advance(1);
  assertEquals(settled.value, { nth: 1 });
  for (const nth of [2, 3]) assertEquals(await client.json(URL_A), { nth });
  assertEquals(warnings.map(({ message }) => message), [
    "The cache 'recording' failed to get; requests go on without it",
  ]);
});

test("An asynchronous adapter works like a synchronous one", async () => {
  const inner = new RecordingCache();
  const adapter: CacheAdapter = {
    name: "slow",
    maxEntryBytes: 1e6,
    get: async (key) => await Promise.resolve(inner.get(key)),
    set: async (key, entry) => await Promise.resolve(inner.set(key, entry)),
    delete: async (key) => await Promise.resolve(inner.delete(key)),
  };
  const { client, network } = setUp(counting, { adapter });

  assertEquals([await client.json(URL_A), await client.json(URL_A)], [{ nth: 1 }, { nth: 1 }]);
  assertEquals(network.sent.length, 1);
});

test("An adapter's methods are called with the adapter as `this`", async () => {
  class Stateful {
    readonly name = "stateful";
    readonly maxEntryBytes = 1e6;
    readonly #inner = new RecordingCache();
    get(key: string): ReturnType<CacheAdapter["get"]> {
      return this.#inner.get(key);
    }
    set(key: string, entry: CacheEntry): ReturnType<CacheAdapter["set"]> {
      return this.#inner.set(key, entry);
    }
    delete(key: string): ReturnType<CacheAdapter["delete"]> {
      return this.#inner.delete(key);
    }
  }
  const { client, warnings } = setUp(counting, { adapter: new Stateful() });

  assertEquals([await client.json(URL_A), await client.json(URL_A)], [{ nth: 1 }, { nth: 1 }]);
  assertEquals(warnings, []);
});

test("Two clients share a cache", async () => {
  const cache = new RecordingCache();
  const [one, two] = [setUp(counting, { adapter: cache }), setUp(counting, { adapter: cache })];

  assertEquals(await one.client.json(URL_A), { nth: 1 });
  assertEquals(await two.client.json(URL_A), { nth: 1 });
  assertEquals(two.network.sent.length, 0);
});

test("Two clients share the writes that their cache has not finished, up to the limit of each", async () => {
  const adapter = adapterWith({ set: () => new Promise(() => {}) });
  const one = setUp(counting, { adapter });
  assertEquals(await one.client.json(URL_A), { nth: 1 });
  await turns(one.clock);

  const two = cacheRig(counting, { plan: { mode: "ttl", adapter, maxPendingBytes: 10 } });
  assertEquals([await two.client.json(URL_A), two.network.sent.length], [{ nth: 1 }, 0]);
  await two.client.json(URL_B);
  await turns(two.clock);
  assertEquals([await two.client.json(URL_B), await two.client.json(URL_A)], [{ nth: 2 }, { nth: 1 }]);
});

test("An entry of no use in a faster cache does not hide the right one in a slower cache", async () => {
  const slow = new RecordingCache();
  const { client } = setUp(counting, { adapter: slow });
  for (const url of [URL_A, URL_B]) await client.json(url);
  const [a, b] = [...slow.entries.values()] as [CacheEntry, CacheEntry];
  const unknown = { ...a, meta: { ...a.meta, key: 5 as unknown as string } };
  for (const entry of [b, unknown, { ...a, meta: { ...a.meta, url: "" } }]) {
    const two = setUp(counting, { adapter: [adapterWith({ get: () => entry }), slow] });
    assertEquals([await two.client.json(URL_A), two.network.sent.length], [{ nth: 1 }, 0]);
  }
});

test("An error is not stored, and does not affect the stored entry", async () => {
  let status = 200;
  const { client } = setUp(({ nth }) => ({ status, json: { nth } }), { ttlMs: 1_000 });

  await client.json(URL_A);
  status = 500;
  assertInstanceOf(await rejection(client.json(URL_A, { cache: "reload" })), HttpError);
  assertEquals(await client.json(URL_A), { nth: 1 });
  status = 404;
  assertInstanceOf(await rejection(client.json(URL_B)), DataNotFoundError);
  status = 200;
  assertEquals(await client.json(URL_B), { nth: 2 });
});

test("Offline, only the cache answers", async () => {
  const cache = new RecordingCache();
  await setUp(counting, { adapter: cache }).client.json(URL_A);
  const { client, network } = setUp(counting, { adapter: cache, offline: true, maxRetries: 3 });

  assertEquals(await client.json(URL_A), { nth: 1 });
  const error = await rejection(client.json(URL_B));
  assertInstanceOf(error, OfflineError);
  assertEquals([error.url, error.method, error.attempts], [URL_B, "GET", 0]);
  assertInstanceOf(await rejection(client.json({ url: URL_A, method: "POST", body: "1" })), OfflineError);
  assertInstanceOf(await rejection(client.json(URL_A, { cache: "no-store" })), OfflineError);
  assertInstanceOf(await rejection(client.json(URL_A, { readCache: false })), OfflineError);
  assertInstanceOf(await rejection(client.fetch(URL_B)), OfflineError);
  assertEquals(await (await client.fetch(URL_A)).json(), { nth: 1 });
  assertEquals(network.sent.length, 0);
});

test("Offline without a cache, every request is an OfflineError", async () => {
  const { client, network, clock } = setUp(counting, { cache: false, offline: true, maxRetries: 3 });

  assertInstanceOf(await rejection(client.json(URL_A)), OfflineError);
  assertEquals([network.sent.length, clock.now(), clock.pending], [0, 0, 0]);
});

test("Offline, a cached entry that can't be decoded is an OfflineError", async () => {
  const cache = new RecordingCache();
  await setUp(counting, { adapter: cache }).client.json(URL_A);
  cache.replace((entry) => ({ ...entry, body: new TextEncoder().encode("<html>") }));
  const { client } = setUp(counting, { adapter: cache, offline: true });

  assertInstanceOf(await rejection(client.json(URL_A)), NetworkError);
});

test("client.fetch() is answered by the cache with a response of its own", async () => {
  const { client, network } = setUp(() => ({
    json: { a: 1 },
    headers: { "x-a": "1", "content-type": "application/json", "set-cookie": "a=1" },
  }));

  await client.json(URL_A);
  const response = await client.fetch(`${URL_A}#top`);
  assertInstanceOf(response, Response);
  assertEquals([response.status, response.ok, response.url], [200, true, URL_A]);
  assertEquals([response.headers.get("x-a"), response.headers.get("content-type")], [
    "1",
    "application/json",
  ]);
  assertEquals(await response.clone().json(), { a: 1 });
  assertEquals(await response.json(), { a: 1 });
  assertEquals(network.sent.length, 1);
});

test("client.fetch() stores a body once it has been read, and not before", async () => {
  const { client, cache, clock, network } = setUp(({ nth }) => ({ body: `0123456789${nth}`, bodyMs: 10 }));

  const response = await client.fetch(URL_A);
  await turns(clock);
  assertEquals([cache.entries.size, clock.now()], [0, 0]);
  assertEquals(await clock.run(response.text()), "01234567891");
  await turns(clock);
  assertEquals(await clock.run(client.text(URL_A)), "01234567891");
  assertEquals([network.sent.length, client.stats().inFlight], [1, 0]);
});

test("client.fetch() stops the download when its body is cancelled, and stores nothing of it", async () => {
  const { client, cache, clock, network } = setUp(() => ({ body: "0123456789", bodyMs: 10 }));

  const response = await client.fetch(URL_A);
  const cancelled = watch(response.body!.cancel());
  await turns(clock);
  assertEquals([cancelled.state, network.open, client.stats().inFlight], ["fulfilled", 0, 0]);
  await clock.advance(1_000);
  assertEquals(cache.entries.size, 0);
});

test("client.fetch() stores nothing of a body that breaks off, and its reader gets the error", async () => {
  const { client, cache, clock } = setUp(() => ({ body: "0123456789", breaksWith: new TypeError("reset") }));

  assertInstanceOf(await rejection((await client.fetch(URL_A)).text()), Error);
  await turns(clock);
  assertEquals([cache.entries.size, client.stats().inFlight], [0, 0]);
});

test("Client.close() does not wait for a body that stalls on its way to the reader and the cache", async () => {
  const { client, clock, network } = setUp(() => ({ body: "0123456789", bodyMs: 1e9 }));

  const response = await client.fetch(URL_A);
  const closing = watch(client.close(new Error("the end")));
  await turns(clock);
  assertEquals([closing.state, network.open, clock.pending], ["fulfilled", 0, 0]);
  assertInstanceOf(await rejection(response.text()), Error);
});

test("client.fetch() heeds the cache mode of its init", async () => {
  const { client } = setUp(({ nth }) => ({ body: `${nth}` }));
  const text = async (init?: RequestInit) => await (await client.fetch(URL_A, init)).text();

  assertEquals(await client.text(URL_A), "1");
  assertEquals(await text(), "1");
  assertEquals(await text({ cache: "no-store" }), "2");
  assertEquals(await text({ cache: "force-cache" }), "1");
  assertEquals(await text({ cache: "reload" }), "3");
});

test("A cache hit heeds the caller's signal, also one that has already aborted", async () => {
  const { client } = setUp(counting);
  await client.json(URL_A);
  const reason = { my: "reason" };

  assertStrictEquals(await rejection(client.json(URL_A, { signal: AbortSignal.abort(reason) })), reason);
});

test("maxBodyBytes also bounds answers from the cache", async () => {
  const { client } = setUp(() => ({ body: "0123456789" }));
  await client.text(URL_A);

  const error = await rejection(client.text(URL_A, { maxBodyBytes: 5 }));
  assertInstanceOf(error, InvalidDataError);
  assertEquals(error.reason, "too-large");
});

test("A request with other values of the Vary headers does not get the stored answer", async () => {
  const { client } = setUp(({ headers }) => ({
    json: headers.get("accept-language"),
    headers: { vary: "Accept-Language" },
  }));

  assertEquals(await client.json(URL_A, { headers: { "accept-language": "de" } }), "de");
  assertEquals(await client.json(URL_A, { headers: { "accept-language": "fr" } }), "fr");
  assertEquals(await client.json(URL_A, { headers: { "accept-language": "de" } }), "de");
});

test("An answer that varies by Accept is found again, whatever other headers the requests have", async () => {
  for (const headers of [{}, { "x-a": "1" }]) {
    const { client, network } = setUp(({ nth }) => ({ json: { nth }, headers: { vary: "Accept" } }), {
      headers,
    });
    for (const cache of ["default", "force-cache"] as const) {
      assertEquals(await client.json(URL_A, { cache }), { nth: 1 });
      assertEquals(await client.text(URL_A, { cache }), '{"nth":2}');
    }
    assertEquals(network.sent.length, 2);
  }
});

test("Two clients whose own headers differ share no answer that varies by them", async () => {
  const cache = new RecordingCache();
  const answer = ({ headers }: SentRequest): Answer => ({
    json: headers.get("accept-language"),
    headers: { vary: "Accept-Language" },
  });
  const [german, french] = ["de", "fr"].map((language) =>
    setUp(answer, { adapter: cache, headers: { "accept-language": language } }).client
  );

  assertEquals(await german!.json(URL_A), "de");
  assertEquals(await french!.json(URL_A), "fr");
});

test("A Range is not answered with the whole body", async () => {
  const { client } = setUp(({ headers }) =>
    headers.has("range") ? { status: 206, body: "01" } : { body: "0123456789" }
  );

  assertEquals(await client.text(URL_A), "0123456789");
  assertEquals(await client.text(URL_A, { headers: { range: "bytes=0-1" } }), "01");
  assertEquals(await client.text(URL_A), "0123456789");
});

test("An adapter that changes its entry, or transfers it to another thread, breaks no request", async () => {
  const text = JSON.stringify({ text: "x".repeat(100) });
  const ruins: readonly ((body: Uint8Array<ArrayBuffer>) => void)[] = [
    (body) => body.fill(0),
    (body) => structuredClone(body, { transfer: [body.buffer] }),
  ];
  for (const mode of ["http", "ttl"] as const) {
    for (const ruin of ruins) {
      for (const isFirst of [false, true]) {
        const bad = adapterWith({
          get: () => undefined,
          set: (_key, { body }) => {
            ruin(body);
            return true;
          },
        });
        const good = new RecordingCache();
        const adapter = isFirst ? [bad, good] : [good, bad];
        const answer = () => ({ body: text, headers: { "cache-control": "max-age=60" } });
        const { client, clock, network } = cacheRig(answer, { plan: { mode, adapter } });
        const read = () =>
          Promise.all([
            client.text(URL_A),
            client.bytes(URL_A).then((bytes) => new TextDecoder().decode(bytes)),
            client.json(URL_A).then((value) => JSON.stringify(value)),
            client.fetch(URL_A).then((response) => response.text()),
          ]);
        assertEquals(await clock.run(read()), [text, text, text, text]);
        assertEquals(await clock.run(read()), [text, text, text, text]);
        const requests = network.sent.length;
        await clock.run(read());
        assertEquals(network.sent.length, requests, "the other tier has it whole");
      }
    }
  }
});
