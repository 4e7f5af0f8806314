import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import * as v from "valibot";
import {
  createClient,
  DataNotFoundError,
  HttpError,
  InvalidDataError,
  OfflineError,
  TimeoutError,
} from "../../mod.ts";
import { type CacheEntry, memoryCache } from "../../src/http_cache/mod.ts";
import { ManualClock } from "../../src/testing/manual_clock.ts";
import type { Answer, SentRequest } from "../client/fake_network.ts";
import { gate, rejection, watch } from "../support/settled.ts";
import {
  adapterWith,
  type CacheRig,
  cacheRig,
  counting,
  from,
  tagged,
  turns,
  URL_A,
  URL_B,
} from "../http_cache/cache_rig.ts";
import { RecordingCache } from "../http_cache/recording_cache.ts";
import { test } from "../support/test.ts";
import { planOf } from "../http_cache/plan_of.ts";

const MINUTE = 60_000;
const SWR = "max-age=1, stale-while-revalidate=60";
const SIE = "max-age=1, stale-if-error=60";

/** Requests a resource once, and lets the stored response become stale. */
async function becomeStale({ client, clock }: CacheRig): Promise<void> {
  await clock.run(client.text(URL_A));
  await turns(clock);
  await clock.advance(2_000);
}

/** Answers the first request at once with the given `Cache-Control`, and later requests with `next`. */
function firstThen(
  cacheControl: string,
  next: (request: SentRequest) => Answer,
): (request: SentRequest) => Answer {
  return (sent) =>
    sent.nth === 1
      ? { json: { nth: 1 }, headers: { "cache-control": cacheControl, etag: '"1"' } }
      : next(sent);
}

// ---- stale-while-revalidate

test("stale-while-revalidate × single-flight: 50 stale hits in all forms are served at once, and ask once", async () => {
  const held = gate();
  const rig = cacheRig(firstThen(SWR, () => ({
    gate: held.promise,
    json: { nth: 2 },
    headers: { "cache-control": SWR, etag: '"2"' },
  })));
  await becomeStale(rig);
  const { client, clock, network } = rig;
  const asks = [
    () => client.json(URL_A).then(JSON.stringify),
    () => client.text(URL_A, { priority: 1 }),
    () => client.bytes(URL_A, { timeoutMs: 5_000 }).then((bytes) => new TextDecoder().decode(bytes)),
    () => client.fetch(URL_A).then((response) => response.text()),
    () => client.json(URL_A, { maxRetries: 1, schema: v.object({ nth: v.number() }) }).then(JSON.stringify),
  ];
  const answers = watch(Promise.all(Array.from({ length: 50 }, (_, index) => asks[index % asks.length]!())));
  await turns(clock);
  assertEquals(answers.value, Array(50).fill('{"nth":1}'));
  assertEquals(network.sent.map(({ headers }) => headers.get("if-none-match")), [null, '"1"']);
  assertEquals(await client.text(URL_A), '{"nth":1}');

  held.open();
  await turns(clock);
  assertEquals([await client.text(URL_A), network.sent.length], ['{"nth":2}', 2]);
});

test("stale-while-revalidate × 304: the entry is fresh again, and its body the same", async () => {
  const rig = cacheRig(tagged(SWR));
  await becomeStale(rig);
  const { client, clock, network } = rig;
  assertEquals(await client.json(URL_A), { nth: 1 });
  await turns(clock);
  const [outcome] = await client.settle([URL_A]);
  assert(outcome?.ok);
  assertEquals([outcome.from, outcome.value, network.sent.length], ["cache", { nth: 1 }, 2]);
});

test("stale-while-revalidate × window: at its end the caller waits for the network", async () => {
  const { client, clock, network } = cacheRig(counting(SWR));
  await client.json(URL_A);
  await clock.advance(MINUTE + 999);
  assertEquals(await client.json(URL_A), { nth: 1 });
  await turns(clock);
  assertEquals(network.sent.length, 2);
  await clock.advance(MINUTE + 1_000);
  assertEquals([await client.json(URL_A), network.sent.length], [{ nth: 3 }, 3]);
});

test("stale-while-revalidate × must-revalidate, no-cache: these win, also over the client's own window", async () => {
  for (const control of [`${SWR}, must-revalidate`, `${SWR}, no-cache`, "max-age=1, must-revalidate"]) {
    const rig = cacheRig(counting(control, { etag: '"1"' }), { plan: { staleWhileRevalidateMs: MINUTE } });
    await becomeStale(rig);
    assertEquals(await rig.client.json(URL_A), { nth: 2 }, control);
  }
});

test("stale-while-revalidate × failure: the entry is kept, and the next hit tries again", async () => {
  for (
    const failure of [{ status: 503 }, { error: new TypeError("reset") }, { status: 429 }, { body: "[1" }]
  ) {
    const rig = cacheRig(
      firstThen(SWR, ({ nth }) => nth === 2 ? failure : { json: { nth }, headers: { "cache-control": SWR } }),
    );
    const { client, clock, network, warnings } = rig;
    await clock.run(client.json(URL_A));
    await clock.advance(2_000);
    assertEquals(await client.json(URL_A), { nth: 1 });
    await clock.advance(1_000);
    assertEquals([await client.json(URL_A), warnings], [{ nth: 1 }, []]);
    await clock.advance(500);
    assertEquals([await client.json(URL_A), network.sent.length], [{ nth: 3 }, 3]);
  }
});

test("stale-while-revalidate × retry: the background tries once, whoever asks next tries again", async () => {
  const rig = cacheRig(firstThen(SWR, () => ({ status: 503 })), { maxRetries: 3 });
  await becomeStale(rig);
  await rig.client.json(URL_A);
  await rig.clock.advance(20_000);
  assertEquals([rig.network.sent.length, rig.client.stats().inFlight], [2, 0]);
});

test("stale-while-revalidate × abort: the caller's abort does not stop what others profit from", async () => {
  const rig = cacheRig(
    firstThen(SWR, ({ nth }) => ({ afterMs: 100, json: { nth }, headers: { "cache-control": SWR } })),
  );
  await becomeStale(rig);
  const { client, clock } = rig;
  const controller = new AbortController();
  assertEquals(await client.json(URL_A, { signal: controller.signal }), { nth: 1 });
  controller.abort();
  await clock.advance(100);
  await turns(clock);
  assertEquals(await client.json(URL_A), { nth: 2 });
});

test("stale-while-revalidate × events: the background call has an id of its own, from queued to settled", async () => {
  const rig = cacheRig(tagged(SWR));
  await becomeStale(rig);
  const { client, clock, events } = rig;
  const before = events.length;
  await client.json(URL_A);
  await turns(clock);
  const ids = events.slice(before).flatMap((event) =>
    "requestId" in event ? [`${event.requestId} ${event.type}`] : []
  );
  assertEquals(ids.filter((id) => id.startsWith("2 ")).sort(), ["2 cacheHit", "2 queued", "2 settled"]);
  const own = ids.filter((id) => id.startsWith("3 "));
  assertEquals([own.at(0), own.at(-1), own.includes("3 attempt")], ["3 queued", "3 settled", true]);
  const settled = events.findLast((event) => event.type === "settled" && event.requestId === 3);
  assert(settled?.type === "settled" && settled.ok && settled.attempts === 1);
  assertEquals([client.stats().requests, client.stats().succeeded], [2, 2]);
});

test("stale-while-revalidate × close: closing waits for the background, and what it brought is stored", async () => {
  const rig = cacheRig(
    firstThen(SWR, ({ nth }) => ({ afterMs: 4_000, json: { nth }, headers: { "cache-control": SWR } })),
  );
  await becomeStale(rig);
  const { client, clock, cache, network } = rig;
  await client.json(URL_A);
  const closing = watch(client.close("closed"));
  await clock.advance(3_999);
  assertEquals(closing.state, "pending");
  await clock.advance(1);
  await turns(clock);
  assertEquals([closing.state, clock.pending, network.open], ["fulfilled", 0, 0]);
  assertEquals(new TextDecoder().decode(cache.only.body), '{"nth":2}');
});

test("stale-while-revalidate × close: after five seconds the background is cancelled, wherever it is", async () => {
  const stuck: readonly [string, Answer, object][] = [
    ["headers", { gate: new Promise(() => {}) }, {}],
    ["body", { json: { nth: 2 }, bodyMs: 1e9 }, {}],
    ["queue", { json: { nth: 2 } }, { rateLimit: { limit: 1, intervalMs: 3_600_000, burst: 1 } }],
  ];
  for (const [where, answer, options] of stuck) {
    const rig = cacheRig(firstThen(SWR, () => answer), options);
    await becomeStale(rig);
    const { client, clock, cache, network } = rig;
    await client.json(URL_A);
    await turns(clock);
    const closing = watch(client.close("closed"));
    await clock.advance(4_999);
    assertEquals(closing.state, "pending", where);
    await clock.advance(1);
    await turns(clock);
    assertEquals([closing.state, clock.pending, network.open, client.stats().inFlight], [
      "fulfilled",
      0,
      0,
      0,
    ], where);
    assertEquals(new TextDecoder().decode(cache.only.body), '{"nth":1}');
  }
});

test("stale-while-revalidate × concurrency: the background waits for a permit like everybody", async () => {
  const held = gate();
  const rig = cacheRig((sent) => sent.url === URL_B ? { json: 1, gate: held.promise } : counting(SWR)(sent), {
    concurrency: 1,
  });
  await becomeStale(rig);
  const { client, clock, network } = rig;
  const holder = client.json(URL_B);
  await turns(clock);
  assertEquals(await client.json(URL_A), { nth: 1 });
  await turns(clock);
  assertEquals(network.urls, [URL_A, URL_B]);
  held.open();
  await holder;
  await turns(clock);
  assertEquals([network.urls, network.peak, client.stats().inFlight], [[URL_A, URL_B, URL_A], 1, 0]);
});

test("stale-while-revalidate × rate limit: the background takes a token", async () => {
  const rig = cacheRig(counting(SWR), { rateLimit: { limit: 1, intervalMs: 10_000, burst: 1 } });
  await becomeStale(rig);
  const { client, clock, network } = rig;
  assertEquals(await client.json(URL_A), { nth: 1 });
  await turns(clock);
  assertEquals(network.sent.length, 1);
  await clock.advance(8_000);
  assertEquals(network.sent.length, 2);
});

test("stale-while-revalidate × breaker: what is stale is served while it is open, and the failures opened it", async () => {
  const rig = cacheRig(firstThen(SWR, () => ({ status: 503 })), {
    circuitBreaker: { threshold: 2, cooldownMs: 10_000 },
  });
  await becomeStale(rig);
  const { client, clock, network } = rig;
  for (let round = 0; round < 5; round++) {
    assertEquals(await client.json(URL_A), { nth: 1 });
    await clock.advance(300);
  }
  assertEquals(network.sent.length, 3);
});

test("stale-while-revalidate × client.fetch() of what is no JSON: it is brought up to date all the same", async () => {
  for (const etag of ['"1"', undefined]) {
    const headers = { "cache-control": SWR, ...(etag === undefined ? {} : { etag }) };
    const rig = cacheRig(({ nth, headers: sent }) =>
      sent.has("if-none-match") ? { status: 304, headers } : { body: `text ${nth}`, headers }
    );
    const { client, clock, cache, network } = rig;
    assertEquals(await (await client.fetch(URL_A)).text(), "text 1");
    await turns(clock);
    await clock.advance(2_000);
    assertEquals(await (await client.fetch(URL_A)).text(), "text 1");
    await turns(clock);
    assertEquals([cache.entries.size, network.sent.length], [1, 2], etag);
    assertEquals(await (await client.fetch(URL_A)).text(), etag === undefined ? "text 2" : "text 1");
    await turns(clock);
    assertEquals(network.sent.length, 2);
  }
});

// ---- stale-if-error

test("stale-if-error × failures: 5xx, the network and timeouts are made good, and the source says stale", async () => {
  const failures: Answer[] = [
    { status: 500 },
    { status: 502, body: "x".repeat(1_000) },
    { status: 503 },
    { error: new TypeError("reset") },
    { gate: new Promise(() => {}) },
    { body: "[1,2", breaksWith: new TypeError("cut") },
  ];
  for (const failure of failures) {
    const rig = cacheRig(firstThen(SIE, () => failure), { timeoutMs: 1_000 });
    await becomeStale(rig);
    const { client, clock, network } = rig;
    const [outcome] = await clock.run(client.settle([URL_A]));
    assert(outcome?.ok, String(failure.status));
    assertEquals([outcome.value, outcome.from, outcome.attempts], [{ nth: 1 }, "stale", 1]);
    const response = await clock.run(client.fetch(URL_A));
    if (failure.body === undefined || failure.status !== undefined) {
      assertEquals([response.status, await response.json()], [200, { nth: 1 }]);
    } else await rejection(response.text());
    await clock.advance(1_000);
    assertEquals([network.open, client.stats().inFlight], [0, 0]);
  }
});

test("stale-if-error × 4xx: what the server says of the request is no failure of the server", async () => {
  for (const status of [400, 401, 403, 404, 410, 429]) {
    const rig = cacheRig(firstThen(SIE, () => ({ status })));
    await becomeStale(rig);
    const error = await rejection(rig.client.json(URL_A));
    assert(error instanceof HttpError || error instanceof DataNotFoundError);
    assertEquals(error.status, status);
  }
});

test("stale-if-error × window and must-revalidate: after the one, and under the other, the failure is told", async () => {
  const late = cacheRig(firstThen(SIE, () => ({ status: 503 })));
  await becomeStale(late);
  await late.clock.advance(MINUTE);
  assertInstanceOf(await rejection(late.client.json(URL_A)), HttpError);

  const strict = cacheRig(firstThen(`${SIE}, must-revalidate`, () => ({ status: 503 })), {
    plan: { staleIfErrorMs: MINUTE },
  });
  await becomeStale(strict);
  assertInstanceOf(await rejection(strict.client.json(URL_A)), HttpError);
});

test("stale-if-error × retry: it comes after the retries, not instead of them", async () => {
  const rig = cacheRig(firstThen(SIE, ({ nth }) => nth < 4 ? { status: 503 } : { json: { nth } }), {
    maxRetries: 2,
  });
  await becomeStale(rig);
  assertEquals(await rig.clock.run(rig.client.json(URL_A)), { nth: 4 });

  const down = cacheRig(firstThen(SIE, () => ({ status: 503 })), { maxRetries: 2 });
  await becomeStale(down);
  const [outcome] = await down.clock.run(down.client.settle([URL_A]));
  assert(outcome?.ok);
  assertEquals([outcome.from, outcome.attempts, down.network.sent.length], ["stale", 3, 4]);
});

test("stale-if-error × abort: the caller's abort is told with its reason, and nothing stale", async () => {
  const rig = cacheRig(firstThen(SIE, () => ({ gate: new Promise(() => {}) })));
  await becomeStale(rig);
  const { client, clock, network } = rig;
  const controller = new AbortController();
  const reason = { my: "reason" };
  const settled = watch(client.json(URL_A, { signal: controller.signal }));
  await turns(clock);
  controller.abort(reason);
  await turns(clock);
  assertEquals([settled.state, network.open], ["rejected", 0]);
  assertStrictEquals(settled.error, reason);
});

test("stale-if-error × breaker: an open one is made good as well", async () => {
  const rig = cacheRig(firstThen(SIE, () => ({ status: 503 })), {
    circuitBreaker: { threshold: 1, cooldownMs: MINUTE },
  });
  await becomeStale(rig);
  const { client, network } = rig;
  for (let round = 0; round < 3; round++) assertEquals(await client.json(URL_A), { nth: 1 });
  assertEquals(network.sent.length, 2);
});

// ---- misses together

/** Makes 50 requests for the same URL, with `json()`, `text()` and `bytes()` and different timeouts. */
function fifty(client: CacheRig["client"]): Promise<string>[] {
  return Array.from({ length: 50 }, (_, index) => {
    const options = { timeoutMs: 10_000 + index };
    if (index % 3 === 0) return client.json(URL_A, options).then(JSON.stringify);
    if (index % 3 === 1) return client.text(URL_A, options);
    return client.bytes(URL_A, options).then((bytes) => new TextDecoder().decode(bytes));
  });
}

test("single-flight × forms and settings: 50 misses are one request, in both modes", async () => {
  for (const mode of ["http", "ttl"] as const) {
    const { client, clock, network } = cacheRig(
      (sent) => ({ ...counting("max-age=60")(sent), afterMs: 100 }),
      {
        plan: { mode },
      },
    );
    assertEquals(await clock.run(Promise.all(fifty(client))), Array(50).fill('{"nth":1}'));
    assertEquals(network.sent.length, 1, mode);
  }
});

test("single-flight × abort: one of 50 leaves, and 49 are answered by the one request", async () => {
  const { client, clock, network } = cacheRig((sent) => ({ ...counting("max-age=60")(sent), afterMs: 100 }));
  const others = fifty(client);
  const controller = new AbortController();
  const reason = { my: "reason" };
  const leaver = watch(client.json(URL_A, { signal: controller.signal, timeoutMs: 20_000 }));
  await turns(clock);
  controller.abort(reason);
  assertEquals(await clock.run(Promise.all(others)), Array(50).fill('{"nth":1}'));
  assertStrictEquals(leaver.error, reason);
  assertEquals(network.sent.length, 1);
});

test("single-flight × abort: when the first one leaves, the others are answered all the same", async () => {
  const { client, clock } = cacheRig((sent) => ({ ...counting("max-age=60")(sent), afterMs: 100 }));
  const controller = new AbortController();
  const first = watch(client.json(URL_A, { signal: controller.signal, timeoutMs: 500 }));
  const others = Promise.allSettled(fifty(client));
  await turns(clock);
  controller.abort("enough");
  const outcomes = await clock.run(others);
  assertEquals([first.error, outcomes.filter(({ status }) => status === "fulfilled").length], ["enough", 50]);
});

test("single-flight × failure: a failure of the first is nobody's stored answer", async () => {
  const { client, clock, cache } = cacheRig(({ nth }) =>
    nth === 1 ? { status: 500, afterMs: 100 } : { json: { nth }, headers: { "cache-control": "max-age=60" } }
  );
  const first = watch(client.json(URL_A, { timeoutMs: 500 }));
  const outcomes = await clock.run(Promise.allSettled(fifty(client)));
  assertInstanceOf(first.error, HttpError);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") assertInstanceOf(outcome.reason, HttpError);
  }
  await turns(clock);
  assert(cache.entries.size <= 1);
  assertEquals([...cache.entries.values()].filter(({ meta }) => meta.status !== 200), []);
});

test("single-flight × no-store: what may not be stored is nobody else's answer", async () => {
  const { client, clock } = cacheRig(({ nth }) => ({
    json: { nth },
    afterMs: 100,
    headers: { "cache-control": "no-store" },
  }));
  const [one, two] = await clock.run(Promise.all([
    client.json(URL_A, { timeoutMs: 1_000 }),
    client.json(URL_A, { timeoutMs: 2_000 }),
  ]));
  assertEquals([one, two], [{ nth: 1 }, { nth: 2 }]);
});

test("single-flight × schema: whose schema refuses the shared answer asks alone", async () => {
  const { client, clock, network } = cacheRig((sent) => ({ ...counting("max-age=60")(sent), afterMs: 100 }));
  const [one, two] = await clock.run(Promise.allSettled([
    client.json(URL_A),
    client.json(URL_A, { schema: v.object({ nth: v.string() }) }),
  ]));
  assertEquals([one.status, two.status, network.sent.length], ["fulfilled", "rejected", 2]);
});

test("single-flight × Vary: those who ask for different variants do not wait for one another", async () => {
  const { client, clock, network } = cacheRig(({ headers }) => ({
    json: headers.get("x-kind"),
    ...(headers.get("x-kind") === "slow" ? { afterMs: 1e6 } : {}),
    headers: { "cache-control": "max-age=60", vary: "x-kind" },
  }), { timeoutMs: 2e6 });
  const ask = (kind: string, timeoutMs: number) =>
    client.json(URL_A, { headers: { "x-kind": kind }, timeoutMs });
  const slow = watch(ask("slow", 2e6));
  assertEquals(await Promise.all([ask("a", 100), ask("b", 100), ask("a", 101)]), ["a", "b", "a"]);
  assertEquals([slow.state, network.sent.length], ["pending", 3]);
  await clock.advance(1e6);
  assertEquals(slow.value, "slow");
});

test("single-flight × Vary: concurrent variants of one URL are all kept", async () => {
  const { client, clock, network } = cacheRig(({ headers }) => ({
    json: headers.get("x-kind"),
    afterMs: 10,
    headers: { "cache-control": "max-age=60", vary: "x-kind" },
  }));
  const ask = (kind: string) => client.json(URL_A, { headers: { "x-kind": kind } });
  const kinds = ["a", "b", "c", "d", "e"];
  await clock.run(Promise.all(kinds.map(ask)));
  await turns(clock);
  assertEquals([await Promise.all(kinds.map(ask)), network.sent.length], [kinds, 5]);
});

test("validation × single-flight: 50 who must validate ask once", async () => {
  const rig = cacheRig((sent) => ({ ...tagged("max-age=1")(sent), afterMs: 100 }));
  await becomeStale(rig);
  const { client, clock, network } = rig;
  assertEquals(await clock.run(Promise.all(fifty(client))), Array(50).fill('{"nth":1}'));
  assertEquals(network.sent.length, 2);
});

// ---- close, abort and broken adapters

test("close × a cold read: who was waiting for the adapter is told at once, and nothing is sent", async () => {
  const held = gate();
  const adapter = adapterWith({ get: async () => void await held.promise });
  const { client, clock, network } = cacheRig(counting("max-age=60"), { plan: { adapter } });
  const settled = watch(client.json(URL_A));
  await turns(clock);
  const closing = watch(client.close("closed"));
  await turns(clock);
  assertEquals([settled.error, closing.state], ["closed", "fulfilled"]);
  held.open();
  await turns(clock);
  assertEquals([network.sent.length, clock.pending], [0, 0]);
});

test("offline × change: nothing is sent, and nothing removed", async () => {
  const cache = new RecordingCache();
  const online = cacheRig(counting("max-age=60"), { plan: { adapter: cache } });
  await online.client.json(URL_A);
  const { client } = cacheRig(counting("max-age=60"), { plan: { adapter: cache }, offline: true });
  assertInstanceOf(await rejection(client.json({ url: URL_A, method: "PUT" })), OfflineError);
  assertEquals(cache.entries.size, 1);
});

test("broken adapter × stale-while-revalidate: a refused write serves on, and asks again each time", async () => {
  const cache = new RecordingCache();
  const rig = cacheRig(counting(SWR), { plan: { adapter: cache } });
  await becomeStale(rig);
  cache.set = () => false;
  cache.delete = () => false;
  for (let round = 0; round < 3; round++) {
    assertEquals(await rig.client.json(URL_A), { nth: 1 });
    await turns(rig.clock);
  }
  assertEquals([rig.network.sent.length, rig.warnings], [4, []]);
});

// ---- corners

test("304 × schema: a value that fits is given, in the foreground and after stale-while-revalidate", async () => {
  const schema = v.object({ nth: v.number() });
  const asked = cacheRig(tagged("no-cache"));
  assertEquals(await asked.client.json(URL_A, { schema }), { nth: 1 });
  assertEquals(await asked.client.json(URL_A, { schema }), { nth: 1 });

  const rig = cacheRig(tagged(SWR));
  await becomeStale(rig);
  assertEquals(await rig.client.json(URL_A, { schema }), { nth: 1 });
  await turns(rig.clock);
  const settled = rig.events.findLast((event) => event.type === "settled");
  assert(settled?.type === "settled");
  assertEquals([settled.ok, settled.error], [true, undefined]);
});

test("304 × change: what was confirmed before a change does not bring the old body back", async () => {
  const { client, clock } = cacheRig(({ method, nth, headers }) => {
    if (method !== "GET") return { json: null };
    const isOld = nth <= 2;
    if (headers.has("if-none-match") && isOld) {
      return { status: 304, afterMs: 100, headers: { "cache-control": "max-age=60" } };
    }
    return {
      json: isOld ? "old" : "new",
      headers: { "cache-control": isOld ? "max-age=1" : "max-age=60", etag: '"1"' },
    };
  });
  await client.json(URL_A);
  await clock.advance(2_000);
  const early = client.json(URL_A);
  await turns(clock);
  await client.json({ url: URL_A, method: "PUT" });
  assertEquals(await clock.run(early), "old");
  await turns(clock);
  assertEquals(await client.json(URL_A), "new");
});

test("change × undecodable answer: what the server has done removes the entry, whatever it says of it", async () => {
  const answers: [string, Answer, object][] = [
    ["not JSON", { body: "OK" }, {}],
    ["schema", { json: "OK" }, { schema: v.number() }],
    ["too large", { body: "0123456789" }, { maxBodyBytes: 5 }],
    ["broken", { body: "0123456789", breaksWith: new TypeError("reset") }, {}],
  ];
  const wrong: string[] = [];
  for (const [what, answer, options] of answers) {
    const { client, clock, network } = cacheRig((sent) =>
      sent.method === "GET" ? counting("max-age=60")(sent) : answer
    );
    await client.json(URL_A);
    await rejection(client.json({ url: URL_A, method: "POST", ...options }));
    await turns(clock);
    await client.json(URL_A);
    if (network.sent.length !== 3) wrong.push(what);
  }
  assertEquals(wrong, []);
});

/** Answers the first GET late with the old value, and later GETs with the new value. */
function slowlyOld({ method, nth }: SentRequest): Answer {
  const headers = { "cache-control": "max-age=60" };
  if (method !== "GET") return { json: null };
  return nth === 1 ? { json: "old", afterMs: 100, headers } : { json: "new", headers };
}

test("change × single-flight: who asks after a change does not get what was asked for before it", async () => {
  const wrong: string[] = [];
  for (const [what, options] of [["the same", {}], ["other settings", { timeoutMs: 1_234 }]] as const) {
    const { client, clock } = cacheRig(slowlyOld);
    const early = client.json(URL_A);
    await turns(clock);
    await client.json({ url: URL_A, method: "PUT" });
    if (await clock.run(client.json(URL_A, options)) !== "new") wrong.push(what);
    assertEquals(await clock.run(early), "old");
  }
  assertEquals(wrong, []);
});

test("change × clock set back: what was asked for before the change is not stored", async () => {
  const { client, clock } = cacheRig(slowlyOld);
  const early = client.json(URL_A);
  await turns(clock);
  clock.setWall(clock.wallNow() - 3_600_000);
  await client.json({ url: URL_A, method: "PUT" });
  await clock.run(early);
  await turns(clock);
  assertEquals(await client.json(URL_A), "new");
});

test("close × a stale hit whose read is slow: nothing is sent after the closing", async () => {
  const rig = cacheRig(counting(SWR));
  await becomeStale(rig);
  const held = gate();
  const { cache, client, clock, network } = rig;
  const read = cache.get.bind(cache);
  cache.get = async (key) => {
    await held.promise;
    return await read(key);
  };
  const settled = watch(client.json(URL_A));
  await turns(clock);
  await client.close("closed");
  held.open();
  await turns(clock);
  assertEquals([settled.error, network.sent.length, clock.pending, client.stats().inFlight], [
    "closed",
    1,
    0,
    0,
  ]);
});

test("abort × a stale hit whose read is slow: nothing more is started for who has left", async () => {
  const rig = cacheRig(counting(SWR));
  await becomeStale(rig);
  const held = gate();
  const { cache, client, clock, network } = rig;
  const read = cache.get.bind(cache);
  cache.get = async (key) => {
    await held.promise;
    return await read(key);
  };
  const controller = new AbortController();
  const settled = watch(client.json(URL_A, { signal: controller.signal }));
  await turns(clock);
  controller.abort("enough");
  held.open();
  await turns(clock);
  assertEquals([settled.error, network.sent.length], ["enough", 1]);
});

test("close × an adapter that never answers a write: closing ends all the same", async () => {
  for (const operation of ["set", "delete"] as const) {
    const adapter = adapterWith({ [operation]: () => new Promise<boolean>(() => {}) });
    const { client, clock } = cacheRig((sent) => counting("max-age=60")(sent), { plan: { adapter } });
    await client.json(URL_A);
    await client.json({ url: URL_A, method: "PUT" });
    const closing = watch(client.close("closed"));
    await clock.advance(3_600_000);
    assertEquals(closing.state, "fulfilled", operation);
  }
});

test("single-flight × abort: when the first one leaves, the others share one new request", async () => {
  const { client, clock, network } = cacheRig((sent) => ({ ...counting("max-age=60")(sent), afterMs: 100 }));
  const controller = new AbortController();
  const first = watch(client.json(URL_A, { signal: controller.signal, timeoutMs: 500 }));
  const others = Promise.all(fifty(client));
  await turns(clock);
  controller.abort("enough");
  await clock.run(others);
  assertEquals([first.error, network.sent.length], ["enough", 2]);
});

test("single-flight × timeoutMs: who joins a patient request keeps to its own timeout", async () => {
  const { client, clock } = cacheRig(() => ({ gate: new Promise(() => {}) }), { timeoutMs: MINUTE });
  const patient = watch(client.json(URL_A));
  const hasty = watch(client.json(URL_A, { timeoutMs: 100 }));
  await clock.advance(200);
  assertEquals([patient.state, hasty.state], ["pending", "rejected"]);
  assertInstanceOf(hasty.error, TimeoutError);
  await client.close();
});

test("Vary × client.fetch(): variants whose bodies are read at the same time are both kept", async () => {
  const { client, clock, network } = cacheRig(({ headers }) => ({
    body: headers.get("x-kind")!.repeat(5),
    bodyMs: 10,
    headers: { "cache-control": "max-age=60", vary: "x-kind" },
  }));
  const ask = async (kind: string) =>
    await (await client.fetch(URL_A, { headers: { "x-kind": kind } })).text();
  await clock.run(Promise.all([ask("a"), ask("b")]));
  await turns(clock);
  await clock.run(Promise.all([ask("a"), ask("b")]));
  assertEquals(network.sent.length, 2);
});

test("reload × what may not be stored: the old answer does not come back", async () => {
  const wrong: string[] = [];
  for (const mode of ["http", "ttl"] as const) {
    for (
      const [what, second] of [["no-store", { json: 2, headers: { "cache-control": "no-store" } }], [
        "404",
        { status: 404 },
      ]] as const
    ) {
      const { client, clock } = cacheRig(
        ({ nth }) => nth === 2 ? second : { json: nth, headers: { "cache-control": "max-age=60" } },
        { plan: { mode } },
      );
      await client.json(URL_A);
      await client.json(URL_A, { cache: "reload" }).catch(() => {});
      await turns(clock);
      if (await client.json(URL_A) === 1) wrong.push(`${mode} ${what}`);
    }
  }
  assertEquals(wrong, []);
});

test("no-cache × a Cache-Control of the client's own: it is validated all the same", async () => {
  const { client, network } = cacheRig(tagged("max-age=60"), {
    headers: { "cache-control": "no-transform" },
  });
  await client.json(URL_A);
  await client.json(URL_A, { cache: "no-cache" });
  assertEquals(network.sent.length, 2);
});

test("no-cache × a failing network: what is fresh is not given unchecked, unless stale responses may stand for errors", async () => {
  const failures: readonly Answer[] = [{ status: 500 }, { error: new TypeError("gone") }, { status: 304 }];
  for (const mode of ["http", "ttl"] as const) {
    for (const failure of failures) {
      for (const staleIfErrorMs of [0, MINUTE]) {
        let isBroken = false;
        const rig = cacheRig((request) => isBroken ? failure : counting("max-age=60")(request), {
          plan: { mode, staleIfErrorMs, ...mode === "ttl" && { ttlMs: MINUTE } },
        });
        await rig.client.json(URL_A);
        isBroken = true;
        const outcome = await rig.client.outcome(URL_A, { cache: "no-cache", as: "text" });
        const isStale = outcome.ok && outcome.from === "stale";
        assertEquals(isStale, staleIfErrorMs > 0, `${mode} ${JSON.stringify(failure)}`);
        assertEquals(await rig.client.json(URL_A), { nth: 1 });
      }
    }
  }
});

test("no-cache × immutable: who asks whether it is still right is told by the server", async () => {
  const { client, network } = cacheRig(tagged("max-age=60, immutable"));
  await client.json(URL_A);
  await client.json(URL_A, { cache: "no-cache" });
  assertEquals(network.sent.length, 2);
});

test("redirect: 'manual' × follow: a redirect that one has not followed does not answer who follows", async () => {
  let calls = 0;
  const client = createClient({
    cache: planOf({ adapter: new RecordingCache(), mode: "http" }),
    clock: new ManualClock(),
    fetch: (input) => {
      calls++;
      const headers = { "cache-control": "max-age=60", location: URL_B };
      return Promise.resolve(
        input === URL_A ? new Response(null, { status: 301, headers }) : from(URL_B, new Response("[1]")),
      );
    },
  });
  await (await client.fetch(URL_A, { redirect: "manual" })).text();
  assertEquals([await client.json(URL_A), calls], [[1], 3]);
});

test("304 × redirect: another URL's 304 confirms nothing", async () => {
  let calls = 0;
  const control = { "cache-control": "no-cache", etag: '"1"' };
  const client = createClient({
    cache: planOf({ adapter: new RecordingCache(), mode: "http" }),
    clock: new ManualClock(),
    fetch: (input, init) => {
      calls++;
      if (calls === 1) {
        return Promise.resolve(
          Object.defineProperty(new Response('"a"', { headers: control }), "url", { value: String(input) }),
        );
      }
      const asked = new Headers(init?.headers).has("if-none-match");
      const response = asked ? new Response(null, { status: 304, headers: control }) : new Response('"b"');
      return Promise.resolve(from(URL_B, response));
    },
  });
  assertEquals([await client.json(URL_A), await client.json(URL_A)], ["a", "b"]);
});

test("mode ttl × a condition of the caller's own: its 304 is not taken for the cache's", async () => {
  let tag = '"old"';
  const { client, clock } = cacheRig(
    ({ headers }) => headers.get("if-none-match") === tag ? { status: 304 } : { json: tag },
    { plan: { mode: "ttl", ttlMs: 1_000 } },
  );
  const ask = async () => await client.fetch(URL_A, { headers: { "if-none-match": '"new"' } });
  assertEquals(await (await ask()).json(), '"old"');
  await turns(clock);
  await clock.advance(1_000);
  tag = '"new"';
  // The caller has the new response: the 304 confirms that one, not the old response in the cache.
  assertEquals((await ask()).status, 304);
});

test("mode ttl × no-store: a 304 that says it, and a request that does, are obeyed", async () => {
  const wrong: string[] = [];
  const { client, clock, cache } = cacheRig(
    ({ nth }) =>
      nth === 2
        ? { status: 304, headers: { "cache-control": "no-store" } }
        : { json: nth, headers: { etag: '"1"' } },
    {
      plan: { mode: "ttl", ttlMs: 1_000 },
    },
  );
  await client.json(URL_A);
  await clock.advance(1_000);
  await client.json(URL_A);
  await turns(clock);
  if (cache.entries.size !== 0) wrong.push("304");
  const asked = cacheRig(({ nth }) => ({ json: nth }), { plan: { mode: "ttl" } });
  await asked.client.json(URL_A, { headers: { "cache-control": "no-store" } });
  if (asked.cache.entries.size !== 0) wrong.push("request");
  assertEquals(wrong, []);
});

test("partition × nonsense: what is neither text nor null passes the cache by, with a warning", async () => {
  for (const value of [undefined, 7, {}, Promise.resolve("alice")]) {
    const { client, cache, warnings } = cacheRig(counting("max-age=60"), {
      plan: { partition: () => value as unknown as string },
    });
    assertEquals([await client.json(URL_A), await client.json(URL_A)], [{ nth: 1 }, { nth: 2 }]);
    assertEquals([cache.entries.size, warnings.length], [0, 1]);
  }
});

test("offline × maxBodyBytes: it holds for what the cache answers with", async () => {
  const cache = new RecordingCache();
  const answer = (): Answer => ({ body: "0123456789", headers: { "cache-control": "max-age=60" } });
  await cacheRig(answer, { plan: { adapter: cache } }).client.text(URL_A);
  const { client } = cacheRig(answer, { plan: { adapter: cache }, offline: true });
  const error = await rejection(client.text(URL_A, { maxBodyBytes: 5 }));
  assert(error instanceof InvalidDataError || error instanceof OfflineError);
});

test("Range × json(): a part that is no JSON by itself does not remove the whole", async () => {
  const { client, clock, cache } = cacheRig(({ headers }) =>
    headers.has("range")
      ? { status: 206, body: "[1" }
      : { body: "[1,2,3]", headers: { "cache-control": "max-age=60" } }
  );
  await client.json(URL_A);
  await rejection(client.json(URL_A, { headers: { range: "bytes=0-1" } }));
  await turns(clock);
  assertEquals([...cache.entries.values()].map((entry: CacheEntry) => entry.body.length), [7]);
});

test("stale-if-error × Range: a 503 is made good with the part of what is stale", async () => {
  const rig = cacheRig(({ nth }) =>
    nth === 1 ? { body: "0123456789", headers: { "cache-control": SIE } } : { status: 503 }
  );
  await becomeStale(rig);
  const response = await rig.client.fetch(URL_A, { headers: { range: "bytes=1-2" } });
  assertEquals([response.status, await response.text()], [206, "12"]);
});

test("close × a stale hit whose schema is slow: nothing is sent after the closing", async () => {
  const rig = cacheRig(counting(SWR));
  await becomeStale(rig);
  const { client, clock, network } = rig;
  const held = gate();
  const schema = v.pipeAsync(
    v.object({ nth: v.number() }),
    v.checkAsync(async () => {
      await held.promise;
      return true;
    }),
  );
  const settled = watch(client.json(URL_A, { schema }));
  await turns(clock);
  const closing = watch(client.close("closed"));
  await turns(clock);
  held.open();
  await turns(clock);
  assertEquals([settled.error, closing.state, network.sent.length, client.stats().inFlight], [
    "closed",
    "fulfilled",
    1,
    0,
  ]);
});

test("close × a change under way and an adapter that never answers: closing ends all the same", async () => {
  const adapter = adapterWith({ delete: () => new Promise<boolean>(() => {}) });
  const { client, clock } = cacheRig(() => ({ gate: new Promise(() => {}) }), { plan: { adapter } });
  const change = watch(client.json({ url: URL_A, method: "PUT" }));
  await turns(clock);
  const closing = watch(client.close("closed"));
  await clock.advance(3_600_000);
  assertEquals([change.state, closing.state, clock.pending], ["rejected", "fulfilled", 0]);
});

test("change × redirect: what was asked for with redirect: 'error' is removed too", async () => {
  const wrong: string[] = [];
  for (const redirect of ["follow", "error", "manual"] as const) {
    const { client, clock } = cacheRig(({ method, nth }) =>
      method === "GET" ? { json: nth, headers: { "cache-control": "max-age=60" } } : { json: null }
    );
    const ask = async () => {
      const value = await (await client.fetch(URL_A, { redirect })).json();
      await turns(clock);
      return value;
    };
    await ask();
    await client.json({ url: URL_A, method: "PUT" });
    if (await ask() === 1) wrong.push(redirect);
  }
  assertEquals(wrong, []);
});

test("single-flight × rate limit: who has joined a request that waits for its token waits for it as well", async () => {
  const { client, clock, network } = cacheRig((sent) => ({ ...counting("max-age=60")(sent), afterMs: 10 }), {
    rateLimit: { limit: 1, intervalMs: 40_000, burst: 1 },
    timeoutMs: 30_000,
    maxRetryAfterMs: 600_000,
  });
  await clock.run(client.json(URL_B));
  const asks = Promise.all([client.json(URL_A), client.text(URL_A), client.bytes(URL_A)]);
  await clock.run(asks);
  assertEquals(network.urls, [URL_B, URL_A]);
});

test("change × single-flight: a change of another URL sends nobody off again", async () => {
  const { client, clock, network } = cacheRig((sent) =>
    sent.method === "GET" ? { ...counting("max-age=60")(sent), afterMs: 100 } : { json: null }
  );
  const first = Promise.all(fifty(client));
  await turns(clock);
  await client.json({ url: URL_B, method: "POST" });
  const second = Promise.all(fifty(client));
  await clock.run(Promise.all([first, second]));
  assertEquals(network.sent.filter(({ method }) => method === "GET").length, 1);
});

test("single-flight × abort: who has joined and left leaves no timer behind", async () => {
  const held = gate();
  const { client, clock } = cacheRig((sent) => ({ ...counting("max-age=60")(sent), gate: held.promise }));
  const first = client.json(URL_A, { timeoutMs: Infinity });
  await turns(clock);
  const { pending } = clock;
  const controller = new AbortController();
  const second = watch(client.json(URL_A, { timeoutMs: 50_000, signal: controller.signal }));
  await turns(clock);
  controller.abort("enough");
  await turns(clock);
  assertEquals([second.error, clock.pending], ["enough", pending]);
  held.open();
  await first;
});

test("single-flight × client.fetch(): what is streamed is not shared, so that nobody waits for who does not read", async () => {
  const { client, clock, network } = cacheRig(counting("max-age=60"));
  const unread = client.fetch(URL_A);
  const read = client.fetch(URL_A).then((response) => response.text());
  const whole = client.text(URL_A);
  assertEquals(await Promise.all([read, whole]), ['{"nth":2}', '{"nth":3}']);
  assertEquals([network.sent.length, network.open], [3, 1]);
  await (await unread).body?.cancel();
  await turns(clock);
  assertEquals([network.open, client.stats().inFlight], [0, 0]);
});

test("single-flight × bytes() × abort: when the first one leaves, nobody is given the cache's own bytes", async () => {
  const wrong: string[] = [];
  for (const [name, adapter] of [["copies", memoryCache()], ["keeps", new RecordingCache()]] as const) {
    for (const what of ["hit", "miss"]) {
      const { client, clock } = cacheRig(() => ({ body: "hello", afterMs: 10 }), {
        plan: { adapter, mode: "ttl" },
      });
      if (what === "hit") await clock.run(client.bytes(URL_A));
      const url = what === "hit" ? URL_A : URL_B;
      const controller = new AbortController();
      const first = watch(client.bytes(url, { signal: controller.signal }));
      const second = client.bytes(url);
      if (what === "miss") await turns(clock);
      controller.abort("enough");
      (await clock.run(second)).fill(88);
      await turns(clock);
      assertEquals(first.error, "enough");
      if (await clock.run(client.text(url)) !== "hello") wrong.push(`${what}, of an adapter that ${name}`);
    }
  }
  assertEquals(wrong, []);
});

test("reload × stale-while-revalidate: what was asked for earlier does not replace what is newer", async () => {
  const wrong: string[] = [];
  const fresh = { "cache-control": "max-age=60" };
  for (const mode of ["http", "ttl"] as const) {
    for (const status of [200, 304]) {
      for (const laterMs of [0, 10]) {
        const held = gate();
        const rig = cacheRig(({ nth }) => {
          if (nth === 1) return { body: "old", headers: { "cache-control": SWR, etag: '"1"' } };
          if (nth === 2) {
            return { status, body: "old", gate: held.promise, headers: { ...fresh, etag: '"1"' } };
          }
          return { body: "new", headers: { ...fresh, etag: '"2"' } };
        }, { plan: { mode, ttlMs: mode === "ttl" ? 1_000 : undefined, staleWhileRevalidateMs: MINUTE } });
        await becomeStale(rig);
        const { client, clock } = rig;
        assertEquals(await client.text(URL_A), "old");
        await turns(clock);
        await clock.advance(laterMs);
        assertEquals(await client.text(URL_A, { cache: "reload" }), "new");
        await turns(clock);
        held.open();
        await turns(clock);
        if (await client.text(URL_A) !== "new") wrong.push(`${mode} ${status} ${laterMs}`);
      }
    }
  }
  assertEquals(wrong, []);
});

test("reload × client.fetch(): a body that was asked for earlier, and is read later, does not replace the new one", async () => {
  for (const mode of ["http", "ttl"] as const) {
    const { client, clock } = cacheRig(
      ({ nth }) => ({ body: nth === 1 ? "old" : "new", headers: { "cache-control": "max-age=60" } }),
      { plan: { mode } },
    );
    const early = await client.fetch(URL_A);
    assertEquals(await client.text(URL_A, { cache: "reload" }), "new");
    await turns(clock);
    assertEquals(await early.text(), "old");
    await turns(clock);
    assertEquals(await client.text(URL_A), "new", mode);
  }
});

test("Vary × single-flight: a variant that was asked for first and comes last is kept beside the others", async () => {
  const delays: Record<string, number> = { a: 30, b: 20, c: 10 };
  const { client, clock, network } = cacheRig(({ headers }) => ({
    json: headers.get("x-kind"),
    afterMs: delays[headers.get("x-kind")!]!,
    headers: { "cache-control": "max-age=60", vary: "x-kind" },
  }));
  const ask = (kind: string) => client.json(URL_A, { headers: { "x-kind": kind } });
  const kinds = Object.keys(delays);
  await clock.run(Promise.all(kinds.map(ask)));
  await turns(clock);
  assertEquals([await clock.run(Promise.all(kinds.map(ask))), network.sent.length], [kinds, 3]);
});

test("Vary × stale-while-revalidate: a variant that is brought up to date is kept, whatever else is reloaded", async () => {
  const held = gate();
  const { client, clock, network } = cacheRig(({ nth, headers }) => ({
    json: [headers.get("x-kind"), nth],
    ...(nth === 3 ? { gate: held.promise } : {}),
    headers: { "cache-control": SWR, vary: "x-kind" },
  }));
  const ask = (kind: string, cache?: "reload") => client.json(URL_A, { headers: { "x-kind": kind }, cache });
  await ask("a");
  await ask("b");
  await turns(clock);
  await clock.advance(2_000);
  assertEquals(await ask("a"), ["a", 1]);
  await turns(clock);
  assertEquals(await ask("b", "reload"), ["b", 4]);
  held.open();
  await turns(clock);
  assertEquals([await ask("a"), await ask("b"), network.sent.length], [["a", 3], ["b", 4], 4]);
});

test("broken adapter × change: what can't be removed is not served, and a later write heals it", async () => {
  const wrong: string[] = [];
  for (const fail of [() => Promise.reject(new Error("read-only")), throwReadOnly]) {
    const cache = new RecordingCache();
    const { client, clock, network } = cacheRig(
      (sent) => sent.method === "GET" ? counting("max-age=60")(sent) : { json: null },
      { plan: { adapter: cache } },
    );
    await client.json(URL_A);
    cache.delete = fail;
    cache.set = fail;
    await client.json({ url: URL_A, method: "PUT" });
    await turns(clock);
    const values = [await client.json(URL_A), await client.json(URL_A)].map((value) => JSON.stringify(value));
    if (values.includes('{"nth":1}')) wrong.push("while it is broken");
    cache.set = (key, entry) => {
      cache.entries.set(key, entry);
      return true;
    };
    const healed = await client.json(URL_A);
    await turns(clock);
    const sent = network.sent.length;
    assertEquals([await client.json(URL_A), network.sent.length], [healed, sent]);
  }
  assertEquals(wrong, []);
});

test("broken adapter × reload: what can be neither replaced nor removed is not served", async () => {
  for (const mode of ["http", "ttl"] as const) {
    const cache = new RecordingCache();
    const { client, clock } = cacheRig(counting("max-age=60"), { plan: { adapter: cache, mode } });
    const set = cache.set.bind(cache);
    await client.json(URL_A);
    cache.set = cache.delete = throwReadOnly;
    assertEquals(await client.json(URL_A, { cache: "reload" }), { nth: 2 });
    await turns(clock);
    assertEquals(await client.json(URL_A), { nth: 3 }, mode);
    cache.set = set;
    assertEquals(await client.json(URL_A), { nth: 4 }, mode);
    await turns(clock);
    assertEquals(await client.json(URL_A), { nth: 4 }, mode);
  }
});

function throwReadOnly(): never {
  throw new Error("read-only");
}

test("reload × client.fetch(): an answer that can't be kept removes the one before it", async () => {
  const wrong: string[] = [];
  const ends: Record<string, (response: Response) => Promise<unknown>> = {
    "too large": (response) => response.text(),
    cancelled: async (response) => await response.body?.cancel(),
  };
  for (const mode of ["http", "ttl"] as const) {
    for (const [what, end] of Object.entries(ends)) {
      const { client, clock } = cacheRig(({ nth }) => ({
        body: nth === 2 ? "new".padEnd(10_000) : `${nth}`,
        headers: { "cache-control": "max-age=60" },
      }), { plan: { adapter: adapterWith({ maxEntryBytes: 1_000 }), mode } });
      await client.text(URL_A);
      await end(await client.fetch(URL_A, { cache: "reload" }));
      await turns(clock);
      if (await client.text(URL_A) !== "3") wrong.push(`${mode} ${what}`);
    }
  }
  assertEquals(wrong, []);
});

test("maxBodyBytes × 410: what is gone is removed, also where the stored answer was too large for the caller", async () => {
  for (const mode of ["http", "ttl"] as const) {
    const { client, clock, cache } = cacheRig(
      ({ nth }) =>
        nth === 1
          ? { body: "x".repeat(100), headers: { "cache-control": "max-age=60" } }
          : { status: 410, body: "gone" },
      { plan: { mode } },
    );
    await client.text(URL_A);
    assertInstanceOf(await rejection(client.text(URL_A, { maxBodyBytes: 10 })), DataNotFoundError);
    await turns(clock);
    assertEquals(cache.entries.size, 0, mode);
  }
});

test("no-cache × single-flight: who wants it checked joins nobody who does not", async () => {
  for (const options of [{}, { timeoutMs: 40_000 }, { maxRetries: 1 }, { priority: 1 }]) {
    const held = gate();
    const { client, clock, network } = cacheRig((sent) => ({
      ...counting("max-age=60")(sent),
      ...(sent.nth === 1 ? { gate: held.promise } : {}),
    }));
    const early = client.json(URL_A);
    await turns(clock);
    const checked = watch(client.json(URL_A, { ...options, cache: "no-cache" }));
    await turns(clock);
    assertEquals([checked.value, network.sent.length], [{ nth: 2 }, 2]);
    assertEquals(network.sent[1]?.headers.get("cache-control"), "max-age=0");
    held.open();
    assertEquals(await early, { nth: 1 });
  }
});

test("change × abort: right after a change that was given up, what it may have changed is not served", async () => {
  const wrong: string[] = [];
  const answers: Record<string, Answer> = {
    "before the headers": { gate: new Promise(() => {}) },
    "in the body": { body: "done", bodyMs: 1e9 },
  };
  for (const [when, answer] of Object.entries(answers)) {
    const { client, clock } = cacheRig((sent) =>
      sent.method === "GET" ? counting("max-age=60")(sent) : answer
    );
    await client.json(URL_A);
    const controller = new AbortController();
    const change = rejection(client.json({ url: URL_A, method: "PUT" }, { signal: controller.signal }));
    await turns(clock);
    controller.abort("enough");
    assertEquals(await change, "enough");
    if (JSON.stringify(await client.json(URL_A)) !== '{"nth":3}') wrong.push(when);
  }
  assertEquals(wrong, []);
});

test("stale-while-revalidate × Range: a part of what is stale starts nothing in the background", async () => {
  const rig = cacheRig(({ headers }) =>
    headers.has("range")
      ? { status: 206, body: "23", headers: { "content-range": "bytes 2-3/10" } }
      : { body: "0123456789", headers: { "cache-control": SWR, etag: '"1"' } }
  );
  await becomeStale(rig);
  const { client, clock, network } = rig;
  for (let round = 0; round < 3; round++) {
    const part = await client.fetch(URL_A, { headers: { range: "bytes=2-3" } });
    assertEquals([part.status, await part.text()], [206, "23"]);
    await turns(clock);
  }
  assertEquals(network.sent.length, 1);
});

test("stale-while-revalidate × only-if-cached: who wants no request causes none", async () => {
  const rig = cacheRig(counting(SWR));
  await becomeStale(rig);
  const { client, clock, network } = rig;
  assertEquals(await client.json(URL_A, { headers: { "cache-control": "only-if-cached" } }), { nth: 1 });
  assertEquals(await client.json(URL_A, { cache: "only-if-cached" }), { nth: 1 });
  await turns(clock);
  assertEquals(network.sent.length, 1);
});

test("reload × stale-while-revalidate: what a later answer has removed does not come back", async () => {
  const seconds = [{ status: 410 }, { body: "new", headers: { "cache-control": "no-store" } }];
  const wrong: string[] = [];
  for (const mode of ["http", "ttl"] as const) {
    for (const [index, second] of seconds.entries()) {
      const held = gate();
      const { client, clock } = cacheRig(({ nth }) => {
        if (nth === 1) {
          return { body: "old", headers: { "cache-control": "max-age=1, stale-while-revalidate=60" } };
        }
        if (nth === 2) return { body: "old", gate: held.promise, headers: { "cache-control": "max-age=60" } };
        return nth === 3 ? second : { body: "newest" };
      }, { plan: { mode, ttlMs: mode === "ttl" ? 1_000 : undefined, staleWhileRevalidateMs: 60_000 } });
      await client.text(URL_A);
      await turns(clock);
      await clock.advance(2_000);
      await client.text(URL_A);
      await turns(clock);
      await client.text(URL_A, { cache: "reload" }).catch(() => {});
      await turns(clock);
      held.open();
      await turns(clock);
      if (await client.text(URL_A).catch(String) === "old") wrong.push(`${mode} ${index}`);
    }
  }
  assertEquals(wrong, []);
});

test("reload × reload: an older one that is cancelled does not remove what the newer one has stored", async () => {
  const { client, clock } = cacheRig(counting("max-age=60"));
  await client.json(URL_A);
  const early = await client.fetch(URL_A, { cache: "reload" });
  assertEquals(await client.json(URL_A, { cache: "reload" }), { nth: 3 });
  await turns(clock);
  await early.body?.cancel();
  await turns(clock);
  assertEquals(await client.json(URL_A), { nth: 3 });
});

test("validation × another ETag: such a 304 makes nothing fresh, and the response is asked for anew", async () => {
  for (const mode of ["http", "ttl"] as const) {
    const { client, clock, network } = cacheRig(({ nth, headers }) => {
      if (nth === 1) return { json: "v1", headers: { etag: '"1"', "cache-control": "max-age=1" } };
      const now = { etag: '"2"', "cache-control": "max-age=600" };
      return headers.has("if-none-match") ? { status: 304, headers: now } : { json: "v2", headers: now };
    }, { plan: { mode, ttlMs: 1_000 } });
    assertEquals(await clock.run(client.json(URL_A)), "v1");
    await clock.advance(1_000);
    assertEquals(await clock.run(client.json(URL_A)), "v2");
    assertEquals(await clock.run(client.json(URL_A)), "v2");
    assertEquals(network.sent.map(({ headers }) => headers.get("if-none-match")), [null, '"1"', null]);
  }
});

// ---- one leader, also after it has failed

for (
  const [what, answer] of [
    ["no-store", { json: 1, headers: { "cache-control": "no-store" } }],
    ["max-age=0", { json: 1, headers: { "cache-control": "max-age=0", etag: '"1"' } }],
    ["500", { status: 500 }],
    ["404", { status: 404, body: "gone" }],
    ["a reset", { error: new TypeError("reset") }],
    ["no JSON", { body: "<html>" }],
  ] as const
) {
  test(`single-flight × settings × ${what}: of 50 callers one asks, then one for all others`, async () => {
    for (const pick of [(n: number) => n, (n: number) => 50 - n, (n: number) => (n * 7) % 50]) {
      const { client, clock, network } = cacheRig(() => ({ ...answer, afterMs: 100 }), {
        circuitBreaker: false,
      });
      const schema = () => v.pipe(v.unknown(), v.transform((value) => value));
      const asked = Array.from(
        { length: 50 },
        (_, index) => client.outcome(URL_A, { schema: schema(), timeoutMs: 10_000 + pick(index) }),
      );
      const outcomes = await clock.run(Promise.all(asked));
      assertEquals(network.sent.length, 2);
      assertEquals(new Set(outcomes.map(({ ok }) => ok)).size, 1);
    }
  });
}

test("single-flight × stale-if-error: in an outage two ask, and all have what is stale", async () => {
  const rig = cacheRig(firstThen(SIE, () => ({ status: 503, afterMs: 100 })), { circuitBreaker: false });
  await becomeStale(rig);
  const { client, clock, network } = rig;
  assertEquals(await clock.run(Promise.all(fifty(client))), Array(50).fill('{"nth":1}'));
  assertEquals(network.sent.length, 3);
});

test("negative × single-flight: 50 who ask for what is not there ask once, and so does who asks right after", async () => {
  for (const mode of ["http", "ttl"] as const) {
    for (const body of ["", "gone", "x".repeat(10_000)]) {
      const { client, clock, network } = cacheRig(() => ({ status: 404, body, afterMs: 100, bodyMs: 200 }), {
        plan: { mode, negative: { 404: MINUTE } },
      });
      const outcomes = await clock.run(Promise.allSettled(fifty(client)));
      assert(outcomes.every((one) => one.status === "rejected" && one.reason instanceof DataNotFoundError));
      assertInstanceOf(await rejection(clock.run(client.json(URL_A))), DataNotFoundError);
      assertEquals(network.sent.length, 1, `${mode} ${body.length}`);
    }
  }
});

test("negative × a slow body: who asks again before it has come waits for it, and does not ask", async () => {
  const { client, clock, network } = cacheRig(() => ({ status: 410, body: "gone", bodyMs: 200 }), {
    plan: { negative: { 410: MINUTE } },
  });
  const first = watch(client.json(URL_A));
  await clock.advance(100);
  const second = watch(client.json(URL_A));
  await clock.advance(0);
  assertEquals([first.state, second.state], ["rejected", "pending"]);
  await clock.advance(100);
  assertInstanceOf(second.error, DataNotFoundError);
  assertEquals(network.sent.length, 1);
});

test("stale-while-revalidate × outage: stale hits are served at once, and ask ever more seldom", async () => {
  const rig = cacheRig(firstThen("max-age=1, stale-while-revalidate=600", () => ({ status: 503 })), {
    circuitBreaker: false,
  });
  await becomeStale(rig);
  const { client, clock, network } = rig;
  for (let hit = 0; hit < 600; hit++) {
    assertEquals(await client.json(URL_A), { nth: 1 });
    await clock.advance(100);
  }
  assertEquals(network.sent.slice(1).map(({ atMs }) => Math.round((atMs - network.sent[1]!.atMs) / 1_000)), [
    0,
    1,
    3,
    7,
    15,
    31,
  ]);
});
