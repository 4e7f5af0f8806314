import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { CacheMeta } from "../../src/cache/cache.ts";
import { parseCacheControl } from "../../src/http_cache/rfc9111/cache_control.ts";
import type { StaleWindows } from "../../src/http_cache/rfc9111/reuse.ts";
import type { LifetimeOptions } from "../../src/http_cache/lifetimes.ts";
import type { CachedRequest, CachedResponse } from "../../src/http_cache/rules.ts";
import { TtlRules } from "../../src/http_cache/ttl_rules.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/x";
const PLACEMENT = { key: "key", vary: [] };

function rulesWith(
  ttlMs: number,
  windows: StaleWindows = {},
  negative: LifetimeOptions["negative"] = {},
): TtlRules {
  return new TtlRules({ ttlMs: () => ttlMs, negative, onError: () => {} }, windows);
}

function requestOf(headers: Record<string, string> = {}, partition = "", url = URL_A): CachedRequest {
  return { url, headers, sentHeaders: headers, partition, directives: new Map(), refusesRedirects: false };
}

function responseOf(status = 200, headers: HeadersInit = {}): CachedResponse {
  const times = { requestedAtMs: 900, storedAtMs: 1_000 };
  return { url: URL_A, status, headers: new Headers(headers), redirects: [], ...times };
}

function metaOf(rules: TtlRules, response = responseOf()): CacheMeta {
  return rules.toMeta(response, requestOf(), PLACEMENT)!;
}

test("TtlRules tells URLs, headers and partitions apart, but not the fragment or the order of headers", () => {
  const rules = rulesWith(1);
  const keys = [
    requestOf(),
    requestOf({}, "alice"),
    requestOf({}, "", `${URL_A}?y`),
    requestOf({}, "", `${URL_A}/`),
    requestOf({ accept: "a" }),
    requestOf({ accept: "b" }),
    requestOf({ "accept-language": "a" }),
    requestOf({ accept: "a", b: "c" }),
    requestOf({ accept: "a,b,c" }),
    requestOf({ accept: 'a"],["b","c' }),
  ].map((request) => rules.primaryKey(request));
  assertEquals(new Set(keys).size, keys.length);
  assertEquals(rules.primaryKey(requestOf({}, "", `${URL_A}#part`)), keys[0]);
  const [one, other] = [{ b: "1", a: "2" }, { a: "2", b: "1" }].map((headers) =>
    rules.primaryKey(requestOf(headers))
  );
  assertEquals(one, other);
  assertNotEquals(rules.primaryKey(requestOf({ b: "2", a: "1" })), one);
});

test("TtlRules gives requests with and without Cache-Control and Pragma the same key", () => {
  const rules = rulesWith(1);
  const forCaches = { "cache-control": "no-cache", pragma: "no-cache" };
  assertEquals(rules.primaryKey(requestOf(forCaches)), rules.primaryKey(requestOf()));
  assertEquals(
    rules.primaryKey(requestOf({ ...forCaches, a: "1" })),
    rules.primaryKey(requestOf({ a: "1" })),
  );
});

test("TtlRules puts no header's value into a key, since it may be a secret", () => {
  const key = rulesWith(1).primaryKey(requestOf({ "x-token": "secret" }));
  assert(!key.includes("secret") && !key.includes("x-token"), key);
});

test("TtlRules does not cache ranges, and heeds only Accept among the names in Vary", () => {
  const rules = rulesWith(1);
  assertEquals([rules.isCacheable(requestOf()), rules.isCacheable(requestOf({ range: "bytes=0-1" }))], [
    true,
    false,
  ]);
  for (
    const [vary, names] of [["", []], ["origin", []], ["*", []], ["origin, Accept", ["accept"]]] as const
  ) {
    assertEquals(rules.varyNames(responseOf(200, { vary })), [...names]);
  }
  assertEquals(rules.invalidatedUrls(), []);
});

test("TtlRules stores for the given time, whatever the server says, unless it says no-store", () => {
  const said = responseOf(200, {
    "cache-control": "max-age=5, no-cache, private",
    "set-cookie": "a=1",
    "x-a": "1",
  });
  const meta = metaOf(rulesWith(100), said);
  assertEquals([meta.v, meta.key, meta.url, meta.status, meta.vary], [1, "key", URL_A, 200, []]);
  assertEquals([meta.requestedAt, meta.storedAt, meta.initialAge, meta.freshForMs], [900, 1_000, 0, 100]);
  assertEquals(meta.headers.map(([name]) => name), ["cache-control", "x-a"]);
  for (const value of ["no-store", "max-age=60, No-Store"]) {
    const response = responseOf(200, { "cache-control": value });
    assertEquals(rulesWith(100).toMeta(response, requestOf(), PLACEMENT), undefined, value);
  }
  assertEquals(rulesWith(0).toMeta(responseOf(), requestOf(), PLACEMENT), undefined);
  assertEquals(rulesWith(100).toMeta(responseOf(404), requestOf(), PLACEMENT), undefined);
  assertEquals(rulesWith(100, {}, { 404: 7 }).toMeta(responseOf(404), requestOf(), PLACEMENT)?.freshForMs, 7);
});

test("TtlRules keeps entries for ever with an infinite time, and their metadata can be written as JSON", () => {
  const meta = metaOf(rulesWith(Infinity));
  assertEquals([meta.freshForMs, meta.removeAt], [null, null]);
  assertEquals(JSON.parse(JSON.stringify(meta)), meta);
  const endless = metaOf(rulesWith(100, { staleIfErrorMs: Infinity }));
  assertEquals([endless.freshForMs, endless.removeAt], [100, null]);
  assertEquals(rulesWith(Infinity).reuseOf(meta, requestOf(), 1e18), "fresh");
});

test("TtlRules keeps an entry that is no longer fresh as long as a stale window needs it", () => {
  const day = 86_400_000;
  assertEquals(metaOf(rulesWith(100)).removeAt, 1_000 + 100 + 30 * day);
  assertEquals(metaOf(rulesWith(100, { staleIfErrorMs: 90 * day })).removeAt, 1_000 + 100 + 90 * day);
});

test("TtlRules keeps the note of a missing resource as long as the resource itself, and asks for a 200's time", () => {
  const day = 86_400_000;
  const removeAtOf = (ttlMs: number) =>
    rulesWith(ttlMs, {}, { 404: 7 }).toMeta(responseOf(404), requestOf(), PLACEMENT)?.removeAt;
  assertEquals([0, 90 * day, Infinity].map(removeAtOf), [1_000 + 7 + 30 * day, 1_000 + 120 * day, null]);
  const asked: number[] = [];
  const rules = new TtlRules({
    ttlMs: (_url, { status }) => asked.push(status),
    negative: { 404: 7 },
    onError: () => {},
  }, {});
  for (const status of [200, 404]) rules.toMeta(responseOf(status), requestOf(), PLACEMENT);
  assertEquals(asked, [200, 200]);
});

test("TtlRules reuses an entry while fresh, then within the window; a time in the future counts by its distance", () => {
  const rules = rulesWith(100, { staleWhileRevalidateMs: 50 });
  const meta = metaOf(rules);
  assertEquals(
    [1_000, 1_099, 1_100, 1_149, 1_150, 999, 850].map((now) => rules.reuseOf(meta, requestOf(), now)),
    [
      "fresh",
      "fresh",
      "stale-while-revalidate",
      "stale-while-revalidate",
      "validate",
      "fresh",
      "validate",
    ],
  );
  assertEquals(rulesWith(100).reuseOf(meta, requestOf(), 1_100), "validate");
});

test("TtlRules obeys the request's directives, and ignores those of the response", () => {
  const rules = rulesWith(100, { staleIfErrorMs: 5_000 });
  const meta = {
    ...metaOf(rules, responseOf(200, { "cache-control": "must-revalidate, max-age=0" })),
    via: [],
  };
  const cases = [
    ["no-cache", 1_000, "validate", false],
    ["max-age=0", 1_000, "validate", true],
    ["min-fresh=1", 1_000, "validate", true],
    ["max-age=60", 1_000, "fresh", true],
    ["max-stale", 1_100, "stale", true],
    ["stale-if-error=0", 1_100, "validate", false],
    ["only-if-cached", 1_099, "fresh", true],
  ] as const;
  for (const [text, nowMs, reuse, mayAnswerError] of cases) {
    const request = { ...requestOf(), directives: parseCacheControl(text) };
    assertEquals(rules.reuseOf(meta, request, nowMs), reuse, text);
    assertEquals(rules.mayAnswerError(meta, request, nowMs), mayAnswerError, text);
  }
  const endless = rulesWith(Infinity);
  const request = { ...requestOf(), directives: parseCacheControl("no-cache") };
  assertEquals(endless.reuseOf(metaOf(endless), request, 1_000), "validate");
});

test("TtlRules lets a stale entry answer for an error within its window", () => {
  const rules = rulesWith(100, { staleIfErrorMs: 50 });
  const meta = metaOf(rules);
  assertEquals([1_149, 1_150].map((now) => rules.mayAnswerError(meta, requestOf(), now)), [true, false]);
  assertEquals(rulesWith(100).mayAnswerError(meta, requestOf(), 1_100), false);
});

test("TtlRules lets no entry answer for an error without a window, however fresh it is", () => {
  for (const ttlMs of [100, Infinity]) {
    for (const windows of [{}, { staleIfErrorMs: 0 }, { staleWhileRevalidateMs: 50 }]) {
      const rules = rulesWith(ttlMs, windows);
      const meta = metaOf(rules);
      assertEquals([1_000, 1_099].map((now) => rules.mayAnswerError(meta, requestOf(), now)), [false, false]);
    }
    const rules = rulesWith(ttlMs, { staleIfErrorMs: 50 });
    assertEquals(rules.mayAnswerError(metaOf(rules), requestOf(), 1_000), true);
  }
});

test("TtlRules starts the time anew after a 304, and removes an entry that may not be kept any more", () => {
  const meta = metaOf(rulesWith(100), responseOf(200, { "x-a": "1" }));
  const notModified = { ...responseOf(304), requestedAtMs: 5_000, storedAtMs: 5_010 };
  const seen: unknown[] = [];
  const rules = new TtlRules({
    ttlMs: (url, { status, headers }) => seen.push([url.href, status, headers.get("x-a")]) * 70,
    negative: {},
    onError: () => {},
  }, {});
  const freshened = rules.freshen(meta, notModified, requestOf());
  const { requestedAt, storedAt, freshForMs, headers } = freshened.meta;
  assertEquals([requestedAt, storedAt, freshForMs, freshened.storable], [5_000, 5_010, 70, true]);
  assertEquals([headers, seen], [meta.headers, [[URL_A, 200, "1"]]]);
  assertEquals(rulesWith(0).freshen(meta, notModified, requestOf()).storable, false);
});

test("TtlRules returns headers of its own, without an age", () => {
  const meta = metaOf(rulesWith(100), responseOf(200, { "x-a": "1" }));
  const served = rulesWith(100).servedHeaders(meta);
  served[0]![1] = "changed";
  assertEquals(meta.headers, [["x-a", "1"]]);
});
