import { assert, assertEquals, assertRejects } from "@std/assert";
import * as v from "valibot";
import { DataNotFoundError, HttpError, InvalidDataError, OfflineError } from "../../mod.ts";
import { type CacheAdapter, type CacheEntry, memoryCache } from "../../src/http_cache/mod.ts";
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
import { rig, URL_A } from "../policies/rig.ts";
import { watch } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { planOf } from "../http_cache/plan_of.ts";

const OK = json({ ok: true });

/** Creates an adapter that stores entries in a map; `members` replaces some of its methods. */
function adapterWith(
  members: Partial<CacheAdapter>,
): CacheAdapter & { readonly entries: Map<string, CacheEntry> } {
  const entries = new Map<string, CacheEntry>();
  return {
    name: "test",
    maxEntryBytes: Infinity,
    get: (key) => entries.get(key),
    set: (key, entry) => {
      entries.set(key, entry);
      return true;
    },
    delete: (key) => entries.delete(key),
    entries,
    ...members,
  };
}

test("cache × error: a failure is not stored, and the next request asks again", async () => {
  const failures: Reply[] = [
    status(400),
    status(404),
    status(410),
    status(500),
    status(204),
    refused(),
    broken(),
    hanging(),
    text("<html>"),
    text("[1"),
  ];
  for (const failure of failures) {
    const adapter = adapterWith({});
    const { client, origin, run } = rig([failure, OK], {
      cache: planOf({ adapter }),
      maxRetries: 0,
      timeoutMs: 100,
    });
    await run(client.json(URL_A).catch(() => {}));
    assertEquals(adapter.entries.size, 0);

    assertEquals(await run(client.json(URL_A)), { ok: true });
    assertEquals([origin.calls, adapter.entries.size], [2, 1]);
  }
});

test("cache × schema: what a schema refuses is not stored", async () => {
  const adapter = adapterWith({});
  const { client, run } = rig([json({ n: "one" }), json({ n: 1 })], { cache: planOf({ adapter }) });
  const schema = v.object({ n: v.number() });
  await assertRejects(() => run(client.json(URL_A, { schema })), InvalidDataError);
  assertEquals(adapter.entries.size, 0);

  assertEquals(await run(client.json(URL_A, { schema })), { n: 1 });
});

test("cache × schema: what the cache holds is validated for whoever asks", async () => {
  const { client, run } = rig([json({ n: "one" }), json({ n: 2 })], { cache: planOf() });
  await run(client.json(URL_A));
  const schema = v.object({ n: v.number() });
  const value = await run(client.json(URL_A, { schema }).catch((error) => error));

  // The client may either request the value again, or report the invalid value. It must not return the old value.
  assert(value instanceof InvalidDataError || value.n === 2, String(value));
});

test("cache × broken adapter: it never breaks a request, and each operation is warned of once", async () => {
  const fail = (): never => {
    throw new Error("disk full");
  };
  const adapters: Partial<CacheAdapter>[] = [
    { get: fail },
    { get: () => Promise.reject(new Error("disk full")) },
    { set: fail },
    { set: () => Promise.reject(new Error("disk full")) },
    { get: fail, set: fail, delete: fail },
    { get: () => ({ meta: null, body: null }) as unknown as CacheEntry },
    { get: () => "nonsense" as unknown as CacheEntry },
    { get: () => null as unknown as CacheEntry },
  ];
  for (const [index, members] of adapters.entries()) {
    const { client, events, run } = rig(OK, { cache: planOf({ adapter: adapterWith(members) }) });
    for (let round = 0; round < 5; round++) {
      assertEquals(await run(client.json(URL_A)), { ok: true }, `${index}`);
    }

    const warnings = events.filter(({ type }) => type === "warning");
    assert(warnings.length <= 2, `${index}: ${warnings.length} warnings`);
    if (index < 5) assert(warnings.length >= 1, `${index}`);
  }
});

test("cache × slow adapter: a store that takes for ever holds nobody up", async () => {
  const { client, clock } = rig(OK, {
    cache: planOf({ adapter: adapterWith({ set: () => new Promise(() => {}) }) }),
    concurrency: 1,
  });
  const requests = [client.json(URL_A), client.json("https://a.test/2")].map(watch);
  await clock.advance(1_000);

  assertEquals(requests.map(({ state }) => state), ["fulfilled", "fulfilled"]);
  assertEquals(client.stats().inFlight, 0);
});

test("cache × concurrency: a look-up holds no permit", async () => {
  const held = Promise.withResolvers<undefined>();
  const adapter = adapterWith({});
  const slow: CacheAdapter = {
    ...adapter,
    get: (key) => adapter.entries.size === 0 ? held.promise : adapter.get(key),
  };
  const { client, clock, origin } = rig(OK, { cache: planOf({ adapter: slow }), concurrency: 1 });
  const waiting = watch(client.json(URL_A));
  const other = watch(client.json("https://a.test/2", { cache: "no-store" }));
  await clock.advance(0);
  assertEquals([waiting.state, other.state, origin.calls], ["pending", "fulfilled", 1]);

  held.resolve(undefined);
  await clock.advance(0);
  assertEquals(waiting.state, "fulfilled");
});

test("cache × abort: nothing is stored of a body whose reader has left", async () => {
  for (const reply of [hanging(), stalled('{"ok":')]) {
    const adapter = adapterWith({});
    const { client, clock, run } = rig([reply, OK], { cache: planOf({ adapter }) });
    const controller = new AbortController();
    const request = watch(client.json(URL_A, { signal: controller.signal }));
    await clock.advance(10);
    controller.abort();
    await clock.advance(1_000);
    assertEquals([request.state, adapter.entries.size], ["rejected", 0]);

    assertEquals(await run(client.json(URL_A)), { ok: true });
  }
});

test("cache × retry: what comes of the last attempt is stored, once", async () => {
  let sets = 0;
  const adapter = adapterWith({});
  const counting = { ...adapter, set: (key: string, entry: CacheEntry) => (sets++, adapter.set(key, entry)) };
  const { client, origin, run } = rig([status(503), broken(), OK], { cache: planOf({ adapter: counting }) });
  await run(client.json(URL_A));
  await run(client.json(URL_A));

  assertEquals([sets, origin.calls], [1, 3]);
});

test("cache × JSON: null, false and 0 are values, and hits", async () => {
  for (const value of [null, false, 0, "", []]) {
    const { client, origin, run } = rig(json(value), { cache: planOf() });
    assertEquals(await run(client.json(URL_A)), value);
    assertEquals(await run(client.json(URL_A)), value);

    assertEquals(origin.calls, 1, JSON.stringify(value));
  }
});

test("cache × changes: who changes what it got changes nobody else's", async () => {
  const { client, run } = rig(json({ laps: [1] }), { cache: planOf() });
  for (let round = 0; round < 3; round++) {
    const value = await run(client.json(URL_A)) as { laps: number[] };
    assertEquals(value.laps, [1]);
    value.laps.push(2);
  }
});

test("cache × forms: JSON, text and bytes of one URL are one entry", async () => {
  const { client, origin, run } = rig(json([1]), { cache: planOf() });
  assertEquals(await run(client.json(URL_A)), [1]);
  assertEquals(await run(client.text(URL_A)), "[1]");
  assertEquals(await run(client.bytes(URL_A)), new TextEncoder().encode("[1]"));

  assertEquals(origin.calls, 1);
});

test("cache × credentials: what was asked for with them is neither stored nor answered from the cache", async () => {
  const names = ["authorization", "cookie", "Authorization", "Private-Token", "apikey", "X-Session-Id"];
  for (const [name, mode] of names.flatMap((name) => [[name, "ttl"], [name, "http"]] as const)) {
    const reply: Reply = (sent) =>
      json(sent.headers.get(name), { headers: { "cache-control": "max-age=100" } })(sent);
    const { client, origin, run } = rig(reply, { cache: planOf({ adapter: adapterWith({}), mode }) });
    const ask = (value: string) => run(client.json({ url: URL_A, headers: { [name]: value } }));

    assertEquals([await ask("alice"), await ask("bob"), await run(client.json(URL_A))], [
      "alice",
      "bob",
      null,
    ]);
    assertEquals(origin.calls, 3);
  }
});

test("cache × no-store: what must not be stored is not", async () => {
  const adapter = adapterWith({});
  const { client, origin, run } = rig(json(1, { headers: { "cache-control": "private, no-store" } }), {
    cache: planOf({ adapter }),
  });
  await run(client.json(URL_A));
  await run(client.json(URL_A));

  assertEquals([origin.calls, adapter.entries.size], [2, 0]);
});

test("cache × methods: only GET is answered from the cache", async () => {
  const { client, origin, run } = rig(OK, { cache: planOf() });
  await run(client.json(URL_A));
  for (const method of ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"]) {
    await run(client.text({ url: URL_A, method }));
  }

  assertEquals(origin.calls, 6);
});

test("cache × single-flight: many that miss at once are one call, and all get a value", async () => {
  const clock = new ManualClock();
  const { client, origin, run } = rig(late(clock, 100, OK), { cache: planOf() }, { clock });
  const values = await run(Promise.all(Array.from({ length: 50 }, () => client.json(URL_A))));

  assertEquals(values, Array(50).fill({ ok: true }));
  assertEquals(origin.calls, 1);
});

test("cache × offline: what is there is answered, and what is not is an OfflineError without a call", async () => {
  const cache = memoryCache();
  const online = rig(OK, { cache: planOf({ adapter: cache }) });
  await online.run(online.client.json(URL_A));
  const { client, origin, run } = rig(OK, { cache: planOf({ adapter: cache }), offline: true });

  assertEquals(await run(client.json(URL_A)), { ok: true });
  await assertRejects(() => run(client.json("https://a.test/other")), OfflineError);
  await assertRejects(() => run(client.json({ url: URL_A, method: "POST" })), OfflineError);
  await assertRejects(() => run(client.fetch("https://a.test/other")), OfflineError);
  assertEquals(origin.calls, 0);
});

test("cache × time to live × error: an entry that is too old is asked for again, and a failure says so", async () => {
  const { client, clock, origin, run } = rig([OK, status(500), json({ ok: "new" })], {
    cache: planOf({ ttlMs: 1_000 }),
    maxRetries: 0,
  });
  await run(client.json(URL_A));
  await clock.advance(999);
  assertEquals(await run(client.json(URL_A)), { ok: true });
  await clock.advance(2);

  await assertRejects(() => run(client.json(URL_A)), HttpError);
  assertEquals(await run(client.json(URL_A)), { ok: "new" });
  assertEquals(origin.calls, 3);
});

test("cache × mirrors: a relative URL is found again, whichever mirror had brought it", async () => {
  const { client, origin, run } = rig([refused(), OK], {
    cache: planOf(),
    baseUrls: ["https://a.test", "https://b.test"],
  });
  await run(client.json("x.json"));
  await run(client.json("x.json"));

  assertEquals(origin.calls, 2);
});

test("cache × fetch: a response without a body is stored, too", async () => {
  for (const empty of [null, ""]) {
    const { client, origin, run } = rig(text(empty, { headers: { "content-length": "0" } }), {
      cache: planOf(),
    });
    for (let time = 0; time < 2; time++) {
      assertEquals(await run((await run(client.fetch(URL_A))).text()), "");
    }
    assertEquals(origin.calls, 1);
  }
});

test("cache × 404: what is not found is not remembered as such", async () => {
  const { client, run } = rig([status(404), OK], { cache: planOf() });
  await assertRejects(() => run(client.json(URL_A)), DataNotFoundError);

  assertEquals(await run(client.json(URL_A)), { ok: true });
});

test("cache × close: a client that was closed answers nothing, not even from the cache", async () => {
  const { client, run } = rig(OK, { cache: planOf() });
  await run(client.json(URL_A));
  await client.close("closed");

  assertEquals(await client.json(URL_A).catch((error) => error), "closed");
});
