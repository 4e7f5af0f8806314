import { assert, assertEquals } from "@std/assert";
import {
  directiveMs,
  isNoCache,
  noCacheFields,
  parseCacheControl,
  requestDirectives,
} from "../../../src/http_cache/rfc9111/cache_control.ts";
import { test } from "../../support/test.ts";

const parsed = (text: string | null) => [...parseCacheControl(text)];
const maxAgeMs = (text: string) => directiveMs(parseCacheControl(text), "max-age");

test("parseCacheControl() reads names without case, values, and white space and empty members between them", () => {
  assertEquals(parsed("No-StOrE,\t MaX-aGe=1 ,, foo=Bar,"), [
    ["no-store", [null]],
    ["max-age", ["1"]],
    ["foo", ["Bar"]],
  ]);
  assertEquals([parsed(null), parsed(""), parsed(" , ")], [[], [], []]);
});

test("parseCacheControl() keeps commas, equals signs and escapes in quotes", () => {
  assertEquals(parsed('a="b, max-age=1", c="\\"x\\\\", d'), [
    ["a", ["b, max-age=1"]],
    ["c", ['"x\\']],
    ["d", [null]],
  ]);
});

test("parseCacheControl() reads directives after a quote that never ends", () => {
  for (
    const text of ['foo="bar, no-store', 'foo="bar\\", no-store', 'a=", b=", no-store']
  ) {
    assert(parseCacheControl(text).has("no-store"), text);
  }
});

test("parseCacheControl() collects the values of a repeated directive", () => {
  assertEquals(parsed("max-age=1, MAX-AGE, max-age=2"), [["max-age", ["1", null, "2"]]]);
});

test("parseCacheControl() takes linear time for hostile text", () => {
  for (const unit of ['"\\', '"', '\\"', "=", " ", ",", "a "]) {
    // A quadratic parser would take longer than a test may.
    assert(parseCacheControl(`x${unit.repeat(500_000)}x`).size < 3);
  }
});

test("directiveMs() reads seconds, in quotes too", () => {
  assertEquals([maxAgeMs("max-age=60"), maxAgeMs('max-age="60"'), maxAgeMs("public")], [
    60_000,
    60_000,
    undefined,
  ]);
});

test("directiveMs() gives 0 for a malformed value", () => {
  const malformed = [
    "max-age",
    "max-age=",
    "max-age=-1",
    "max-age=1.0",
    "max-age='1'",
    "max-age=a1",
    "max-age=1a",
  ];
  for (
    const text of [...malformed, "max-age =1", "max-age= 1", 'max-age="1', 'max-age="1"2', 'max-age=" 1"']
  ) {
    assertEquals(maxAgeMs(text), 0, text);
  }
});

test("directiveMs() gives the shortest of several times, and 0 if one of them is malformed", () => {
  assertEquals(
    ["max-age=1, max-age=2", "max-age=2, max-age=1", "max-age=5, max-age=x", "max-age=5, max-age"].map(
      maxAgeMs,
    ),
    [1_000, 1_000, 0, 0],
  );
});

test("isNoCache() tells no-cache from no-cache for some fields", () => {
  const isAll = (text: string) => isNoCache(parseCacheControl(text));
  for (
    const text of ["no-cache", 'no-cache="a", no-cache', 'no-cache=""', 'no-cache="a b"', 'no-cache = "a"']
  ) {
    assert(isAll(text), text);
  }
  assertEquals(
    ["", "max-age=1", 'no-cache="a"', 'no-cache="a, B"', "no-cache=a"].map(isAll),
    Array(5).fill(false),
  );
});

test("isNoCache() treats no-cache for a field that the cache depends on as no-cache for all", () => {
  for (const name of ["age", "Cache-Control", "date", "ETag", "expires", "last-modified", "Vary"]) {
    assert(isNoCache(parseCacheControl(`no-cache="a, ${name}"`)), name);
  }
});

test("noCacheFields() names the fields that must not be reused, in lower case", () => {
  const fields = (text: string) => noCacheFields(parseCacheControl(text));
  assertEquals(fields('no-cache="A, b", no-cache=c, private="d"'), ["a", "b", "c"]);
  assertEquals([fields("no-cache"), fields('no-cache="vary"'), fields("")], [[], [], []]);
});

test("requestDirectives() heeds Pragma where there is no Cache-Control", () => {
  const names = (headers: Record<string, string>) => [...requestDirectives(headers).keys()];
  assertEquals(names({ pragma: "No-Cache" }), ["no-cache"]);
  assertEquals(names({ pragma: "no-cache", "cache-control": "max-age=1" }), ["max-age"]);
  assertEquals([names({ pragma: "foo" }), names({})], [[], []]);
});

test("directiveMs() finds the shortest of a hundred thousand times and more", () => {
  const times = Array.from({ length: 300_000 }, (_, index) => `max-age=${300_001 - index}`);
  assertEquals(directiveMs(parseCacheControl(times.join()), "max-age"), 2_000);
});
