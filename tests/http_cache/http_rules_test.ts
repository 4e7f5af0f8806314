import { assert, assertEquals } from "@std/assert";
import { requestDirectives } from "../../src/http_cache/rfc9111/cache_control.ts";
import type { StaleWindows } from "../../src/http_cache/rfc9111/reuse.ts";
import { HttpRules } from "../../src/http_cache/http_rules.ts";
import type { LifetimeOptions } from "../../src/http_cache/lifetimes.ts";
import type { CachedRequest, CachedResponse } from "../../src/http_cache/rules.ts";
import type { Hop } from "../../src/policies/journey.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/x";
const NOW = 1_767_225_600_000;
const PLACEMENT = { key: "key", vary: [] };

function rulesWith(lifetimes: Partial<LifetimeOptions> = {}, windows: StaleWindows = {}): HttpRules {
  return new HttpRules({ ttlMs: undefined, negative: {}, onError: () => {}, ...lifetimes }, windows);
}

function requestOf(headers: Record<string, string> = {}, partition = ""): CachedRequest {
  return {
    url: URL_A,
    headers,
    sentHeaders: headers,
    partition,
    directives: requestDirectives(headers),
    refusesRedirects: false,
  };
}

function responseOf(headers: HeadersInit, response: Partial<CachedResponse> = {}): CachedResponse {
  return {
    url: URL_A,
    status: 200,
    headers: new Headers(headers),
    redirects: [],
    requestedAtMs: NOW,
    storedAtMs: NOW,
    ...response,
  };
}

test("HttpRules has one primary key for all headers of a URL, and another one for each partition", () => {
  const rules = rulesWith();
  assertEquals(rules.primaryKey(requestOf({ accept: "a" })), rules.primaryKey(requestOf()));
  assert(rules.primaryKey(requestOf({}, "alice")) !== rules.primaryKey(requestOf()));
});

test("HttpRules does not handle requests with no-store, or with a condition of their own", () => {
  const rules = rulesWith();
  for (
    const headers of [{}, { range: "bytes=0-1" }, { "cache-control": "no-cache" }, { pragma: "no-cache" }]
  ) {
    assert(rules.isCacheable(requestOf(headers as Record<string, string>)));
  }
  for (
    const [name, value] of [
      ["cache-control", "no-store"],
      ["if-none-match", '"1"'],
      ["if-modified-since", "x"],
      ["if-match", "*"],
      ["if-unmodified-since", "x"],
      ["if-range", '"1"'],
    ] as const
  ) assertEquals(rules.isCacheable(requestOf({ [name]: value })), false, name);
});

test("HttpRules stores what the server allows, for as long as it says", () => {
  const rules = rulesWith();
  const store = (headers: HeadersInit, response: Partial<CachedResponse> = {}, request = requestOf()) =>
    rules.toMeta(responseOf(headers, response), request, PLACEMENT);
  assertEquals(store({ "cache-control": "max-age=60" })?.freshForMs, 60_000);
  assertEquals(store({ "cache-control": "max-age=60" }, { url: "" })?.url, URL_A);
  assertEquals(store({ "cache-control": "max-age=60" }, { redirects: undefined }), undefined);
  assertEquals(store({ "cache-control": "max-age=60, no-store" }), undefined);
  assertEquals(store({ "cache-control": "max-age=60", vary: "*" }), undefined);
  assertEquals(store({ "cache-control": "max-age=60" }, { status: 206 }), undefined);
  assertEquals(store({ "cache-control": "max-age=60" }, {}, requestOf({ range: "bytes=0-1" })), undefined);
  // No request could ever use it.
  assertEquals(store({ "cache-control": "max-age=0" }), undefined);
  assertEquals(store({ "cache-control": "no-cache", etag: '"1"' })?.freshForMs, 0);
});

test("HttpRules uses the user's lifetime where the server states none", () => {
  const rules = rulesWith({ ttlMs: () => 5_000, negative: { 404: 7_000 } });
  const freshFor = (headers: HeadersInit, status = 200) =>
    rules.toMeta(responseOf(headers, { status }), requestOf(), PLACEMENT)?.freshForMs;
  assertEquals([freshFor({}), freshFor({ "cache-control": "max-age=60" })], [5_000, 60_000]);
  assertEquals([freshFor({}, 404), freshFor({}, 410), freshFor({ "cache-control": "max-age=1" }, 404)], [
    7_000,
    undefined,
    1_000,
  ]);
  assertEquals(freshFor({}, 500), undefined);
});

test("HttpRules obeys the request and the stale windows, the server's before the user's", () => {
  const rules = rulesWith({}, { staleWhileRevalidateMs: 10_000, staleIfErrorMs: 20_000 });
  const metaOf = (control: string) =>
    rules.toMeta(responseOf({ "cache-control": control, etag: '"1"' }), requestOf(), PLACEMENT)!;
  const meta = metaOf("max-age=60");
  const at = (ms: number, headers = {}) => rules.reuseOf(meta, requestOf(headers), NOW + ms);
  assertEquals([at(59_999), at(60_000), at(69_999), at(70_000)], [
    "fresh",
    "stale-while-revalidate",
    "stale-while-revalidate",
    "validate",
  ]);
  assertEquals(at(0, { "cache-control": "no-cache" }), "validate");
  assertEquals(rules.mayAnswerError(meta, requestOf(), NOW + 79_999), true);
  assertEquals(rules.mayAnswerError(meta, requestOf(), NOW + 80_000), false);
  const own = metaOf("max-age=60, stale-while-revalidate=0, stale-if-error=0");
  assertEquals(rules.reuseOf(own, requestOf(), NOW + 60_000), "validate");
  assertEquals(rules.mayAnswerError(own, requestOf(), NOW + 60_000), false);
});

test("HttpRules freshens an entry with the headers of a 304, and asks for the user's lifetime again", () => {
  const rules = rulesWith({ ttlMs: () => 5_000 });
  const meta = rules.toMeta(responseOf({ etag: '"1"', "x-a": "old" }), requestOf(), PLACEMENT)!;
  const times = { status: 304, requestedAtMs: NOW + 9_000, storedAtMs: NOW + 9_000 };
  const { meta: now, storable } = rules.freshen(meta, responseOf({ "x-a": "new" }, times), requestOf());
  assertEquals([storable, now.freshForMs, now.storedAt, now.status], [true, 5_000, NOW + 9_000, 200]);
  assertEquals(now.headers.find(([name]) => name === "x-a"), ["x-a", "new"]);
  const ended = rules.freshen(meta, responseOf({ "cache-control": "no-store" }, times), requestOf());
  assertEquals(ended.storable, false);
});

test("HttpRules serves headers with the age, and names the URLs that a change makes stale", () => {
  const rules = rulesWith();
  const meta = rules.toMeta(responseOf({ "cache-control": "max-age=60" }), requestOf(), PLACEMENT)!;
  assertEquals(rules.servedHeaders(meta, NOW + 5_500).find(([name]) => name === "age"), ["age", "5"]);
  const change = { url: URL_A, status: 204, fields: new Headers({ location: "/y" }) };
  assertEquals(rules.invalidatedUrls({ ...change, method: "PUT" }), [URL_A, "https://a.test/y"]);
  assertEquals(rules.invalidatedUrls({ ...change, method: "GET" }), []);
  assertEquals(rules.varyNames({ headers: new Headers({ vary: "B, a" }), redirects: [] }), ["a", "b"]);
  assertEquals(rules.varyNames({ headers: new Headers({ vary: "*" }), redirects: [] }), undefined);
});

/** A redirect that has just arrived. */
function hopWith(headers: HeadersInit): Hop {
  const [from, to] = [{ url: URL_A, method: "GET" }, { url: "https://b.test/y", method: "GET" }];
  return { from, to, status: 302, headers: new Headers(headers), sentAtMs: NOW, answeredAtMs: NOW };
}

test("HttpRules selects by the Vary names of a response and of its redirects", () => {
  const names = (own: HeadersInit, ...hops: HeadersInit[]) =>
    rulesWith().varyNames({ headers: new Headers(own), redirects: hops.map(hopWith) });
  assertEquals(names({ vary: "b" }, { vary: "A, b" }, {}, { vary: "c" }), ["a", "b", "c"]);
  assertEquals(names({}, {}), []);
  assertEquals([names({}, { vary: "*" }), names({ vary: "*" }, {}), names({}, { vary: "no name" })], [
    undefined,
    undefined,
    undefined,
  ]);
});

test("HttpRules stores redirected answers if all redirects allow it, and no location with a password", () => {
  const headers = { "cache-control": "max-age=60" };
  const url = "https://b.test/y";
  const store = (response: Partial<CachedResponse>, own: HeadersInit = headers) =>
    rulesWith().toMeta(responseOf(own, { url, ...response }), requestOf(), PLACEMENT);
  const meta = store({ redirects: [hopWith({ "cache-control": "max-age=30" })] });
  assertEquals([meta?.url, meta?.freshForMs, meta?.via?.length], [url, 30_000, 1]);
  assertEquals(store({ redirects: [hopWith({})] }), undefined);
  assertEquals(
    store({ redirects: [hopWith(headers)] }, { "cache-control": "no-cache", etag: '"1"' }),
    undefined,
  );
  assertEquals(store({ redirects: [hopWith(headers)], url: "https://a:b@b.test/y" }), undefined);
  assertEquals(store({ status: 302 }, { ...headers, location: "https://a:b@b.test/y" }), undefined);
  assertEquals(store({ status: 302 }, { ...headers, location: "https://b.test/y" })?.status, 302);
});
