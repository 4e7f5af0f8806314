import { assertEquals, assertStrictEquals } from "@std/assert";
import { type LifetimeOptions, ttlOf, type TtlResponse } from "../../src/http_cache/lifetimes.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/x?y";

function response(status = 200): TtlResponse {
  return { status, headers: new Headers(), storedAtMs: 0 };
}

function optionsWith(options: Partial<LifetimeOptions>): LifetimeOptions {
  return { ttlMs: undefined, negative: {}, onError: () => {}, ...options };
}

test("ttlOf() calls the function with the URL and the response, for a 200 only", () => {
  const seen: unknown[][] = [];
  const options = optionsWith({ ttlMs: (...args) => seen.push(args) * 100 });
  const given = response();
  assertEquals(ttlOf(options, URL_A, given), 100);
  assertEquals((seen[0]![0] as URL).href, URL_A);
  assertStrictEquals(seen[0]![1], given);
  for (const status of [201, 204, 206, 301, 304, 400, 404, 410, 500]) {
    assertEquals(ttlOf(options, URL_A, response(status)), undefined, `${status}`);
  }
  assertEquals(seen.length, 1);
});

test("ttlOf() is undefined without an option", () => {
  assertEquals(ttlOf(optionsWith({}), URL_A, response()), undefined);
  assertEquals(ttlOf(optionsWith({}), URL_A, response(404)), undefined);
});

test("ttlOf() takes the lifetimes of 404 and 410 from the user alone", () => {
  const options = optionsWith({ ttlMs: () => Infinity, negative: { 404: 5 } });
  assertEquals([404, 410, 403].map((status) => ttlOf(options, URL_A, response(status))), [
    5,
    undefined,
    undefined,
  ]);
  const gone = optionsWith({ ttlMs: () => Infinity, negative: { 410: 7 } });
  assertEquals([404, 410].map((status) => ttlOf(gone, URL_A, response(status))), [undefined, 7]);
});

test("ttlOf() treats a value that is no positive number as 0, and reports an error that is thrown", () => {
  for (const value of [0, -1, NaN, undefined, null, "soon"]) {
    assertEquals(ttlOf(optionsWith({ ttlMs: () => value as number }), URL_A, response()), 0, String(value));
  }
  assertEquals(ttlOf(optionsWith({ ttlMs: () => Infinity }), URL_A, response()), Infinity);
  const errors: unknown[] = [];
  const failure = new Error("no idea");
  const ttlMs = () => {
    throw failure;
  };
  assertEquals(ttlOf(optionsWith({ ttlMs, onError: (error) => errors.push(error) }), URL_A, response()), 0);
  assertStrictEquals(errors[0], failure);
});
