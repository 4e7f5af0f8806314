import { assert, assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
import type { CacheEntry, CacheMeta } from "../../src/cache/cache.ts";
import {
  cacheKey,
  isFresh,
  isStorable,
  isUsable,
  toEntry,
  toReply,
} from "../../src/policies/cached_reply.ts";
import type { ValueSource } from "../../src/policies/event.ts";
import { Reply } from "../../src/policies/reply.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/x";
const KEY = cacheKey(URL_A, {});

function replyOf(status: number, headers: HeadersInit = {}, from: ValueSource = "network"): Reply {
  return new Reply({ status, headers: new Headers(headers), url: URL_A }, { from });
}

function entryOf(meta: Partial<CacheMeta> = {}): CacheEntry {
  return {
    meta: {
      v: 1,
      key: KEY,
      url: URL_A,
      status: 200,
      headers: [["content-type", "application/json"]],
      vary: [],
      requestedAt: 1_000,
      storedAt: 1_000,
      initialAge: 0,
      freshForMs: null,
      removeAt: null,
      ...meta,
    },
    body: new Uint8Array([49]),
  };
}

test("cacheKey() tells URLs and headers apart, but not the fragment or the order of headers", () => {
  const keys = [
    cacheKey(URL_A, {}),
    cacheKey(`${URL_A}?y`, {}),
    cacheKey(`${URL_A}/`, {}),
    cacheKey(URL_A, { accept: "a" }),
    cacheKey(URL_A, { accept: "b" }),
    cacheKey(URL_A, { "accept-language": "a" }),
    cacheKey(URL_A, { accept: "a", b: "c" }),
    cacheKey(URL_A, { accept: "a,b,c" }),
    cacheKey(URL_A, { accept: 'a"],["b","c' }),
  ];
  assertEquals(new Set(keys).size, keys.length);
  assertEquals(cacheKey(`${URL_A}#part`, {}), KEY);
  assertEquals(cacheKey(URL_A, { b: "1", a: "2" }), cacheKey(URL_A, { a: "2", b: "1" }));
  assertNotEquals(cacheKey(URL_A, { b: "2", a: "1" }), cacheKey(URL_A, { a: "2", b: "1" }));
});

test("isUsable() takes an entry of the key that can be served, and nothing else", () => {
  assert(isUsable(entryOf(), KEY));
  assert(isUsable(entryOf({ headers: [], status: 404 }), KEY));
  const wrong = [
    undefined,
    {},
    { ...entryOf(), body: "text" },
    { ...entryOf(), body: undefined },
    entryOf({ key: "another" }),
    entryOf({ v: 2 as 1 }),
    ...[199, 600, 200.5, NaN, "200"].map((status) => entryOf({ status: status as number })),
    entryOf({ headers: [["bad name", "x"]] }),
    entryOf({ headers: [["x", "a\nb"]] }),
    entryOf({ headers: [["alone"]] as unknown as [string, string][] }),
  ];
  for (const [index, entry] of wrong.entries()) {
    assertEquals(isUsable(entry as CacheEntry, KEY), false, `${index}`);
  }
});

test("isUsable() takes nothing that toReply() can't make a reply of", () => {
  for (const headers of [undefined, null, { "content-type": "text/plain" }, new Headers({ a: "b" }), "", 5]) {
    const entry = entryOf({ headers: headers as unknown as CacheMeta["headers"] });
    if (isUsable(entry, KEY)) assertEquals(toReply(entry, "cache").status, 200);
  }
});

test("isStorable() takes a 200 from the network whose server does not forbid it", () => {
  assert(isStorable(replyOf(200)));
  assert(isStorable(replyOf(200, { "cache-control": "no-cache, max-age=0, private" })));
  assert(isStorable(replyOf(200, { "cache-control": "x-no-store, no-storex" })));
  for (const value of ["no-store", "NO-STORE", "max-age=5, no-store", "no-store ,private"]) {
    assertEquals(isStorable(replyOf(200, { "cache-control": value })), false, value);
  }
  for (const status of [201, 204, 206, 301, 304, 404, 500]) assertEquals(isStorable(replyOf(status)), false);
  for (const from of ["cache", "stale", "shared"] as const) {
    assertEquals(isStorable(replyOf(200, {}, from)), false, from);
  }
});

test("toEntry() keeps what the reply says and when, but no cookies, and can be written as JSON", () => {
  const headers: [string, string][] = [["content-type", "a/b"], ["set-cookie", "s=1"], ["set-cookie", "t=2"]];
  const reply = replyOf(200, headers);
  const body = new Uint8Array([1, 2]);
  const times = { key: KEY, url: "https://other.test/", requestedAtMs: 5, storedAtMs: 7, ttlMs: 100 };
  const entry = toEntry(reply, body, times);
  assertStrictEquals(entry.body, body);
  assertEquals(entry.meta, {
    v: 1,
    key: KEY,
    url: URL_A,
    status: 200,
    headers: [["content-type", "a/b"]],
    vary: [],
    requestedAt: 5,
    storedAt: 7,
    initialAge: 0,
    freshForMs: 100,
    removeAt: null,
  });
  assert(isUsable(entry, KEY));

  const forEver = toEntry(reply, body, { ...times, ttlMs: Infinity }).meta;
  assertEquals(forEver.freshForMs, null);
  assertEquals(JSON.parse(JSON.stringify(forEver)), forEver);
});

test("toEntry() keeps the URL that was asked for when the response knows none", () => {
  const reply = new Reply({ status: 200, headers: new Headers(), url: "" }, { from: "network" });
  const times = { key: KEY, url: URL_A, requestedAtMs: 0, storedAtMs: 0, ttlMs: 1 };
  assertEquals(toEntry(reply, new Uint8Array(), times).meta.url, URL_A);
});

test("isFresh() counts from when the entry was stored, and the age it had then", () => {
  const { meta } = entryOf({ freshForMs: 100 });
  assertEquals([1_000, 1_099, 1_100].map((now) => isFresh(meta, now)), [true, true, false]);
  const aged = { ...meta, initialAge: 40 };
  assertEquals([1_059, 1_060].map((now) => isFresh(aged, now)), [true, false]);
  assertEquals(isFresh({ ...meta, freshForMs: 0 }, 1_000), false);
  assertEquals(isFresh({ ...meta, freshForMs: null }, 1e15), true);
});

test("isFresh() does not trust an entry from the future", () => {
  assertEquals(isFresh(entryOf({ freshForMs: 100 }).meta, 999), false);
});

test("toReply() gives back what the entry stands for, shared, with headers of its own", () => {
  const entry = entryOf({ headers: [["a", "1"], ["a", "2"]] });
  const reply = toReply(entry, "stale");
  assertEquals([reply.status, reply.url, reply.from, reply.shared], [200, URL_A, "stale", true]);
  assertEquals(reply.headers.get("a"), "1, 2");
  assertStrictEquals(reply.body, entry.body);
  reply.headers.set("a", "changed");
  assertEquals(toReply(entry, "cache").headers.get("a"), "1, 2");
});
