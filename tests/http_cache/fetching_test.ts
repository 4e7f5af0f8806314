import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { CacheEntry } from "../../src/cache/cache.ts";
import { NetworkError } from "../../src/errors.ts";
import { Fetching } from "../../src/http_cache/fetching.ts";
import type { CachedRequest } from "../../src/http_cache/rules.ts";
import type { Wanted } from "../../src/http_cache/wanted.ts";
import type { Call } from "../../src/policies/call.ts";
import type { Handler } from "../../src/policies/policy.ts";
import { type OpenBody, Reply } from "../../src/policies/reply.ts";
import { gate } from "../support/settled.ts";
import { test } from "../support/test.ts";
import { callWith, type Parts, PARTS_URL, partsWith, requestOf } from "./parts.ts";

const encoder = new TextEncoder();

/** The reply of the network. */
function replyOf(body: string | OpenBody | undefined, headers: HeadersInit = {}, status = 200): Reply {
  const head = { status, headers: new Headers(headers), url: PARTS_URL };
  if (typeof body === "string") return new Reply(head, { from: "network", body: encoder.encode(body) });
  return new Reply(head, { from: "network", openBody: body });
}

const FRESH = { "cache-control": "max-age=60", etag: '"1"' };

function fetchingWith(parts: Parts, next: Handler): Fetching {
  const exchanging: Handler = (call: Call) => {
    const nowMs = parts.clock.wallNow();
    const { exchange } = call.journey;
    if (exchange !== undefined) Object.assign(exchange, { sentAtMs: nowMs, answeredAtMs: nowMs });
    return next(call);
  };
  return new Fetching({ ...parts, next: exchanging, maxEntryBytes: 100, keepsParsed: false });
}

/** A request, and the entry that was found for it. */
function wantedOf(request: CachedRequest, found?: CacheEntry): Wanted {
  return { request, found, foundAt: 0, mayReplace: found !== undefined };
}

/** Fetches a text, lets it become stale, and returns its entry. */
async function staleEntry(parts: Parts, headers: HeadersInit = FRESH): Promise<CacheEntry> {
  const fetching = fetchingWith(parts, () => Promise.resolve(replyOf('"old"', headers)));
  await fetching.fetch(callWith(), wantedOf(requestOf()));
  await Promise.all(parts.background);
  await parts.clock.advance(61_000);
  return (await parts.entries.find(requestOf()))!;
}

test("Fetching.fetch() stores a reply in the background, and does not give the stored bytes to any caller", async () => {
  const parts = partsWith();
  const reply = replyOf("1", FRESH);
  const fetching = fetchingWith(parts, () => Promise.resolve(reply));
  assertStrictEquals(await fetching.fetch(callWith(), wantedOf(requestOf())), reply);
  await Promise.all(parts.background);
  assertEquals([parts.cache.entries.size, reply.shared], [1, true]);
});

test("Fetching.fetch() stores nothing for a call that may not write", async () => {
  const parts = partsWith();
  const fetching = fetchingWith(parts, () => Promise.resolve(replyOf("1", FRESH)));
  const call = callWith({ settings: { writeCache: false } });
  await fetching.fetch(call, wantedOf(requestOf()));
  assertEquals([parts.background.length, call.journey.exchange], [0, undefined]);
});

test("Fetching.fetch() sends the condition of the found entry, over the request's own headers", async () => {
  const parts = partsWith();
  const found = await staleEntry(parts);
  const sent: unknown[] = [];
  const fetching = fetchingWith(parts, (call) => {
    sent.push({ ...call.headers });
    return Promise.resolve(replyOf("2", FRESH));
  });
  await fetching.fetch(callWith({ headers: { accept: "x" } }), wantedOf(requestOf({ accept: "x" }), found));
  const range = { range: "bytes=0-1" };
  await fetching.fetch(callWith({ headers: range }), wantedOf(requestOf(range), found));
  assertEquals(sent, [{ accept: "x", "if-none-match": '"1"' }, range]);
});

test("Fetching.fetch() leaves conditions to a browser, in which such headers may be forbidden", async () => {
  for (const showsRedirects of [true, false]) {
    for (const writeCache of [true, false]) {
      const parts = partsWith();
      Object.assign(parts.environment.runtime, { showsRedirects });
      const fetching = fetchingWith(parts, () => Promise.resolve(replyOf("1", FRESH)));
      const call = callWith({ settings: { writeCache } });
      await fetching.fetch(call, wantedOf(requestOf(), await staleEntry(parts)));
      assertEquals([Object.keys(call.headers).length > 0, call.journey.isValidating], [
        showsRedirects,
        showsRedirects,
      ]);
      const { asksAnew, keepsBody } = call.journey.exchange!;
      assertEquals([asksAnew, keepsBody], [true, writeCache]);
    }
  }
});

test("Fetching.fetch() answers a 304 with the found entry, and renews it", async () => {
  const parts = partsWith();
  const found = await staleEntry(parts);
  let discarded = 0;
  const openBody = { discard: () => void discarded++ } as unknown as OpenBody;
  const fetching = fetchingWith(parts, () => Promise.resolve(replyOf(openBody, FRESH, 304)));
  const reply = await fetching.fetch(callWith(), wantedOf(requestOf(), found));
  await Promise.all(parts.background);
  assertEquals([reply.status, reply.value, reply.from, discarded], [200, "old", "cache", 1]);
  assertEquals((await parts.entries.find(requestOf()))?.meta.storedAt, parts.clock.wallNow());
});

test("Fetching.fetch() answers a failure with the stale entry, if it may, and discards the failure's body", async () => {
  const parts = partsWith();
  const found = await staleEntry(parts, { "cache-control": "max-age=60, stale-if-error=600" });
  let discarded = 0;
  const openBody = { discard: () => void discarded++ } as unknown as OpenBody;
  const failure = new NetworkError("reset", { url: PARTS_URL, method: "GET", attempts: 1 });
  const handlers: Handler[] = [
    () => Promise.resolve(replyOf(openBody, {}, 503)),
    () => Promise.reject(failure),
  ];
  for (const handler of handlers) {
    const reply = await fetchingWith(parts, handler).fetch(callWith(), wantedOf(requestOf(), found));
    assertEquals([reply.value, reply.from], ["old", "stale"]);
  }
  assertEquals(discarded, 1);
  const cancelled = callWith();
  cancelled.cancel("enough");
  const told = await fetchingWith(parts, handlers[1]!).fetch(cancelled, wantedOf(requestOf(), found))
    .catch((error) => error);
  assertStrictEquals(told, failure);
  await assertRejects(
    () =>
      fetchingWith(parts, () => Promise.reject(new RangeError("a mistake"))).fetch(
        callWith(),
        wantedOf(requestOf(), found),
      ),
    RangeError,
  );
});

test("Fetching.fetch() answers a failure with no stale entry that a change has invalidated meanwhile", async () => {
  const parts = partsWith();
  const found = await staleEntry(parts, { "cache-control": "max-age=60, stale-if-error=600" });
  const fetching = fetchingWith(parts, () => Promise.resolve(replyOf("busy", {}, 503)));
  const foundAt = parts.entries.now;
  const answer = () => fetching.fetch(callWith(), { ...wantedOf(requestOf(), found), foundAt });
  assertEquals((await answer()).from, "stale");
  await parts.entries.removeAll(PARTS_URL);
  assertEquals((await answer()).status, 503);
});

test("Fetching.fetch() stores a streamed body once its reader has read all of it", async () => {
  for (const bytes of [encoder.encode("1"), undefined]) {
    const parts = partsWith();
    const limits: number[] = [];
    const openBody = {
      collect: (maxBytes: number) => {
        limits.push(maxBytes);
        return Promise.resolve(bytes);
      },
    } as unknown as OpenBody;
    const fetching = fetchingWith(parts, () => Promise.resolve(replyOf(openBody, FRESH)));
    await fetching.fetch(callWith({ streams: true }), wantedOf(requestOf()));
    await Promise.all(parts.background);
    assertEquals([limits, parts.cache.entries.size], [[100], bytes === undefined ? 0 : 1]);
  }
});

test("Fetching.fetchOnce() gives concurrent calls the entry that the first one stores", async () => {
  const parts = partsWith();
  const held = gate();
  let sent = 0;
  const fetching = fetchingWith(parts, async () => {
    sent++;
    await held.promise;
    return replyOf("1", FRESH);
  });
  const wanted = wantedOf(requestOf());
  const replies = [fetching.fetchOnce(callWith(), wanted), fetching.fetchOnce(callWith(), wanted)];
  const other = fetching.fetchOnce(callWith(), wantedOf(requestOf({ accept: "x" })));
  held.open();
  assertEquals((await Promise.all(replies)).map(({ from }) => from), ["network", "shared"]);
  await other;
  assertEquals(sent, 2);
});

test("Fetching.fetchOnce() makes no call wait for a request that has ended, or share an answer that was not stored", async () => {
  const parts = partsWith();
  let sent = 0;
  const fetching = fetchingWith(
    parts,
    () => Promise.resolve(replyOf(`${++sent}`, { "cache-control": "no-store" })),
  );
  const wanted = wantedOf(requestOf());
  const replies = await Promise.all([
    fetching.fetchOnce(callWith(), wanted),
    fetching.fetchOnce(callWith(), wanted),
  ]);
  assertEquals(replies.map(({ from }) => from), ["network", "network"]);
  await fetching.fetchOnce(callWith(), wanted);
  assertEquals(sent, 3);
});

test("Fetching.refresh() starts one background call for all concurrent calls, and a new one later", async () => {
  const parts = partsWith();
  const found = await staleEntry(parts);
  const fetching = fetchingWith(parts, () => Promise.resolve(replyOf('"new"', FRESH)));
  const call = callWith();
  fetching.refresh(callWith({ settings: { writeCache: false } }), requestOf(), found);
  assertEquals(parts.started.length, 0);
  for (let n = 0; n < 3; n++) fetching.refresh(call, requestOf(), found);
  assertEquals(parts.started.map(({ original }) => original === call), [true]);
  await parts.started[0]!.handler(callWith({ isBackground: true }));
  await Promise.all(parts.background);
  assertEquals(new TextDecoder().decode((await parts.entries.find(requestOf()))?.body), '"new"');
  fetching.refresh(call, requestOf(), found);
  assertEquals(parts.started.length, 2);
});

test("Fetching.refresh() is retried after a failure, but not at once", async () => {
  const failures: Handler[] = [
    () => Promise.reject(new TypeError("reset")),
    () => Promise.resolve(replyOf('"busy"', {}, 503)),
    () => Promise.resolve(replyOf('"wait"', {}, 429)),
  ];
  for (const failure of failures) {
    for (const control of ["max-age=60", "max-age=60, stale-if-error=600"]) {
      const parts = partsWith();
      const found = await staleEntry(parts, { "cache-control": control });
      const fetching = fetchingWith(parts, failure);
      fetching.refresh(callWith(), requestOf(), found);
      await parts.started[0]!.handler(callWith({ isBackground: true })).catch(() => {});
      fetching.refresh(callWith(), requestOf(), found);
      assertEquals(parts.started.length, 1, control);
      await parts.clock.advance(1_000);
      fetching.refresh(callWith(), requestOf(), found);
      assertEquals([parts.started.length, parts.cache.entries.size], [2, 1], control);
    }
  }
});

test("Fetching.refreshFirst() waits for a new answer if the previous refresh may have ended with its incoming request", async () => {
  const openBody = {
    collect: () => Promise.resolve(encoder.encode('"streamed"')),
    discard() {},
  } as unknown as OpenBody;
  const answers: readonly (readonly [Handler, string])[] = [
    [() => Promise.resolve(replyOf('"new"', FRESH)), '"new"'],
    [() => Promise.resolve(replyOf(openBody, FRESH)), '"streamed"'],
    [
      () => Promise.reject(new NetworkError("reset", { url: PARTS_URL, method: "GET", attempts: 1 })),
      '"old"',
    ],
    [() => Promise.resolve(replyOf('"busy"', {}, 503)), '"old"'],
    [() => Promise.resolve(replyOf('"secret"', { "cache-control": "no-store" })), '"old"'],
  ];
  for (const [next, expected] of answers) {
    const parts = mortal(partsWith());
    const found = await staleEntry(parts);
    const fetching = fetchingWith(parts, next);
    assertEquals(fetching.refreshFirst(callWith(), requestOf(), found), undefined);
    fetching.refresh(callWith(), requestOf(), found);
    assertEquals(fetching.refreshFirst(callWith(), requestOf(), found), undefined);
    await parts.clock.advance(1_000);
    const first = fetching.refreshFirst(callWith(), requestOf(), found);
    assertEquals(fetching.refreshFirst(callWith(), requestOf(), found), undefined);
    assertEquals(parts.started.length, 2);
    await parts.started[1]!.handler(callWith({ isBackground: true })).catch(() => {});
    assertEquals(new TextDecoder().decode((await first)!.body), expected);
  }
});

test("Fetching.refreshFirst() makes no call wait where work outlives requests, nor a call that may not refresh", async () => {
  for (const isMortal of [false, true]) {
    const parts = isMortal ? mortal(partsWith()) : partsWith();
    const found = await staleEntry(parts);
    const fetching = fetchingWith(parts, () => Promise.resolve(replyOf('"new"', FRESH)));
    fetching.refresh(callWith(), requestOf(), found);
    await parts.clock.advance(60_000);
    const reading = callWith({ settings: { writeCache: false } });
    assertEquals(fetching.refreshFirst(reading, requestOf(), found), undefined);
    assertEquals(fetching.refreshFirst(callWith(), requestOf({ range: "bytes=0-1" }), found), undefined);
    assertEquals(fetching.refreshFirst(callWith(), requestOf(), found) === undefined, !isMortal);
  }
});

/** Parts in which the work of a call ends with its incoming request. */
function mortal(parts: Parts): Parts {
  return { ...parts, environment: { ...parts.environment, timersBelongToRequests: true } };
}
