import { assertEquals } from "@std/assert";
import { isOfUse, type StorableResponse, toMeta } from "../../../src/http_cache/rfc9111/meta.ts";
import { test } from "../../support/test.ts";
import { dateAt, NOW } from "./stored.ts";

const MONTH_MS = 30 * 86_400_000;

function describe(headers: Record<string, string>, response: Partial<StorableResponse> = {}) {
  return toMeta({
    key: "key",
    url: "https://a.test/",
    status: 200,
    headers: new Headers(headers),
    vary: [],
    requestedAtMs: NOW - 2_000,
    storedAtMs: NOW,
    ...response,
  });
}

test("toMeta() keeps the inputs of freshness, not a verdict", () => {
  const vary = [["foo", null]] as const;
  assertEquals(describe({ "cache-control": "max-age=60", age: "5", "set-cookie": "a=b" }, { vary }), {
    v: 1,
    key: "key",
    url: "https://a.test/",
    status: 200,
    headers: [["cache-control", "max-age=60"], ["date", dateAt(NOW)]],
    vary,
    requestedAt: NOW - 2_000,
    storedAt: NOW,
    initialAge: 7_000,
    freshForMs: 60_000,
    removeAt: NOW + 53_000 + MONTH_MS,
  });
});

test("toMeta() guesses how long a response is fresh that does not say it, by its status and its dates", () => {
  const modified = { "last-modified": dateAt(NOW - 100_000_000) };
  const freshFor = (headers: Record<string, string>, status = 200) =>
    describe(headers, { status }).freshForMs;
  assertEquals([freshFor(modified), freshFor(modified, 404), freshFor({})], [10_000_000, 0, 0]);
  assertEquals([freshFor({}, 301), freshFor({}, 302)], [86_400_000, 0]);
  assertEquals(freshFor({ expires: dateAt(NOW + 5_000) }), 5_000);
});

test("toMeta() keeps a stale response for a month, or as long as a stale window lasts", () => {
  const removeAt = (cacheControl: string, windows = {}) =>
    describe({ "cache-control": cacheControl, etag: '"1"' }, { windows }).removeAt;
  assertEquals(removeAt("max-age=0"), NOW + MONTH_MS);
  assertEquals(removeAt("max-age=0, stale-if-error=5184000"), NOW + 2 * MONTH_MS);
  assertEquals(removeAt("max-age=0, stale-while-revalidate=5184000"), NOW + 2 * MONTH_MS);
  assertEquals(removeAt("max-age=0", { staleIfErrorMs: 3 * MONTH_MS }), NOW + 3 * MONTH_MS);
});

test("toMeta() stores null for an infinite lifetime, since JSON has no infinity", () => {
  const { freshForMs, removeAt } = describe({}, { fallbackMs: Infinity });
  assertEquals([freshForMs, removeAt], [null, null]);
  assertEquals(describe({ etag: '"1"' }, { windows: { staleIfErrorMs: Infinity } }).removeAt, null);
});

test("isOfUse() is true for a response that is fresh, can be validated, or may be used stale", () => {
  const response = (headers: Record<string, string>, windows = {}) => isOfUse(describe(headers, { windows }));
  assertEquals(response({ "cache-control": "max-age=60" }), true);
  assertEquals([response({ etag: '"1"' }), response({ "last-modified": dateAt(NOW) })], [true, true]);
  assertEquals(response({ "cache-control": "max-age=0, stale-if-error=60" }), true);
  assertEquals(response({}, { staleWhileRevalidateMs: 60_000 }), true);
  assertEquals(isOfUse(describe({}, { fallbackMs: Infinity })), true);
});

test("isOfUse() is false for a response that arrived stale and can't be validated", () => {
  const response = (cacheControl: string, age = "0") =>
    isOfUse(describe({ "cache-control": cacheControl, age }));
  assertEquals([response(""), response("max-age=0"), response("no-cache, max-age=60")], [
    false,
    false,
    false,
  ]);
  assertEquals([response("max-age=60", "60"), response("max-age=60", "60, 0")], [false, false]);
});
