import { assertEquals } from "@std/assert";
import { isStorable, type StorabilityInput } from "../../../src/http_cache/rfc9111/storability.ts";
import { test } from "../../support/test.ts";
import { dateAt, NOW } from "./stored.ts";

function storable(response: Record<string, string>, exchange: Partial<StorabilityInput> = {}): boolean {
  return isStorable({ method: "GET", headers: {}, status: 200, fields: new Headers(response), ...exchange });
}

const FRESH = { "cache-control": "max-age=60" };

test("isStorable() allows answers to GET, and nothing else", () => {
  assertEquals(storable(FRESH), true);
  for (const method of ["HEAD", "POST", "PUT", "OPTIONS", "get"]) {
    assertEquals(storable(FRESH, { method }), false);
  }
});

test("isStorable() refuses answers to range requests, and to requests with no-store", () => {
  assertEquals(storable(FRESH, { headers: { range: "bytes=0-1" } }), false);
  assertEquals(storable(FRESH, { headers: { "cache-control": "no-store" } }), false);
  assertEquals(storable(FRESH, { headers: { "cache-control": "no-cache" } }), true);
});

test("isStorable() heeds no-store at any place", () => {
  for (
    const text of ["no-store", "max-age=60, No-Store", 'a="b", no-store', "no-store=1", 'a="b, no-store']
  ) {
    assertEquals(storable({ "cache-control": text }), false, text);
  }
  assertEquals(storable({ "cache-control": 'a="no-store", max-age=60' }), true);
});

test("isStorable() allows private and no-cache", () => {
  for (const text of ["private", "private, max-age=60", "no-cache", 'private="a"']) {
    assertEquals(storable({ "cache-control": text }), true, text);
  }
});

test("isStorable() never allows 206, 304, refusals, and statuses that are retried", () => {
  const refusals = [401, 403, 407, 421, 425, 428, 431, 511];
  const retried = [408, 429, 500, 502, 503, 504];
  for (const status of [100, 206, 304, ...refusals, ...retried, 600, 999]) {
    assertEquals(storable(FRESH, { status }), false, String(status));
    assertEquals(storable(FRESH, { status, fallbackMs: 1 }), false, String(status));
  }
});

test("isStorable() allows other statuses with an explicit lifetime", () => {
  for (const status of [201, 299, 302, 303, 307, 400, 404, 405, 410, 414, 499, 501]) {
    assertEquals(storable({}, { status }), false, String(status));
    assertEquals(storable(FRESH, { status }), true, String(status));
    assertEquals(storable({ expires: dateAt(NOW) }, { status }), true, String(status));
    assertEquals(storable({}, { status, fallbackMs: 1 }), true, String(status));
  }
  for (const status of [200, 203, 204, 300, 301, 308]) assertEquals(storable({}, { status }), true);
});

test("isStorable() refuses a response that is to be fresh for no time, unless the server says how to use it", () => {
  const silent: Record<string, string>[] = [{}, { etag: '"1"' }, { "cache-control": "private" }];
  for (const headers of silent) assertEquals(storable(headers, { fallbackMs: 0 }), false);
  for (const text of ["max-age=60", "max-age=0", "no-cache"]) {
    assertEquals(storable({ "cache-control": text }, { fallbackMs: 0 }), true, text);
  }
});

test("isStorable() refuses a response with Vary: *, which no request can select", () => {
  for (const vary of ["*", "a, *", "*, *", ", *", "a b", "a;b"]) {
    assertEquals(storable({ ...FRESH, vary }), false, vary);
  }
  assertEquals(storable({ ...FRESH, vary: "a, b" }), true);
});

test("isStorable() heeds must-understand: it refuses unknown statuses, and ignores no-store for known ones", () => {
  const headers = { "cache-control": "max-age=60, must-understand, no-store" };
  assertEquals([200, 404, 299, 499].map((status) => storable(headers, { status })), [
    true,
    true,
    false,
    false,
  ]);
});
