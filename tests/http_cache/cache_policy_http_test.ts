import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import * as v from "valibot";
import {
  type Client,
  createClient,
  DataNotFoundError,
  HttpError,
  InvalidDataError,
  NetworkError,
  OfflineError,
} from "../../mod.ts";
import {
  type CacheAdapter,
  type CacheEntry,
  memoryCache,
  type PartitionRequest,
  tieredCache,
} from "../../src/http_cache/mod.ts";
import type { FetchRequest } from "../../src/client/request.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import type { Answer, SentRequest } from "../client/fake_network.ts";
import { rejection, watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { adapterWith, cacheRig, counting, from, tagged, turns, URL_A, URL_B } from "./cache_rig.ts";
import { RecordingCache } from "./recording_cache.ts";
import { planOf, type PlanParts } from "./plan_of.ts";

const MINUTE = 60_000;

// ---- freshness and time

test("mode http: a response is fresh until its max-age has passed, and not a millisecond longer", async () => {
  const { client, clock, network } = cacheRig(counting("max-age=60"));
  assertEquals(await client.json(URL_A), { nth: 1 });
  await clock.advance(MINUTE - 1);
  assertEquals([await client.json(URL_A), network.sent.length], [{ nth: 1 }, 1]);
  await clock.advance(1);
  assertEquals([await client.json(URL_A), network.sent.length], [{ nth: 2 }, 2]);
});

test("mode http: max-age beyond every timer holds, and leaves no timer", async () => {
  const { client, clock, network } = cacheRig(counting("max-age=9999999999"));
  await client.json(URL_A);
  await clock.advance(2 ** 31 * 500);
  assertEquals([await client.json(URL_A), network.sent.length, clock.pending], [{ nth: 1 }, 1, 0]);
});

test("mode http: a response without a lifetime, stated or heuristic, is requested each time", async () => {
  const { client, network } = cacheRig(() => ({ json: 1 }));
  await client.json(URL_A);
  await client.json(URL_A);
  assertEquals(network.sent.length, 2);
});

test("mode http: ttlMs holds where the server states no lifetime, and only there", async () => {
  const seen: unknown[] = [];
  const ttlMs: PlanParts["ttlMs"] = (url, { status, headers }) => {
    seen.push([url.href, status, headers.get("x-a")]);
    return MINUTE;
  };
  const { client, clock, network } = cacheRig(
    ({ url }) => ({
      json: 1,
      headers: { "x-a": "1", ...(url === URL_A ? {} : { "cache-control": "max-age=5" }) },
    }),
    { plan: { ttlMs } },
  );
  await client.json(URL_A);
  await client.json(URL_B);
  assertEquals(seen, [[URL_A, 200, "1"], [URL_B, 200, "1"]]);
  await clock.advance(MINUTE - 1);
  await client.json(URL_A);
  assertEquals(network.urls, [URL_A, URL_B]);
  await client.json(URL_B);
  assertEquals(network.urls, [URL_A, URL_B, URL_B]);
});

test("mode http: a ttlMs of 0 stores nothing, whatever the response can be validated by or served stale for", async () => {
  const { client, cache } = cacheRig(({ nth }) => ({ json: nth, headers: { etag: '"1"' } }), {
    plan: { ttlMs: (url) => url.pathname.endsWith("/b.json") ? 0 : MINUTE, staleWhileRevalidateMs: MINUTE },
  });
  for (const nth of [1, 2]) assertEquals(await client.json(URL_B), nth);
  assertEquals(cache.entries.size, 0);
  for (const _ of [1, 2]) assertEquals(await client.json(URL_A), 1);
});

test("mode http: a ttlMs that throws breaks no fetch, and causes one warning", async () => {
  const ttlMs = () => {
    throw new Error("no idea");
  };
  const { client, cache, warnings } = cacheRig(() => ({ json: 1 }), { plan: { ttlMs } });
  for (let round = 0; round < 3; round++) assertEquals(await client.json(URL_A), 1);
  assertEquals([warnings.length, cache.entries.size], [1, 0]);
});

test("mode http: the Age of a response counts, and hits carry their age", async () => {
  const { client, clock, network } = cacheRig(counting("max-age=60", { age: "50" }));
  await client.json(URL_A);
  await clock.advance(5_000);
  const hit = await client.fetch(URL_A);
  assertEquals([hit.headers.get("age"), await hit.json()], ["55", { nth: 1 }]);
  await clock.advance(5_000);
  await client.json(URL_A);
  assertEquals(network.sent.length, 2);
});

test("mode http: only the last attempt's travel time adds to the age, not the wait for a permit or a backoff", async () => {
  const answer = ({ nth, url }: SentRequest): Answer => {
    if (url === URL_B) return { json: 1, afterMs: 20_000 };
    return nth === 1
      ? { status: 503 }
      : { json: nth, afterMs: 3_000, headers: { "cache-control": "max-age=60" } };
  };
  const { client, clock, cache } = cacheRig(answer, { concurrency: 1, maxRetries: 1 });
  const beganAt = clock.wallNow();
  const holder = client.json(URL_B, { writeCache: false });
  await clock.run(Promise.all([holder, client.json(URL_A)]));

  const { requestedAt, storedAt, initialAge } = cache.only.meta;
  assertEquals([storedAt - requestedAt, initialAge], [3_000, 3_000]);
  assert(requestedAt - beganAt >= 20_000 + 1_000, `${requestedAt - beganAt}`);
});

test("mode http: after the clock was set back an entry is validated, and not fresh for years", async () => {
  const { client, clock, network } = cacheRig(tagged("max-age=60"));
  await client.json(URL_A);
  clock.setWall(clock.wallNow() - 86_400_000);
  assertEquals(await client.json(URL_A), { nth: 1 });
  assertEquals(network.sent[1]?.headers.get("if-none-match"), '"v1"');
  await client.json(URL_A);
  assertEquals(network.sent.length, 2);
});

// ---- HEAD

test("mode http: a HEAD that contradicts the stored entry removes it, and one that agrees does not (RFC 9111 §4.3.5)", async () => {
  const stored = {
    "cache-control": "max-age=1000",
    etag: '"1"',
    "last-modified": "Sat, 01 Jan 2000 00:00:00 GMT",
    "content-length": "9",
  };
  const cases: [Record<string, string>, number, number][] = [
    [{}, 200, 1],
    [{ etag: '"1"', "content-length": "9" }, 200, 1],
    [{ etag: 'W/"1"' }, 200, 1],
    [{ etag: '"2"' }, 200, 2],
    [{ "last-modified": "Sun, 02 Jan 2000 00:00:00 GMT" }, 200, 2],
    [{ "content-length": "10" }, 200, 2],
    [{ etag: '"2"' }, 404, 1],
    [{ etag: '"2"' }, 304, 1],
  ];
  for (const [headers, status, gets] of cases) {
    const { client, clock, network } = cacheRig(({ method }) =>
      method === "HEAD" ? { status, headers } : { json: { nth: 1 }, headers: stored }
    );
    await client.json(URL_A);
    await clock.run(client.fetch(URL_A, { method: "HEAD" }));
    await turns(clock);
    await client.json(URL_A);
    const sent = network.sent.filter(({ method }) => method === "GET").length;
    assertEquals([JSON.stringify(headers), status, sent], [JSON.stringify(headers), status, gets]);
  }
});

test("mode http: a HEAD that the caller's fetch has redirected elsewhere removes the stored entry", async () => {
  const headers = { "cache-control": "max-age=1000" };
  const { client, clock, cache } = cacheRig(() => ({}), {
    fetch: (_, init) =>
      Promise.resolve(
        init?.method === "HEAD"
          ? from(URL_B, new Response(null, { headers }))
          : new Response("[1]", { headers }),
      ),
  });
  await client.json(URL_A);
  assertEquals(cache.entries.size, 1);
  await client.fetch(URL_A, { method: "HEAD" });
  await turns(clock);
  assertEquals(cache.entries.size, 0);
});

test("mode http: a HEAD with the validator of the stored entry updates it (RFC 9111 §4.3.5)", async () => {
  const etag = '"1"';
  const stored = { "cache-control": "max-age=10", etag, "x-a": "old", "x-b": "kept", "content-length": "9" };
  // The headers of the HEAD, its init, and the number of GETs by the time the stored entry has expired.
  const cases: [Record<string, string>, RequestInit, number][] = [
    [{ etag, "cache-control": "max-age=100" }, {}, 1],
    [{ etag: 'W/"1"' }, {}, 1],
    [{ etag, "content-length": "9" }, {}, 1],
    [{ "cache-control": "max-age=100" }, {}, 2],
    [{ "last-modified": "Sat, 01 Jan 2000 00:00:00 GMT", "cache-control": "max-age=100" }, {}, 2],
    [{ etag: '"2"', "cache-control": "max-age=100" }, {}, 2],
    [{ etag, "cache-control": "no-store" }, {}, 2],
    [{ etag, "cache-control": "no-cache" }, {}, 2],
    [{ etag, vary: "*" }, {}, 2],
    [{ etag, "cache-control": "max-age=100" }, { headers: { "cache-control": "no-store" } }, 2],
    [{ etag, "cache-control": "max-age=100" }, { cache: "no-store" }, 2],
    [{ etag, "cache-control": "max-age=100" }, { headers: { "if-none-match": '"0"' } }, 2],
  ];
  for (const [headers, init, gets] of cases) {
    const { client, clock, network, cache } = cacheRig(({ method }) =>
      method === "HEAD" ? { headers: { "x-a": "new", ...headers } } : { json: { nth: 1 }, headers: stored }
    );
    await client.json(URL_A);
    await clock.advance(5_000);
    await client.fetch(URL_A, { method: "HEAD", ...init });
    await turns(clock);
    const isRefused = headers.etag === '"2"' || headers["cache-control"] === "no-store" ||
      headers.vary === "*";
    assertEquals(cache.entries.size, isRefused ? 0 : 1, JSON.stringify(headers));
    await clock.advance(6_000);
    const response = await client.fetch(URL_A);
    assertEquals(await response.json(), { nth: 1 });
    const sent = network.sent.filter(({ method }) => method === "GET").length;
    assertEquals([headers, init, sent], [headers, init, gets]);
    assertEquals([response.headers.get("x-a"), response.headers.get("x-b")], [
      gets === 1 ? "new" : "old",
      "kept",
    ]);
    if (gets === 1) assertEquals(response.headers.get("age"), "6");
  }
});

test("mode http: a HEAD × Range leaves the stored entry as it is", async () => {
  const headers = { "cache-control": "max-age=100", etag: '"1"' };
  const { client, clock, cache } = cacheRig(({ nth }) => ({ json: { nth }, headers }));
  await client.json(URL_A);
  const entry = cache.only;
  await client.fetch(URL_A, { method: "HEAD", headers: { range: "bytes=0-1" } });
  await turns(clock);
  assertStrictEquals(cache.only, entry);
});

test("mode http: a HEAD × negative: a HEAD that succeeds makes a stored 404 be requested again", async () => {
  const control = { "cache-control": "max-age=100" };
  const { client, clock, network } = cacheRig(({ method, nth }) => {
    if (method === "HEAD") {
      return { headers: { ...control, "last-modified": "Sat, 01 Jan 2000 00:00:00 GMT" } };
    }
    return nth === 1 ? { status: 404, headers: control } : { json: { nth }, headers: control };
  });
  for (let nth = 0; nth < 2; nth++) await rejection(client.json(URL_A));
  await client.fetch(URL_A, { method: "HEAD" });
  await turns(clock);
  assertEquals([await client.json(URL_A), network.sent.length], [{ nth: 3 }, 3]);
});

test("mode http: a HEAD × change: an entry that a change removes while the adapter is read is not brought back", async () => {
  const inner = new RecordingCache();
  let gate: Promise<void> | undefined;
  const adapter = adapterWith({
    get: async (key) => {
      const entry = inner.get(key);
      await gate;
      return await entry;
    },
    set: (key, entry) => inner.set(key, entry),
    delete: (key) => inner.delete(key),
  });
  const headers = { "cache-control": "max-age=100", etag: '"1"' };
  const { client, clock } = cacheRig(({ nth }) => ({ json: { nth }, headers }), { plan: { adapter } });
  await client.json(URL_A);
  await turns(clock);
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  await client.fetch(URL_A, { method: "HEAD" });
  await turns(clock);
  await client.json({ url: URL_A, method: "PUT" });
  gate = undefined;
  resolve();
  await turns(clock);
  assertEquals(await client.json(URL_A), { nth: 4 });
});

// ---- calls that wait

test("stale-if-error × calls that wait × Vary: a failure is not answered with another variant", async () => {
  const headers = { "cache-control": "max-age=60, stale-if-error=60", vary: "accept", etag: '"1"' };
  for (const failure of [{ status: 500 }, { error: new TypeError("reset") }]) {
    const { client, clock, network } = cacheRig(({ nth }) =>
      nth === 1 ? { json: 1, headers, afterMs: 5 } : { ...failure, afterMs: 5 }
    );
    const both = Promise.allSettled([client.json(URL_A), client.text(URL_A)]);
    assertEquals((await clock.run(both)).map(({ status }) => status), ["fulfilled", "rejected"]);
    assertEquals(network.sent.map(({ headers }) => headers.get("if-none-match")), [null, null]);
  }
});

test("maxBodyBytes × calls that wait: a body that is too large for one call is too large after a 304 as well", async () => {
  const { client, clock } = cacheRig(({ headers: sent }) => {
    const headers = { "cache-control": "max-age=60", etag: '"1"' };
    return sent.has("if-none-match")
      ? { status: 304, headers, afterMs: 5 }
      : { body: "0123456789", headers, afterMs: 5 };
  });
  const [whole, limited] = await clock.run(
    Promise.allSettled([client.text(URL_A), client.text(URL_A, { maxBodyBytes: 5 })]),
  );
  assertEquals([whole.status, limited.status], ["fulfilled", "rejected"]);
  assertInstanceOf((limited as PromiseRejectedResult).reason, InvalidDataError);
});

test("stale-if-error × calls that wait: an answer that the server has replaced for one call is not served again", async () => {
  const { client, clock } = cacheRig(({ nth }) => {
    if (nth > 2) return { status: 500 };
    const control = nth === 1 ? "max-age=0, stale-if-error=60" : "no-store";
    return { json: nth, afterMs: 5, headers: { "cache-control": control, etag: `"${nth}"` } };
  });
  const both = Promise.all([client.json(URL_A), client.json(URL_A, { timeoutMs: 9_999 })]);
  assertEquals(await clock.run(both), [1, 2]);
  await turns(clock);
  await rejection(client.json(URL_A));
});

// ---- validation

test("mode http: a 304 keeps the body, renews the headers and begins the freshness anew", async () => {
  const { client, clock, network } = cacheRig(({ nth }) =>
    nth === 1
      ? {
        json: { a: 1 },
        headers: { "cache-control": "max-age=1", etag: '"1"', "x-a": "old", "x-b": "kept" },
      }
      : {
        status: 304,
        headers: {
          "cache-control": "max-age=60",
          "x-a": "new",
          "content-length": "999",
          "content-encoding": "br",
        },
      }
  );
  await client.json(URL_A);
  await clock.advance(1_000);
  assertEquals(await client.json(URL_A), { a: 1 });
  await clock.advance(MINUTE - 1);
  const hit = await client.fetch(URL_A);
  assertEquals([hit.status, hit.headers.get("x-a"), hit.headers.get("x-b")], [200, "new", "kept"]);
  assertEquals([hit.headers.get("content-length"), hit.headers.get("content-encoding")], [null, null]);
  assertEquals([await hit.json(), network.sent.length], [{ a: 1 }, 2]);
});

test("mode http: the caller never sees a 304 to the cache's own condition, in whatever form it asks", async () => {
  const { client, network } = cacheRig(tagged("no-cache"));
  await client.json(URL_A);
  assertEquals(await client.json(URL_A), { nth: 1 });
  assertEquals(await client.text(URL_A), '{"nth":1}');
  assertEquals(await client.bytes(URL_A), new TextEncoder().encode('{"nth":1}'));
  const response = await client.fetch(URL_A);
  assertEquals([response.status, await response.json()], [200, { nth: 1 }]);
  const [outcome] = await client.settle([URL_A]);
  assert(outcome?.ok);
  assertEquals([outcome.from, outcome.attempts], ["cache", 1]);
  assertEquals(network.sent.length, 6);
});

test("mode http: a 304 with no-store or Vary: * is answered from the entry, and removes it", async () => {
  for (const headers of [{ "cache-control": "no-store" }, { "cache-control": "no-cache", vary: "*" }]) {
    const { client, network, cache, clock } = cacheRig(({ nth }) =>
      nth === 2
        ? { status: 304, headers }
        : { json: nth, headers: { "cache-control": "no-cache", etag: '"1"' } }
    );
    await client.json(URL_A);
    assertEquals(await client.json(URL_A), 1);
    await turns(clock);
    assertEquals(cache.entries.size, 0);
    assertEquals(await client.json(URL_A), 3);
    assertEquals(network.sent[2]?.headers.get("if-none-match"), null);
  }
});

test("mode http: a 304 without a condition neither removes nor confirms the stale entry, which answers if it may", async () => {
  for (const [staleIfErrorMs, text, from] of [[1e9, '{"nth":1}', "stale"], [0, "", "network"]] as const) {
    for (const cache of ["default", "no-cache"] as const) {
      let isBroken = false;
      const rig = cacheRig((request) => isBroken ? { status: 304 } : counting("max-age=1")(request), {
        plan: { staleIfErrorMs },
      });
      await rig.client.json(URL_A);
      await rig.clock.advance(2_000);
      isBroken = true;
      const outcome = await rig.client.outcome(URL_A, { cache, as: "text" });
      assertEquals([outcome.ok && outcome.value, outcome.ok && outcome.from], [text, from]);
      assertEquals(new TextDecoder().decode(rig.cache.only.body), '{"nth":1}');
      isBroken = false;
      assertEquals([await rig.client.json(URL_A), rig.network.sent.length], [{ nth: 3 }, 3]);
    }
  }
});

test("mode http: the stale entry answers for a failure that follows a 304 with another tag", async () => {
  for (
    const failure of [{ status: 503 }, { error: new TypeError("reset") }, { status: 304 }, { body: "<html>" }]
  ) {
    let isOther = false;
    const { client, clock, cache, network } = cacheRig((request) => {
      if (!isOther) return tagged("max-age=1")(request);
      return request.headers.has("if-none-match") ? { status: 304, headers: { etag: '"v2"' } } : failure;
    }, { plan: { staleIfErrorMs: 1e9 } });
    await client.json(URL_A);
    await clock.advance(2_000);
    isOther = true;
    const outcome = await client.outcome(URL_A);
    assertEquals([outcome.ok && outcome.value, outcome.ok && outcome.from], [{ nth: 1 }, "stale"]);
    assertEquals([cache.entries.size, network.sent.length], [1, 3]);
  }
});

test("mode http: a 200 replaces the entry that was to be validated, and one that may not be stored removes it", async () => {
  for (const control of ["max-age=60", "no-store"]) {
    const { client, cache, clock } = cacheRig(({ nth }) => ({
      json: nth,
      headers: { "cache-control": nth === 1 ? "no-cache" : control, etag: `"${nth}"` },
    }));
    await client.json(URL_A);
    assertEquals(await client.json(URL_A), 2);
    await turns(clock);
    assertEquals(cache.entries.size, control === "no-store" ? 0 : 1);
    assertEquals(await client.json(URL_A), control === "no-store" ? 3 : 2);
  }
});

test("mode http: a failed or refused validation keeps the entry, and a 404 or 410 removes it", async () => {
  const statuses = [500, 503, 429, 408, 401, 403, 407, 421, 425, 428, 431, 511];
  const failures = statuses.map((status) => [status, 1] as const);
  for (const [status, kept] of [...failures, [404, 0], [410, 0]]) {
    const { client, cache, clock } = cacheRig(({ nth }) =>
      nth === 2 ? { status } : { json: nth, headers: { "cache-control": "no-cache", etag: '"1"' } }
    );
    await client.json(URL_A);
    await rejection(client.json(URL_A));
    await turns(clock);
    assertEquals(cache.entries.size, kept, `${status}`);
  }
});

test("mode http: a caller's own condition bypasses the cache", async () => {
  const { client, cache, network } = cacheRig(({ headers }) =>
    headers.get("if-none-match") === '"mine"'
      ? { status: 304, headers: { etag: '"mine"' } }
      : { json: 1, headers: { "cache-control": "max-age=60", etag: '"other"' } }
  );
  await client.json(URL_A);
  const response = await client.fetch(URL_A, { headers: { "if-none-match": '"mine"' } });
  assertEquals([response.status, network.sent.length, cache.entries.size], [304, 2, 1]);
});

// ---- storing

test("mode http: no-store in a response or a request stores nothing, and in a request does not read either", async () => {
  const said = cacheRig(counting("max-age=60, no-store"));
  await said.client.json(URL_A);
  assertEquals(said.cache.entries.size, 0);

  const { client, cache } = cacheRig(counting("max-age=60"));
  const headers = { "cache-control": "no-store" };
  assertEquals(await client.json(URL_A, { headers }), { nth: 1 });
  assertEquals([await client.json(URL_A, { cache: "no-store" }), cache.calls], [{ nth: 2 }, []]);
  assertEquals(await client.json(URL_A), { nth: 3 });
  assertEquals(await client.json(URL_A, { headers }), { nth: 4 });
  assertEquals(await client.json(URL_A, { cache: "no-store" }), { nth: 5 });
  assertEquals(await client.json(URL_A), { nth: 3 });
});

test("mode http: neither refusals nor overload are stored, whatever lifetime the server states", async () => {
  for (const status of [401, 403, 407, 408, 421, 425, 428, 429, 431, 500, 502, 503, 504, 511, 206]) {
    const { client, cache, clock } = cacheRig(() => ({
      status,
      body: "x",
      headers: { "cache-control": "max-age=60" },
    }));
    await client.text(URL_A).catch(() => {});
    // A 429 makes the next request wait.
    await (await clock.run(client.fetch(URL_A))).text();
    await turns(clock);
    assertEquals(cache.entries.size, 0, `${status}`);
  }
});

test("mode http: a body that breaks off or is too large for the adapter is not stored", async () => {
  const headers = { "cache-control": "max-age=60" };
  const broken = cacheRig(() => ({ body: "0123456789", headers, breaksWith: new TypeError("reset") }));
  await rejection(broken.client.text(URL_A));
  await rejection((await broken.client.fetch(URL_A)).text());
  const large = cacheRig(() => ({ body: "0123456789", headers }), {
    plan: { adapter: memoryCache({ maxEntryBytes: 9 }) },
  });
  for (let round = 0; round < 2; round++) {
    assertEquals(await large.client.text(URL_A), "0123456789");
    assertEquals(await (await large.client.fetch(URL_A)).text(), "0123456789");
  }
  await turns(broken.clock);
  assertEquals([broken.cache.entries.size, large.network.sent.length], [0, 4]);
});

test("mode http: a body that breaks off leaves the stale entry alone; a cancelled or too large one removes it", async () => {
  const reads: Record<string, (client: Client) => Promise<unknown>> = {
    json: (client) => client.json(URL_A),
    fetch: async (client) => await (await client.fetch(URL_A)).text(),
    lines: (client) => Array.fromAsync(client.lines(URL_A)),
    cancel: async (client) => await (await client.fetch(URL_A)).body?.cancel(),
  };
  const headers = { "cache-control": "max-age=1", etag: '"1"' };
  const broken = { body: "[2,3,4]", headers, bodyMs: 10, breaksWith: new TypeError("reset") };
  const stalled = { body: "[2,3,4]", headers, bodyMs: 1e6 };
  const tooLarge = { body: `["${"x".repeat(1_000)}"]`, headers };
  for (const [name, read] of Object.entries(reads)) {
    for (const answer of [broken, stalled, tooLarge]) {
      let latest: Answer = { body: "[1]", headers };
      const { client, clock } = cacheRig(() => latest, {
        plan: { adapter: memoryCache({ maxEntryBytes: 700, now: () => 0 }), staleIfErrorMs: 1e9 },
      });
      await client.json(URL_A);
      await clock.advance(2_000);
      latest = answer;
      await clock.run(read(client).catch(() => "broken"));
      await turns(clock);
      latest = { status: 503 };
      const outcome = await client.outcome(URL_A);
      const isKept = name !== "cancel" && answer !== tooLarge;
      assertEquals(outcome.ok && [outcome.value, outcome.from], isKept && [[1], "stale"], name);
    }
  }
});

test("mode http: a redirected answer is not stored where the runtime hides the redirect", async () => {
  const cache = new RecordingCache();
  let calls = 0;
  const client = createClient({
    cache: planOf({ adapter: cache, mode: "http" }),
    clock: new ManualClock(),
    fetch: () => {
      calls++;
      return Promise.resolve(
        from(URL_B, new Response("[1]", { headers: { "cache-control": "max-age=60" } })),
      );
    },
  });
  await client.json(URL_A);
  await client.json(URL_A);
  assertEquals([calls, cache.entries.size], [2, 0]);
});

test("mode http: the fragment of a URL does not matter", async () => {
  const { client, network } = cacheRig(counting("max-age=60"));
  await client.json(`${URL_A}#one`);
  assertEquals(await (await client.fetch(`${URL_A}#two`)).json(), { nth: 1 });
  await client.json(`${URL_A}?id=1`);
  await client.json(`${URL_A}?id=2`);
  await client.json(`${URL_A}/`);
  assertEquals(network.sent.length, 4);
});

test("mode http: JSON null, false, 0 and an empty body are values, not misses", async () => {
  for (const body of ["null", "false", "0", '""', ""]) {
    const { client, network } = cacheRig(() => ({ body, headers: { "cache-control": "max-age=60" } }));
    const first = await client.json(URL_A);
    assertEquals([await client.json(URL_A), network.sent.length], [first, 1], body);
  }
});

test("mode http: a caller's changes to a value, bytes or headers reach no other caller", async () => {
  const { client, network } = cacheRig(() => ({
    json: { laps: [1] },
    headers: { "cache-control": "max-age=60", "x-a": "1" },
  }));
  const expected = new TextEncoder().encode('{"laps":[1]}');
  for (let round = 0; round < 3; round++) {
    const value = await client.json(URL_A) as { laps: number[] };
    assertEquals(value.laps, [1]);
    value.laps.push(2);
    const bytes = await client.bytes(URL_A);
    assertEquals(bytes, expected);
    new Uint8Array(bytes.buffer).fill(0);
    const response = await client.fetch(URL_A);
    assertEquals(response.headers.get("x-a"), "1");
    response.headers.set("x-a", "changed");
    new Uint8Array(await response.arrayBuffer()).fill(0);
  }
  assertEquals(network.sent.length, 1);
});

test("mode http: bytes that the first caller changes are not the stored ones", async () => {
  const { client } = cacheRig(counting("max-age=60"));
  (await client.bytes(URL_A)).fill(0);
  assertEquals(await client.json(URL_A), { nth: 1 });
  const read = cacheRig(counting("max-age=60"));
  new Uint8Array(await (await read.client.fetch(URL_A)).arrayBuffer()).fill(0);
  await turns(read.clock);
  assertEquals(await read.client.json(URL_A), { nth: 1 });
});

// ---- cache modes of a request

test("cache: 'only-if-cached' is answered by an entry of any age, or by 504 without a request", async () => {
  const { client, clock, network } = cacheRig(counting("max-age=60", { etag: '"1"' }));
  const error = await rejection(client.json(URL_A, { cache: "only-if-cached" }));
  assertInstanceOf(error, HttpError);
  assertEquals([
    error.status,
    (await client.fetch(URL_A, { cache: "only-if-cached", mode: "same-origin" })).status,
  ], [
    504,
    504,
  ]);
  const said = await client.fetch(URL_A, { headers: { "cache-control": "only-if-cached" } });
  assertEquals([said.status, network.sent.length], [504, 0]);
  await client.json(URL_A);
  await clock.advance(10 * MINUTE);
  assertEquals([await client.json(URL_A, { cache: "only-if-cached" }), network.sent.length], [{ nth: 1 }, 1]);
});

test("cache: 'force-cache' uses an entry of any age, and sends a request without one", async () => {
  for (const control of ["max-age=1", "no-cache", "max-age=1, must-revalidate"]) {
    const { client, clock, network } = cacheRig(counting(control, { etag: '"1"' }));
    assertEquals(await client.json(URL_A, { cache: "force-cache" }), { nth: 1 });
    await clock.advance(86_400_000);
    const [outcome] = await client.settle([URL_A], { cache: "force-cache" });
    assert(outcome?.ok);
    assertEquals([outcome.value, outcome.from, network.sent.length], [{ nth: 1 }, "stale", 1], control);
  }
});

test("cache: 'reload' sends no condition, stores the answer, and keeps the other variants", async () => {
  const { client, network } = cacheRig(({ nth, headers }) => ({
    json: [headers.get("accept-language"), nth],
    headers: { "cache-control": "max-age=60", vary: "accept-language", etag: `"${nth}"` },
  }));
  const ask = (language: string, cache?: "reload") =>
    client.json(URL_A, { headers: { "accept-language": language }, cache });
  await ask("de");
  await ask("fr");
  assertEquals(await ask("fr", "reload"), ["fr", 3]);
  assertEquals(network.sent[2]?.headers.get("if-none-match"), null);
  assertEquals([await ask("de"), await ask("fr")], [["de", 1], ["fr", 3]]);
  assertEquals(network.sent.length, 3);
});

test("cache: 'no-cache' validates a fresh entry, and tells caches on the way to do so, in both modes", async () => {
  for (const mode of ["http", "ttl"] as const) {
    const { client, network } = cacheRig(tagged("max-age=60"), { plan: { mode } });
    assertEquals(await client.json(URL_A), { nth: 1 });
    assertEquals(await client.json(URL_A, { cache: "no-cache" }), { nth: 1 });
    assertEquals(network.sent.map(({ headers }) => headers.get("if-none-match")), [null, '"v1"'], mode);
    assertEquals(network.sent[1]?.headers.get("cache-control"), "max-age=0", mode);
    assertEquals(await (await client.fetch(URL_A, { cache: "no-cache" })).json(), { nth: 1 });
    await client.json(URL_A);
    assertEquals(network.sent.length, 3, mode);
  }
});

test("cache: 'reload' tells caches on the way to let it through, in both modes, unless the caller sets cache-control", async () => {
  for (const mode of ["http", "ttl"] as const) {
    const { client, network } = cacheRig(tagged("max-age=60"), { plan: { mode } });
    await client.json(URL_A);
    await client.json(URL_A, { cache: "reload" });
    await (await client.fetch(URL_A, { cache: "reload" })).body?.cancel();
    await client.json(URL_A, { cache: "reload", headers: { pragma: "own" } });
    await client.json(URL_A, { cache: "reload", headers: { "cache-control": "max-age=5" } });
    const told = network.sent.map(({ headers }) => [headers.get("cache-control"), headers.get("pragma")]);
    assertEquals(told, [
      [null, null],
      ["no-cache", "no-cache"],
      ["no-cache", "no-cache"],
      ["no-cache", "own"],
      ["max-age=5", null],
    ], mode);
  }
});

test("A request with `integrity` is not answered with an entry that was not checked against it", async () => {
  for (const mode of ["http", "ttl"] as const) {
    const { client, network } = cacheRig(counting("max-age=60"), { plan: { mode } });
    const read = async (input: string | Request, init: RequestInit = {}) =>
      await (await client.fetch(input, init)).text();
    const integrity = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    assertEquals(await read(URL_A), '{"nth":1}');
    assertEquals(await read(URL_A, { integrity }), '{"nth":2}', mode);
    assertEquals(await read(URL_A, { integrity: "" }), '{"nth":1}', mode);
    assertEquals(network.sent.map(({ init }) => init.integrity), [undefined, integrity], mode);
  }
});

test("readCache: false and writeCache: false also hold by the rules of HTTP", async () => {
  const { client } = cacheRig(counting("max-age=60"));
  assertEquals(await client.json(URL_A, { writeCache: false }), { nth: 1 });
  assertEquals(await client.json(URL_A), { nth: 2 });
  assertEquals(await client.json(URL_A, { readCache: false, writeCache: false }), { nth: 3 });
  assertEquals(await client.json(URL_A, { writeCache: false }), { nth: 2 });
  assertEquals(await client.json(URL_A, { readCache: false }), { nth: 4 });
  assertEquals(await client.json(URL_A), { nth: 4 });
});

test("writeCache: false validates and answers, but changes no entry", async () => {
  const { client, clock, cache } = cacheRig(tagged("max-age=60"));
  await client.json(URL_A);
  const { storedAt } = cache.only.meta;
  await clock.advance(MINUTE);
  assertEquals(await client.json(URL_A, { writeCache: false }), { nth: 1 });
  await turns(clock);
  assertEquals(cache.only.meta.storedAt, storedAt);
});

test("mode http: maxBodyBytes also bounds hits", async () => {
  const { client } = cacheRig(() => ({ body: "0123456789", headers: { "cache-control": "max-age=60" } }));
  await client.text(URL_A);
  const error = await rejection(client.text(URL_A, { maxBodyBytes: 5 }));
  assertInstanceOf(error, InvalidDataError);
  assertEquals([error.reason, await client.text(URL_A, { maxBodyBytes: 10 })], ["too-large", "0123456789"]);
});

test("mode http: a HEAD is neither answered by a GET's entry nor changes it", async () => {
  const { client, cache, network } = cacheRig(({ method, nth }) =>
    method === "HEAD"
      ? { headers: { "cache-control": "max-age=60", etag: '"head"' } }
      : { json: nth, headers: { "cache-control": "max-age=60", etag: '"get"' } }
  );
  await client.json(URL_A);
  const entry = cache.only;
  await client.fetch(URL_A, { method: "HEAD" });
  assertStrictEquals(cache.only, entry);
  assertEquals([await client.json(URL_A), network.sent.length], [1, 2]);
});

test("mode http: a Range is cut from a whole stored body, and is never stored itself", async () => {
  const whole = "0123456789";
  const { client, cache, network } = cacheRig(({ headers }) =>
    headers.has("range")
      ? {
        status: 206,
        body: "01",
        headers: { "cache-control": "max-age=60", "content-range": "bytes 0-1/10" },
      }
      : { body: whole, headers: { "cache-control": "max-age=60" } }
  );
  const ask = (range: string) => client.fetch(URL_A, { headers: { range } });
  assertEquals(await (await ask("bytes=0-1")).text(), "01");
  assertEquals([cache.entries.size, await client.text(URL_A)], [0, whole]);
  const part = await ask("bytes=2-4");
  assertEquals([part.status, part.headers.get("content-range"), part.headers.get("content-length")], [
    206,
    "bytes 2-4/10",
    "3",
  ]);
  assertEquals([await part.text(), network.sent.length], ["234", 2]);
  assertEquals(await client.text(URL_A, { headers: { range: "bytes=-3" } }), "789");
  assertEquals([await client.text(URL_A), network.sent.length, cache.entries.size], [whole, 2, 1]);
  // The server must answer a Range that can't be cut from the entry.
  await (await ask("bytes=50-60")).text();
  assertEquals(network.sent.length, 3);
});

test("mode http: a Range of a stale entry is sent without a condition, and leaves the entry alone", async () => {
  const { client, clock, cache, network } = cacheRig(({ headers }) =>
    headers.has("range")
      ? { status: 206, body: "01", headers: { "content-range": "bytes 0-1/10" } }
      : { body: "0123456789", headers: { "cache-control": "max-age=60", etag: '"1"' } }
  );
  await client.text(URL_A);
  const entry = cache.only;
  await clock.advance(MINUTE);
  assertEquals(await client.text(URL_A, { headers: { range: "bytes=0-1" } }), "01");
  await turns(clock);
  assertEquals(network.sent[1]?.headers.get("if-none-match"), null);
  assertStrictEquals(cache.only, entry);
});

// ---- variants

test("Vary: variants are stored side by side, also the one without the header", async () => {
  const { client, network } = cacheRig(({ headers }) => ({
    json: headers.get("accept-language"),
    headers: { "cache-control": "max-age=60", vary: " Accept-Language ,, accept-language" },
  }));
  const ask = (language?: string) =>
    client.json(URL_A, { headers: language === undefined ? {} : { "accept-language": language } });
  for (let round = 0; round < 2; round++) {
    assertEquals([await ask("de"), await ask("fr"), await ask()], ["de", "fr", null]);
  }
  assertEquals([await ask("DE"), network.sent.length], ["de", 3]);
});

test("Vary: a response with Vary: * is not stored", async () => {
  const { client, cache } = cacheRig(counting("max-age=60", { vary: "*" }));
  await client.json(URL_A);
  await client.json(URL_A);
  assertEquals(cache.entries.size, 0);
});

test("Vary: a 304 keeps its variant, and the other variants", async () => {
  const { client, clock, network } = cacheRig(({ headers }) => {
    const language = headers.get("accept-language");
    const common = { "cache-control": "max-age=60", vary: "accept-language", etag: `"${language}"` };
    return headers.get("if-none-match") === `"${language}"`
      ? { status: 304, headers: { "cache-control": "max-age=60" } }
      : { json: language, headers: common };
  });
  const ask = (language: string) => client.json(URL_A, { headers: { "accept-language": language } });
  await ask("de");
  await ask("fr");
  await clock.advance(MINUTE);
  assertEquals([await ask("de"), network.sent[2]?.headers.get("accept-language")], ["de", "de"]);
  assertEquals([await ask("fr"), await ask("de"), await ask("fr")], ["fr", "de", "fr"]);
  assertEquals(network.sent.map(({ headers }) => headers.get("if-none-match")), [null, null, '"de"', '"fr"']);
});

test("Vary: another client on the same cache finds the variants", async () => {
  const cache = new RecordingCache();
  const answer = ({ headers }: SentRequest): Answer => ({
    json: headers.get("accept-language"),
    headers: { "cache-control": "max-age=60", vary: "accept-language" },
  });
  const one = cacheRig(answer, { plan: { adapter: cache }, headers: { "accept-language": "de" } });
  const two = cacheRig(answer, { plan: { adapter: cache }, headers: { "accept-language": "fr" } });
  assertEquals([await one.client.json(URL_A), await two.client.json(URL_A)], ["de", "fr"]);
  assertEquals([await one.client.json(URL_A), await two.client.json(URL_A)], ["de", "fr"]);
  assertEquals([one.network.sent.length, two.network.sent.length], [1, 1]);
});

test("Vary: an index does not grow for ever with the names in Vary", async () => {
  const { client, cache, network } = cacheRig(({ nth }) => ({
    json: { nth },
    headers: { "cache-control": "max-age=60", vary: `x-${nth}` },
  }));
  let names = 0;
  for (let nth = 1; nth <= 100; nth++) {
    const headers = { [`x-${nth}`]: "1" };
    assertEquals(await client.json(URL_A, { headers }), { nth });
    assertEquals(await client.json(URL_A, { headers }), { nth });
    names = Math.max(names, ...[...cache.entries.values()].map(({ meta }) => meta.vary.length));
  }
  assert(names > 1 && names <= 32, `${names} names`);
  assertEquals(network.sent.length, 100);
});

// ---- changes

test("A change removes the entry of its URL, and those that its answer names at the same origin", async () => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "FROB"]) {
    const { client, network } = cacheRig(({ method, nth }) =>
      method === "GET" ? { json: nth, headers: { "cache-control": "max-age=60" } } : {
        status: 201,
        json: null,
        headers: { location: "/b.json", "content-location": "https://other.test/c" },
      }
    );
    for (const url of [URL_A, URL_B, "https://other.test/c", "https://a.test/d"]) await client.json(url);
    await client.json({ url: URL_A, method });
    for (const url of [URL_A, URL_B, "https://other.test/c", "https://a.test/d"]) await client.json(url);
    assertEquals(network.urls.slice(5), [URL_A, URL_B], method);
  }
});

test("A safe method, and a change that fails, remove nothing", async () => {
  for (const [method, status] of [["OPTIONS", 200], ["HEAD", 200], ["POST", 400], ["POST", 500]] as const) {
    const { client, network } = cacheRig((sent) =>
      sent.method === "GET" ? { json: 1, headers: { "cache-control": "max-age=60" } } : { status, json: 1 }
    );
    await client.json(URL_A);
    await client.text({ url: URL_A, method }).catch(() => {});
    await client.json(URL_A);
    assertEquals(network.sent.length, 2, `${method} ${status}`);
  }
});

test("A change by client.fetch() removes too, before its body is read", async () => {
  const { client, network } = cacheRig(({ method }) =>
    method === "GET" ? { json: 1, headers: { "cache-control": "max-age=60" } } : { body: "done" }
  );
  await client.json(URL_A);
  const response = await client.fetch(URL_A, { method: "PUT", body: "x" });
  await client.json(URL_A);
  assertEquals([network.sent.length, await response.text()], [3, "done"]);
});

test("A change removes all variants, also for another client on the same cache", async () => {
  const cache = new RecordingCache();
  const answer = ({ method, nth, headers }: SentRequest): Answer =>
    method === "GET"
      ? { json: [headers.get("x-kind"), nth], headers: { "cache-control": "max-age=60", vary: "x-kind" } }
      : { json: null };
  const one = cacheRig(answer, { plan: { adapter: cache } });
  const two = cacheRig(answer, { plan: { adapter: cache } });
  const ask = ({ client }: typeof one, kind: string) => client.json(URL_A, { headers: { "x-kind": kind } });
  await ask(one, "a");
  await ask(one, "b");
  assertEquals(await ask(two, "b"), ["b", 2]);
  await one.client.json({ url: URL_A, method: "DELETE" });
  await turns(one.clock);
  assertEquals(await ask(two, "b"), ["b", 1]);
  assertEquals(await ask(two, "a"), ["a", 2]);
  assertEquals([await ask(one, "b"), one.network.sent.length], [["b", 1], 3]);
});

test("The answer to a request from before a change is not stored", async () => {
  const { client, clock } = cacheRig(({ method, nth }) =>
    method === "GET"
      ? {
        json: nth === 1 ? "old" : "new",
        afterMs: nth === 1 ? 100 : 0,
        headers: { "cache-control": "max-age=60" },
      }
      : { json: null, afterMs: 10 }
  );
  const early = client.json(URL_A);
  await clock.advance(0);
  await clock.run(client.json({ url: URL_A, method: "PUT" }));
  assertEquals(await clock.run(early), "old");
  await turns(clock);
  assertEquals(await clock.run(client.json(URL_A)), "new");
});

test("The answer to a request from before a change by a client with a list of the same tiers is not stored", async () => {
  for (
    const listsOf of [(tiers: CacheAdapter[]) => [...tiers], (tiers: CacheAdapter[]) => tieredCache(tiers)]
  ) {
    const tiers = [memoryCache(), new RecordingCache()];
    const reader = cacheRig(({ nth }) => ({
      json: nth === 1 ? "old" : "new",
      afterMs: nth === 1 ? 100 : 0,
      headers: { "cache-control": "max-age=60" },
    }), { plan: { adapter: listsOf(tiers) } });
    const { client, clock } = reader;
    const changer = cacheRig(() => ({ json: null }), { plan: { adapter: tiers }, manualClock: clock });
    const early = client.json(URL_A);
    await clock.advance(0);
    await clock.run(changer.client.json({ url: URL_A, method: "PUT" }));
    assertEquals(await clock.run(early), "old");
    await turns(clock);
    assertEquals(await clock.run(client.json(URL_A)), "new");
  }
});

test("A response that client.fetch() was reading during a change is not stored", async () => {
  const { client, clock } = cacheRig(({ method, nth }) =>
    method === "GET"
      ? { body: nth === 1 ? "old!" : "new!", bodyMs: 10, headers: { "cache-control": "max-age=60" } }
      : { json: null }
  );
  const early = await client.fetch(URL_A);
  await client.json({ url: URL_A, method: "PUT" });
  assertEquals(await clock.run(early.text()), "old!");
  await turns(clock);
  assertEquals(await clock.run(client.text(URL_A)), "new!");
});

/** Pairs of spellings of one URL. */
const SPELLINGS: readonly (readonly [string, string | URL])[] = [
  ["https://a.test/ü", new URL("https://a.test/ü")],
  ["https://a.test/ü?q=é", "https://a.test/%C3%BC?q=%C3%A9"],
  ["https://a.test", "https://a.test/"],
  ["https://a.test?q", "https://a.test/?q"],
  ["https://A.TEST/x", "https://a.test/x"],
  ["https://a.test:443/x", "https://a.test/x"],
  ["https://a.test/b/../a", "https://a.test/a"],
  ["https://a.test/./a", new URL("https://a.test/a#part")],
];

test("Spellings of one URL share one entry, in both modes", async () => {
  const wrong: string[] = [];
  for (const mode of ["http", "ttl"] as const) {
    for (const pair of SPELLINGS) {
      for (const [one, other] of [pair, [pair[1], pair[0]]] as const) {
        const { client, cache, network } = cacheRig(counting("max-age=60"), { plan: { mode } });
        await client.json(one);
        await client.json(other);
        await (await client.fetch(other)).json();
        if (cache.entries.size !== 1 || network.sent.length !== 1) wrong.push(`${mode} ${one} ${other}`);
      }
    }
  }
  assertEquals(wrong, []);
});

test("A change removes the entry of its URL, however either URL is spelled", async () => {
  const wrong: string[] = [];
  for (const pair of SPELLINGS) {
    for (const [asked, changed] of [pair, [pair[1], pair[0]]] as const) {
      const { client, network } = cacheRig(({ method }) =>
        method === "GET" ? { json: 1, headers: { "cache-control": "max-age=60" } } : { json: null }
      );
      await client.json(asked);
      await client.json({ url: changed, method: "PUT" });
      await client.json(asked);
      await (await client.fetch(changed, { method: "PUT" })).text();
      await client.json(asked);
      if (network.sent.length !== 5) wrong.push(`${asked} ${changed}`);
    }
  }
  assertEquals(wrong, []);
});

test("A change removes the entry that its Location names, however that is spelled", async () => {
  const wrong: string[] = [];
  const cases: readonly (readonly [string, string])[] = [
    ["https://a.test/a b", "/a b"],
    ["https://a.test/a%20b", "/a b"],
    ["https://a.test/items/é", "/items/é"],
    ["https://a.test/items/%C3%A9", "/items/é"],
    ["https://a.test/items/é", "https://A.test:443/items/%C3%A9"],
    ["https://a.test/items/5", "items/x/../5#part"],
  ];
  for (const [asked, location] of cases) {
    const { client, network } = cacheRig(({ method }) =>
      method === "GET"
        ? { json: 1, headers: { "cache-control": "max-age=60" } }
        : { json: null, headers: { location } }
    );
    await client.json(asked);
    await client.json({ url: "https://a.test/items", method: "POST" });
    await client.json(asked);
    if (network.sent.length !== 3) wrong.push(`${asked} ${location}`);
  }
  assertEquals(wrong, []);
});

// ---- credentials and partitions

/** Records everything that an adapter is given. */
class Witness extends RecordingCache {
  readonly heard: string[] = [];

  override get(key: string): ReturnType<RecordingCache["get"]> {
    this.heard.push(key);
    return super.get(key);
  }

  override set(key: string, entry: CacheEntry): ReturnType<RecordingCache["set"]> {
    this.heard.push(key, JSON.stringify(entry.meta), new TextDecoder("latin1").decode(entry.body));
    return super.set(key, entry);
  }

  override delete(key: string): ReturnType<RecordingCache["delete"]> {
    this.heard.push(key);
    return super.delete(key);
  }
}

test("Credentials: Bob never gets Alice's answer, and by default no answer to either is stored", async () => {
  for (const name of ["authorization", "cookie", "proxy-authorization", "x-api-key"]) {
    for (const control of ["max-age=60", "public, max-age=60", "max-age=60, must-revalidate"]) {
      const { client, cache } = cacheRig(({ headers }) => ({
        json: headers.get(name),
        headers: { "cache-control": control },
      }));
      const ask = (value: string) => client.json(URL_A, { headers: { [name]: value } });
      assertEquals([await ask("alice"), await ask("bob"), cache.entries.size], ["alice", "bob", 0]);
      assertEquals([await client.json(URL_A), await ask("bob")], [null, "bob"]);
    }
  }
});

test("Credentials: a partition keeps its answers to itself, and no credential reaches the adapter", async () => {
  const cache = new Witness();
  const seen: PartitionRequest[] = [];
  const { client, network } = cacheRig(({ headers, nth }) => ({
    json: nth,
    headers: {
      "cache-control": "max-age=60",
      vary: "authorization",
      etag: `"${nth}"`,
      "set-cookie": `session=${headers.get("cookie")}`,
    },
  }), {
    plan: {
      adapter: cache,
      partition: (request) => {
        seen.push(request);
        return request.headers["authorization"] ?? "";
      },
    },
  });
  const ask = (who: string) =>
    client.json(URL_A, { headers: { authorization: `Bearer ${who}-secret`, cookie: `sid=${who}-cookie` } });
  assertEquals([await ask("alice"), await ask("bob"), await ask("alice"), await ask("bob")], [1, 2, 1, 2]);
  assertEquals(await client.json(URL_A), 3);
  await client.json({ url: URL_A, method: "DELETE", headers: { authorization: "Bearer alice-secret" } });
  assertEquals([await ask("bob"), await ask("alice"), await ask("bob")], [5, 6, 5]);
  assertEquals(network.sent.length, 6);
  assertEquals([seen[0]?.url, seen[0]?.headers["authorization"]], [URL_A, "Bearer alice-secret"]);
  assertEquals(cache.heard.filter((text) => /secret|-cookie|Bearer|QWxp/.test(text)), []);
});

test("Credentials: in mode ttl, too, a partition keeps answers apart and secrets out", async () => {
  const cache = new Witness();
  const { client } = cacheRig(({ nth }) => ({ json: nth }), {
    plan: { adapter: cache, mode: "ttl", partition: ({ headers }) => headers["cookie"] ?? null },
  });
  const ask = (who: string) => client.json(URL_A, { headers: { cookie: `${who}-secret` } });
  assertEquals([await ask("alice"), await ask("bob"), await ask("alice"), await ask("bob")], [1, 2, 1, 2]);
  assertEquals([await client.json(URL_A), await client.json(URL_A)], [3, 4]);
  assertEquals(cache.heard.filter((text) => text.includes("secret")), []);
});

test("Credentials: those in the URL of a redirect are not stored anywhere", async () => {
  const cache = new Witness();
  const client = createClient({
    cache: planOf({ adapter: cache }),
    clock: new ManualClock(),
    fetch: () => Promise.resolve(from("https://alice:s3cret@b.test/x", new Response("[1]"))),
  });
  assertEquals([await client.json(URL_A), await client.json(URL_A)], [[1], [1]]);
  assertEquals(cache.entries.size, 1);
  assertEquals(cache.heard.filter((text) => /alice|s3cret/.test(text)), []);
  assertEquals((await client.fetch(URL_A)).url.includes("s3cret"), false);
});

test("Credentials: a partition function that throws, or gives no text, bypasses the cache, with one warning", async () => {
  const unknown = () => {
    throw new Error("who?");
  };
  for (const partition of [unknown, (() => 5) as unknown as () => string]) {
    const { client, cache, warnings } = cacheRig(counting("max-age=60"), { plan: { partition } });
    assertEquals([await client.json(URL_A), await client.json(URL_A)], [{ nth: 1 }, { nth: 2 }]);
    assertEquals([warnings.length, cache.entries.size], [1, 0]);
  }
});

// ---- changes while bodies are read

test("invalidation: a change that was answered changes nothing more when its body is aborted later", async () => {
  const { client, clock, network } = cacheRig(({ nth }) => ({
    json: { nth },
    headers: { "cache-control": "max-age=60" },
  }));
  const controller = new AbortController();
  const changed = await client.fetch(URL_A, { method: "PUT", body: "x", signal: controller.signal });
  assertEquals(await client.json(URL_A), { nth: 2 });
  await turns(clock);
  controller.abort("enough");
  assertEquals(await rejection(changed.text()), "enough");
  await turns(clock);
  assertEquals([await client.json(URL_A), network.sent.length], [{ nth: 2 }, 2]);
});

// ---- negative caching

test("negative: 404 and 410 are kept as `negative` says, in both modes, and give the same error and body", async () => {
  for (const mode of ["http", "ttl"] as const) {
    for (const status of [404, 410] as const) {
      const { client, clock, network } = cacheRig(() => ({ status, body: "gone fishing" }), {
        plan: { mode, negative: { [status]: 1_000 } },
      });
      assertInstanceOf(await rejection(client.json(URL_A)), DataNotFoundError);
      await turns(clock);
      const error = await rejection(client.json(URL_A));
      assertInstanceOf(error, DataNotFoundError);
      assertEquals([error.status, error.body], [status, "gone fishing"]);
      assert(error.message.includes("from the cache"), error.message);
      const response = await client.fetch(URL_A);
      assertEquals([response.status, await response.text()], [status, "gone fishing"]);
      assertEquals(network.sent.length, 1, mode);
      await clock.advance(1_000);
      await rejection(client.json(URL_A));
      assertEquals(network.sent.length, 2, mode);
    }
  }
});

test("negative: a file that appears with an older date than the 404 had is found", async () => {
  const older = "Wed, 01 Jan 2025 00:00:00 GMT";
  for (const mode of ["http", "ttl"] as const) {
    for (const status of [404, 410] as const) {
      const plan = { mode, ttlMs: 1_000, negative: { [status]: 1_000 } };
      const { client, clock, network } = cacheRig(({ nth, headers }) => {
        if (nth === 1) return { status, headers: { "last-modified": "Wed, 31 Dec 2025 00:00:00 GMT" } };
        // As a server decides that has the file by now.
        const since = Date.parse(headers.get("if-modified-since") ?? "");
        return since >= Date.parse(older)
          ? { status: 304 }
          : { json: { nth }, headers: { "last-modified": older } };
      }, { plan });
      assertInstanceOf(await rejection(client.json(URL_A)), DataNotFoundError);
      await clock.advance(1_000);
      assertEquals(await client.json(URL_A), { nth: 2 });
      assertEquals(network.sent.length, 2, mode);
    }
  }
});

test("negative: client.fetch() keeps a 404 whose body was read, and gives it whole", async () => {
  for (const mode of ["http", "ttl"] as const) {
    const { client, clock, network } = cacheRig(() => ({ status: 404, body: "x".repeat(100_000) }), {
      plan: { mode, negative: { 404: 1_000 } },
    });
    assertEquals((await (await client.fetch(URL_A)).text()).length, 100_000);
    await turns(clock);
    assertEquals((await (await client.fetch(URL_A)).text()).length, 100_000);
    const error = await rejection(client.json(URL_A));
    assertInstanceOf(error, DataNotFoundError);
    // The error needs an excerpt only.
    assertEquals([error.body?.replaceAll("x", ""), error.body!.length < 10_000], ["", true]);
    assertEquals(network.sent.length, 1);
  }
});

test("negative: without it, only the server's cache-control keeps a 404 in mode http, and nothing in mode ttl", async () => {
  for (
    const [mode, headers, calls] of [
      ["http", { "cache-control": "max-age=60" }, 1],
      ["http", {}, 2],
      ["ttl", { "cache-control": "max-age=60" }, 2],
    ] as const
  ) {
    const { client, clock, network } = cacheRig(() => ({ status: 404, headers }), { plan: { mode } });
    await rejection(client.json(URL_A));
    await turns(clock);
    await rejection(client.json(URL_A));
    assertEquals(network.sent.length, calls, mode);
  }
});

// ---- tiers, offline, a fixed time to live

test("An adapter without maxEntryBytes is offered entries of any size", async () => {
  const { maxEntryBytes: _, ...adapter } = adapterWith({});
  const body = "x".repeat(5_000_000);
  for (const mode of ["http", "ttl"] as const) {
    const { client, clock, network } = cacheRig(
      () => ({ body, headers: { "cache-control": "max-age=60" } }),
      {
        plan: { adapter: adapter as CacheAdapter, mode },
      },
    );
    for (let round = 0; round < 2; round++) {
      assertEquals((await client.text(URL_A)).length, body.length);
      assertEquals((await (await client.fetch(URL_B)).text()).length, body.length);
      await turns(clock);
    }
    assertEquals(network.urls, [URL_A, URL_B], mode);
  }
});

test("An array of adapters is tiers: a hit in a slower one is copied to the faster, without a wait", async () => {
  const [fast, slow] = [new RecordingCache(), new RecordingCache()];
  const filler = cacheRig(counting("max-age=60"), { plan: { adapter: slow } });
  await filler.client.json(URL_A);
  const { client, network, clock } = cacheRig(counting("max-age=60"), { plan: { adapter: [fast, slow] } });
  assertEquals(await client.json(URL_A), { nth: 1 });
  await turns(clock);
  assertEquals([fast.entries.size, network.sent.length], [1, 0]);
  slow.entries.clear();
  assertEquals([await client.json(URL_A), network.sent.length], [{ nth: 1 }, 0]);
});

test("A failing tier causes a warning with its name, once per operation, and the others serve", async () => {
  const fail = () => {
    throw new Error("disk full");
  };
  const bad = adapterWith({ get: fail, set: fail, delete: fail }, "bad");
  const good = adapterWith({}, "good");
  const { client, network, warnings } = cacheRig(counting("max-age=60"), { plan: { adapter: [bad, good] } });
  for (let round = 0; round < 3; round++) {
    assertEquals(await client.json(URL_A), { nth: 1 });
    assertEquals(await client.json(URL_B), { nth: 1 });
  }
  assertEquals(network.sent.length, 2);
  const messages = warnings.map(({ message }) => message).sort();
  assertEquals(messages.map((message) => message.split(" ").slice(2, 6).join(" ")), [
    "'bad' failed to delete;",
    "'bad' failed to get;",
    "'bad' failed to set;",
  ]);
});

test("A tier that returns another key's entry, or an unusable one, is passed over, whether it answers at once or not", async () => {
  const lies: Record<string, (entry: CacheEntry) => unknown> = {
    "another key's": (entry) => ({ ...entry, meta: { ...entry.meta, key: `${entry.meta.key}?` } }),
    "another version": (entry) => ({ ...entry, meta: { ...entry.meta, v: 2 } }),
    "no status": (entry) => ({ ...entry, meta: { ...entry.meta, status: 42 } }),
    "headers that there can't be": (entry) => ({ ...entry, meta: { ...entry.meta, headers: [["a b", ""]] } }),
    "no metadata": ({ body }) => ({ body }),
    "null": () => null,
  };
  for (const [name, lie] of Object.entries(lies)) {
    for (const isAsync of [false, true]) {
      const inner = new RecordingCache();
      const read = (key: string) => {
        const entry = inner.entries.get(key);
        return entry && lie(entry) as CacheEntry;
      };
      const get = (key: string) => isAsync ? Promise.resolve(read(key)) : read(key);
      const bad = adapterWith({ get, set: (key, entry) => inner.set(key, entry) }, "bad");
      const { client, network } = cacheRig(counting("max-age=60"), {
        plan: { adapter: [bad, adapterWith({}, "good")] },
      });
      for (let round = 0; round < 3; round++) {
        assertEquals([await client.json(URL_A), await client.json(URL_B)], [{ nth: 1 }, { nth: 1 }], name);
      }
      assertEquals([inner.entries.size, network.sent.length], [2, 2], name);
    }
  }
});

test("Offline, stored entries answer at any age, by the rules of HTTP too; the rest is an OfflineError", async () => {
  const cache = new RecordingCache();
  const clock = new ManualClock();
  const answer = ({ headers }: SentRequest): Answer => ({
    json: headers.get("x-kind"),
    headers: { "cache-control": "max-age=1, must-revalidate", vary: "x-kind", etag: '"1"' },
  });
  const online = cacheRig(answer, { manualClock: clock, plan: { adapter: cache } });
  await online.client.json(URL_A, { headers: { "x-kind": "a" } });
  await clock.advance(86_400_000);
  const { client, network } = cacheRig(answer, {
    manualClock: clock,
    plan: { adapter: cache },
    offline: true,
  });
  const [outcome] = await client.settle([{ url: URL_A, headers: { "x-kind": "a" } }]);
  assert(outcome?.ok);
  assertEquals([outcome.value, outcome.from], ["a", "stale"]);
  assertInstanceOf(await rejection(client.json(URL_A, { headers: { "x-kind": "b" } })), OfflineError);
  assertInstanceOf(await rejection(client.json({ url: URL_A, method: "DELETE" })), OfflineError);
  assertInstanceOf(await rejection(client.json(URL_B)), OfflineError);
  assertEquals(network.sent.length, 0);
});

test("mode ttl: an expired entry is validated by its tag, and is then fresh for as long again", async () => {
  const { client, clock, network } = cacheRig(tagged("no-cache"), { plan: { mode: "ttl", ttlMs: 1_000 } });
  assertEquals(await client.json(URL_A), { nth: 1 });
  await clock.advance(1_000);
  assertEquals(await client.json(URL_A), { nth: 1 });
  await clock.advance(999);
  assertEquals(await client.json(URL_A), { nth: 1 });
  assertEquals(network.sent.map(({ headers }) => headers.get("if-none-match")), [null, '"v1"']);
});

test("mode ttl: ttlMs is called with the URL and the response", async () => {
  const seen: unknown[] = [];
  const { client, cache } = cacheRig(() => ({ json: 1, headers: { "x-live": "yes" } }), {
    plan: {
      mode: "ttl",
      ttlMs: (url, { status, headers }) => {
        seen.push([url instanceof URL, url.href, status, headers.get("x-live")]);
        return headers.get("x-live") === "yes" ? 0 : Infinity;
      },
    },
  });
  await client.json(`${URL_A}?x=1`);
  assertEquals([seen, cache.entries.size], [[[true, `${URL_A}?x=1`, 200, "yes"]], 0]);
});

test("mode ttl: staleIfErrorMs answers for a failure within its window, and not after", async () => {
  let isDown = false;
  const { client, clock } = cacheRig(({ nth }) => isDown ? { status: 503 } : { json: nth }, {
    plan: { mode: "ttl", ttlMs: 1_000, staleIfErrorMs: 5_000 },
  });
  await client.json(URL_A);
  isDown = true;
  await clock.advance(5_999);
  const [outcome] = await client.settle([URL_A]);
  assert(outcome?.ok);
  assertEquals([outcome.value, outcome.from], [1, "stale"]);
  await clock.advance(1);
  assertInstanceOf(await rejection(client.json(URL_A)), HttpError);
});

test("stale-while-revalidate: refreshes go behind requests that have a caller, and are not held up for ever", async () => {
  const control = "max-age=1, stale-while-revalidate=1000000";
  for (const limit of [{ rateLimit: { limit: 1, intervalMs: 60_000, burst: 21 } }, { concurrency: 1 }]) {
    for (const priority of [0, 3, -2]) {
      const { client, clock, network } = cacheRig(
        ({ nth }) => ({ json: nth, headers: { "cache-control": control }, afterMs: 100 }),
        limit,
      );
      const urls = Array.from({ length: 20 }, (_, nth) => `${URL_A}?${nth}`);
      await clock.run(client.all(urls, { priority }));
      await clock.advance(2_000);
      // It takes the last token, or the only permit.
      const first = client.json(`${URL_B}?first`);
      await turns(clock);
      const before = network.sent.length;
      const stale = await Promise.all(urls.map((url) => client.outcome(url, { priority })));
      assertEquals(stale.map((outcome) => outcome.ok && outcome.from), urls.map(() => "stale" as const));
      const others = Array.from({ length: 40 }, (_, nth) => `${URL_B}?${nth}`);
      await clock.run(Promise.all([URL_B, ...others].map((url) => client.json(url, { priority }))));
      await first;
      const sent = network.sent.slice(before).map(({ url }) => url);
      const refreshed = sent.filter((url) => url.startsWith(URL_A)).length;
      assertEquals(
        [sent[0], refreshed > 0, refreshed < 5],
        [URL_B, true, true],
        `${JSON.stringify(limit)}, ${priority}`,
      );
      await clock.run(client.close());
    }
  }
});

test("stale-while-revalidate: a refresh that may not be stored removes the stale entry", async () => {
  const { client, clock, cache } = cacheRig(({ nth }) => ({
    json: { nth },
    headers: { "cache-control": nth === 1 ? "max-age=1, stale-while-revalidate=600" : "no-store" },
  }));
  await client.json(URL_A);
  await clock.advance(2_000);
  assertEquals(await client.json(URL_A), { nth: 1 });
  await turns(clock);
  assertEquals(cache.entries.size, 0);
  assertEquals(await client.json(URL_A), { nth: 3 });
});

test("a 304 answers all calls that wait for it, whatever their limits", async () => {
  const { client, clock, network } = cacheRig((request) => ({
    ...tagged("max-age=60")(request),
    afterMs: 10,
  }));
  await clock.run(client.json(URL_A));
  await clock.advance(61_000);
  const requests = Array.from({ length: 4 }, (_, nth) => ({ url: URL_A, maxBodyBytes: 1_000 + nth }));
  const outcomes = await clock.run(client.settle(requests));
  assertEquals(outcomes.map((outcome) => outcome.ok && outcome.value), Array(4).fill({ nth: 1 }));
  assertEquals(network.sent.length, 2);
});

test("stale-while-revalidate: the directives of the refreshed response count, and nothing stale is served after the window", async () => {
  const swr = "max-age=1, stale-while-revalidate=4";
  const { client, clock, network } = cacheRig(({ nth }) => ({
    json: nth,
    headers: { "cache-control": nth === 2 ? "no-cache" : swr, etag: `"${nth}"` },
  }));
  await client.json(URL_A);
  await clock.advance(3_000);
  assertEquals(await client.json(URL_A), 1);
  await turns(clock);
  assertEquals([network.sent.length, await client.json(URL_A)], [2, 3]);
  await clock.advance(5_000);
  assertEquals(await client.json(URL_A), 4);
  assertEquals(network.sent.map(({ headers }) => headers.get("if-none-match")), [null, '"1"', '"2"', '"3"']);
});

test("mode ttl: staleWhileRevalidateMs gives the old value at once, and then the new one", async () => {
  const { client, clock, network } = cacheRig(({ nth }) => ({ json: nth }), {
    plan: { mode: "ttl", ttlMs: 1_000, staleWhileRevalidateMs: 5_000 },
  });
  await client.json(URL_A);
  await clock.advance(5_999);
  assertEquals(await client.json(URL_A), 1);
  await turns(clock);
  assertEquals([await client.json(URL_A), network.sent.length], [2, 2]);
  await clock.advance(6_000);
  assertEquals(await client.json(URL_A), 3);
});

test("mode ttl: a request's Cache-Control and Pragma count, and select no other entry", async () => {
  const { client, network, cache } = cacheRig(({ nth }) => ({ json: nth }), { plan: { mode: "ttl" } });
  const ask = (headers: Record<string, string>) => client.json(URL_A, { headers });
  const onlyIfCached = { "cache-control": "only-if-cached" };
  assertInstanceOf(await rejection(ask(onlyIfCached)), NetworkError);
  assertEquals([await client.json(URL_A), await ask(onlyIfCached), network.sent.length], [1, 1, 1]);
  assertEquals([await ask({ "cache-control": "no-cache" }), await client.json(URL_A)], [2, 2]);
  assertEquals([await ask({ pragma: "no-cache" }), await client.json(URL_A)], [3, 3]);
  assertEquals([await ask({ "cache-control": "max-age=0" }), await client.json(URL_A)], [4, 4]);
  assertEquals([await ask({ "cache-control": "max-age=60" }), cache.entries.size], [4, 1]);
});

test("mode ttl: a change removes nothing, and Vary is not needed to keep headers apart", async () => {
  const { client, network } = cacheRig(({ headers }) => ({ json: headers.get("x-kind") }), {
    plan: { mode: "ttl" },
  });
  const ask = (kind: string) => client.json(URL_A, { headers: { "x-kind": kind } });
  assertEquals([await ask("a"), await ask("b"), await ask("a")], ["a", "b", "a"]);
  await client.text({ url: URL_A, method: "POST" });
  assertEquals([await ask("b"), network.sent.length], ["b", 3]);
});

test("Mirrors: an entry from one mirror is fresh for all, and whichever mirror answers validates it", async () => {
  let isDown = false;
  const { client, clock, network } = cacheRig(
    (sent) => isDown && sent.url.startsWith("https://a") ? { status: 503 } : tagged("max-age=60")(sent),
    {
      baseUrls: ["https://a.test/x", "https://b.test/y"],
    },
  );
  await client.json("laps.json");
  isDown = true;
  await client.json("laps.json");
  await clock.advance(MINUTE);
  assertEquals(await client.json("laps.json"), { nth: 1 });
  assertEquals(network.sent.map(({ url, headers }) => [url, headers.get("if-none-match")]), [
    ["https://a.test/x/laps.json", null],
    ["https://a.test/x/laps.json", '"v1"'],
    ["https://b.test/y/laps.json", '"v1"'],
  ]);
  await client.json("laps.json");
  assertEquals(network.sent.length, 3);
});

test("Mirrors: a response that varies by a header that differs between them is not stored", async () => {
  for (const [vary, sent] of [["x-lang", 2], ["x-other", 1]] as const) {
    const { client, clock, network } = cacheRig(({ nth }) => ({
      json: { nth },
      headers: { "cache-control": "max-age=600", vary },
    }), {
      baseUrls: [
        { url: "https://a.test", headers: { "x-lang": "de" } },
        { url: "https://b.test", headers: { "x-lang": "en" } },
      ],
      // Without a partition, the headers of a mirror count as credentials.
      plan: { partition: () => "all" },
    });
    await client.json("x");
    await turns(clock);
    await client.json("x");
    assertEquals(network.sent.length, sent, vary);
  }
});

test("Mirrors: a change of a relative URL removes its entry, whichever mirror handled the change", async () => {
  const { client, network } = cacheRig(
    ({ url, method }) =>
      method === "PUT" ? url.startsWith("https://a") ? { status: 503 } : { json: null } : {
        json: 1,
        headers: { "cache-control": "max-age=60" },
      },
    { baseUrls: ["https://a.test", "https://b.test"] },
  );
  await client.json("x");
  await client.json({ url: "x", method: "PUT" });
  await client.json("x");
  assertEquals(network.sent.map(({ method }) => method), ["GET", "PUT", "PUT", "GET"]);
});

test("A read that hangs ends when its caller aborts", async () => {
  const { client, clock } = cacheRig(counting("max-age=60"), {
    plan: { adapter: adapterWith({ get: () => new Promise(() => {}) }) },
  });
  const controller = new AbortController();
  const reason = { my: "reason" };
  const settled = watch(client.json(URL_A, { signal: controller.signal }));
  await turns(clock);
  controller.abort(reason);
  await turns(clock);
  assertStrictEquals(settled.error, reason);
});

test("mode http: a stored body that does not fit the schema is requested again, without a condition", async () => {
  const { client, network } = cacheRig(({ nth, headers }) =>
    headers.has("if-none-match")
      ? { status: 304 }
      : { json: { n: nth === 1 ? "one" : nth }, headers: { "cache-control": "no-cache", etag: '"1"' } }
  );
  await client.json(URL_A);
  assertEquals(await client.json(URL_A, { schema: v.object({ n: v.number() }) }), { n: 3 });
  assertEquals(network.sent.map(({ headers }) => headers.get("if-none-match")), [null, '"1"', null]);
});

// ---- batches

test("a request that waits for another one's answer takes no place in their batch, whatever keeps them from sharing", async () => {
  const pairs: readonly [string, readonly FetchRequest[]][] = [
    ["settings", [{ url: URL_A, maxRetries: 1 }, { url: URL_A, maxRetries: 2 }]],
    ["patience", [{ url: URL_A }, { url: URL_A, patienceMs: 1_000 }]],
    ["neither may be joined", [{ url: URL_A, idempotent: false }, { url: URL_A, idempotent: false }]],
  ];
  for (const [what, pair] of pairs) {
    for (const concurrency of [1, 2]) {
      const { client, clock, network } = cacheRig(counting("max-age=60"), {
        rateLimit: { limit: 1, intervalMs: 1_000, burst: 1, per: "origin" },
      });
      // It takes the only token, so that the next request has to wait.
      await client.json(URL_B);
      const outcomes = await clock.run(client.settle([...pair, URL_B] as FetchRequest[], { concurrency }));
      assertEquals([what, concurrency, outcomes.map(({ ok }) => ok), network.sent.length], [
        what,
        concurrency,
        [true, true, true],
        2,
      ]);
    }
  }
});

test("callers that share a response each get bytes of their own, whether or not it may be stored", async () => {
  for (const control of ["no-store", "max-age=0", "max-age=600"]) {
    for (const step of [0, 1]) {
      const { client, clock } = cacheRig(({ nth }) => ({
        body: new Uint8Array([nth]),
        headers: { "cache-control": control },
        afterMs: 10,
      }));
      const read = async (nth: number) => {
        const bytes = await client.bytes({ url: URL_A, maxBodyBytes: 1_000 + step * nth });
        const [first] = bytes;
        bytes.fill(99);
        return first;
      };
      const firsts = await clock.run(Promise.all(Array.from({ length: 5 }, (_, nth) => read(nth))));
      // A response that must be validated is no answer to a call that came after its request.
      const later = step === 1 && control !== "max-age=600" ? 2 : 1;
      assertEquals(firsts, [1, later, later, later, later], `${control}, ${step}`);
    }
  }
});

test("callers that share a response each get headers of their own, whatever its status and however they share it", async () => {
  const answers: [control: string, first: number, later: number][] = [
    ["no-store", 200, 200],
    ["no-store", 404, 404],
    ["max-age=600", 200, 200],
    ["max-age=600", 404, 404],
    ["max-age=0", 200, 503],
  ];
  for (const [control, first, later] of answers) {
    // Requests that are alike share one request from the beginning; others wait for each other in the cache.
    for (const step of [0, 1]) {
      const { client, clock } = cacheRig(({ nth }) => ({
        status: nth === 1 ? first : later,
        json: nth,
        headers: { "cache-control": control },
        afterMs: 10,
      }), { plan: { staleIfErrorMs: 60_000 } });
      if (later === 503) await clock.run(client.json(URL_A));
      await clock.advance(1);
      const requests = Array.from(
        { length: 5 },
        (_, nth) => ({ url: URL_A, maxBodyBytes: 1_000 + step * nth }),
      );
      const headers = (await clock.run(client.settle(requests))).map((outcome) => {
        if (outcome.ok) return outcome.headers;
        assertInstanceOf(outcome.error, DataNotFoundError);
        return outcome.error.headers!;
      });
      assertEquals(new Set(headers).size, 5, `${control}, ${first}, ${step}`);
      for (const [nth, own] of headers.entries()) {
        assertEquals(
          [own.get("cache-control"), own.has("x-mine")],
          [control, false],
          `${control}, ${step}, ${nth}`,
        );
        own.set("x-mine", "1");
      }
    }
  }
});
