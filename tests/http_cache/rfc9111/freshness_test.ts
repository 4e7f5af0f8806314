import { assertEquals } from "@std/assert";
import { MAX_DELTA_MS } from "../../../src/http_cache/rfc9111/delta_seconds.ts";
import { freshnessLifetimeMs } from "../../../src/http_cache/rfc9111/freshness.ts";
import { test } from "../../support/test.ts";
import { dateAt, NOW } from "./stored.ts";

const DAY_MS = 86_400_000;

function lifetimeOf(headers: Record<string, string>, { status = 200, fallbackMs }: {
  status?: number;
  fallbackMs?: number;
} = {}): number {
  return freshnessLifetimeMs({ status, fields: new Headers(headers), storedAtMs: NOW, fallbackMs });
}

test("freshnessLifetimeMs() is max-age, whatever Expires says", () => {
  const expires = dateAt(NOW - 7_200_000);
  assertEquals(lifetimeOf({ "cache-control": "max-age=60", expires }), 60_000);
  assertEquals(lifetimeOf({ "cache-control": "max-age=0", expires: dateAt(NOW + DAY_MS) }), 0);
  assertEquals(lifetimeOf({ "cache-control": "max-age=x", expires: dateAt(NOW + DAY_MS) }), 0);
});

test("freshnessLifetimeMs() ignores s-maxage", () => {
  assertEquals(lifetimeOf({ "cache-control": "s-maxage=3600, max-age=1" }), 1_000);
  assertEquals(lifetimeOf({ "cache-control": "s-maxage=3600" }), 0);
});

test("freshnessLifetimeMs() is Expires less Date, or less the time of arrival", () => {
  const expires = dateAt(NOW + 60_000);
  assertEquals(lifetimeOf({ expires, date: dateAt(NOW - 10_000) }), 70_000);
  assertEquals(lifetimeOf({ expires, date: dateAt(NOW + 90_000) }), 0);
  assertEquals([lifetimeOf({ expires }), lifetimeOf({ expires, date: "foo" })], [60_000, 60_000]);
  assertEquals(lifetimeOf({ expires: "Fri, 01 Jan 9999 00:00:00 GMT" }), MAX_DELTA_MS);
  // RFC 9111 §4.2: a cache should ignore the case.
  assertEquals([
    lifetimeOf({ expires: expires.toLowerCase() }),
    lifetimeOf({ expires: expires.toUpperCase() }),
  ], [
    60_000,
    60_000,
  ]);
});

test("freshnessLifetimeMs() is 0 for a malformed Expires, even where a heuristic would apply", () => {
  const malformed = [
    "0",
    "-1",
    "",
    "Thu 18 Aug 2050 02:01:18 GMT",
    "Thu, 18  Aug  2050 02:01:18 GMT",
    "Thu, 18-Aug-2050 02:01:18 GMT",
    "Thu, 18 Aug 2050 2:01:18 GMT",
    "Thu, 18 Aug 50 02:01:18 GMT",
    "Thu, 18 Aug 2050 02:01:18 UTC",
    "Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT",
  ];
  for (const expires of malformed) {
    assertEquals(lifetimeOf({ expires, "last-modified": dateAt(NOW - DAY_MS) }), 0, expires);
  }
});

test("freshnessLifetimeMs() is 0 with no-cache, and not with no-cache for some fields", () => {
  assertEquals(lifetimeOf({ "cache-control": "max-age=60, no-cache" }), 0);
  assertEquals(lifetimeOf({ "cache-control": 'max-age=60, no-cache="a"' }), 60_000);
});

test("freshnessLifetimeMs() is by heuristic a tenth of the time since the last change, and at most a day", () => {
  const guess = (unchangedMs: number, headers = {}) =>
    lifetimeOf({ "last-modified": dateAt(NOW - unchangedMs), date: dateAt(NOW), ...headers });
  assertEquals([guess(100_000), guess(DAY_MS), guess(3_650 * DAY_MS)], [10_000, DAY_MS / 10, DAY_MS]);
  assertEquals([guess(-5_000), guess(100_000, { pragma: "no-cache" })], [0, 0]);
  assertEquals([lifetimeOf({ "last-modified": "yesterday" }), lifetimeOf({})], [0, 0]);
});

test("freshnessLifetimeMs() uses the heuristic for statuses that are cacheable by default, and for public responses", () => {
  const headers = { "last-modified": dateAt(NOW - 100_000), date: dateAt(NOW) };
  for (const status of [200, 203, 204, 300, 301, 308]) assertEquals(lifetimeOf(headers, { status }), 10_000);
  for (const status of [201, 202, 302, 404, 410, 599]) assertEquals(lifetimeOf(headers, { status }), 0);
  assertEquals(lifetimeOf({ ...headers, "cache-control": "public" }, { status: 599 }), 10_000);
});

test("freshnessLifetimeMs() uses the fallback where the server states no lifetime, and only there", () => {
  const modified = { "last-modified": dateAt(NOW - 100_000) };
  assertEquals(lifetimeOf(modified, { fallbackMs: 5_000 }), 5_000);
  assertEquals(lifetimeOf({}, { status: 404, fallbackMs: Infinity }), Infinity);
  assertEquals(lifetimeOf({ "cache-control": "max-age=1" }, { fallbackMs: 5_000 }), 1_000);
  assertEquals(lifetimeOf({ "cache-control": "no-cache" }, { fallbackMs: 5_000 }), 0);
});

test("freshnessLifetimeMs() is by heuristic a day for a permanent redirect without Last-Modified", () => {
  for (const status of [301, 308]) {
    assertEquals(lifetimeOf({}, { status }), DAY_MS);
    assertEquals(
      lifetimeOf({ "last-modified": dateAt(NOW - 100_000), date: dateAt(NOW) }, { status }),
      10_000,
    );
    assertEquals(lifetimeOf({ pragma: "no-cache" }, { status }), 0);
    assertEquals(lifetimeOf({ "cache-control": "max-age=1" }, { status }), 1_000);
  }
  for (const status of [200, 300, 302, 303, 307]) assertEquals(lifetimeOf({}, { status }), 0);
});
