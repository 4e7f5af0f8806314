import { assertEquals } from "@std/assert";
import type { CacheMeta } from "../../../src/cache/cache.ts";
import { parseCacheControl } from "../../../src/http_cache/rfc9111/cache_control.ts";
import {
  mayAnswerError,
  type Reuse,
  reuseOf,
  type StaleWindows,
} from "../../../src/http_cache/rfc9111/reuse.ts";
import { test } from "../../support/test.ts";
import { metaOf, NOW } from "./stored.ts";

interface Asked {
  readonly atMs: number;
  readonly response?: string;
  readonly request?: string;
  readonly meta?: Partial<CacheMeta>;
  readonly windows?: StaleWindows;
}

/** Returns how a response that is fresh for a minute may be used, some time after it was stored. */
function use({ atMs, response = "", request = "", meta, windows }: Asked): Reuse {
  const context = { directives: parseCacheControl(request), nowMs: NOW + atMs };
  return reuseOf(metaOf({ "cache-control": response }, meta), context, windows);
}

function onError({ atMs, response = "", request = "", meta, windows }: Asked): boolean {
  const context = { directives: parseCacheControl(request), nowMs: NOW + atMs };
  return mayAnswerError(metaOf({ "cache-control": response }, meta), context, windows);
}

test("reuseOf() is fresh up to the last millisecond of the lifetime", () => {
  assertEquals([0, 59_999, 60_000].map((atMs) => use({ atMs })), ["fresh", "fresh", "validate"]);
});

test("reuseOf() counts the Age that a response arrived with", () => {
  const meta = { initialAge: 50_000 };
  assertEquals([9_999, 10_000].map((atMs) => use({ atMs, meta })), ["fresh", "validate"]);
});

test("reuseOf() handles infinite lifetimes, and those beyond every timer", () => {
  assertEquals(use({ atMs: 1e15, meta: { freshForMs: null } }), "fresh");
  assertEquals(use({ atMs: 2 ** 32, meta: { freshForMs: 2 ** 40 } }), "fresh");
});

test("reuseOf() treats a response from the future as old as its distance in time", () => {
  assertEquals(use({ atMs: -1 }), "fresh");
  assertEquals(use({ atMs: -1e9 }), "validate");
  assertEquals(use({ atMs: -61_000, response: "stale-while-revalidate=1000" }), "stale-while-revalidate");
  assertEquals(use({ atMs: -1e9, meta: { freshForMs: null } }), "fresh");
});

test("reuseOf() validates when the request says no-cache", () => {
  assertEquals(use({ atMs: 0, request: "no-cache", response: "immutable" }), "validate");
});

test("reuseOf() validates a response that is older than the request's max-age", () => {
  const ask = (atMs: number, request: string) => use({ atMs, request });
  assertEquals([ask(9_999, "max-age=10"), ask(10_000, "max-age=10")], ["fresh", "validate"]);
  assertEquals([ask(0, "max-age=0"), ask(0, "max-age=x")], ["validate", "validate"]);
});

test("reuseOf() does not validate a fresh immutable response for max-age", () => {
  const ask = (atMs: number) => use({ atMs, request: "max-age=0", response: "immutable" });
  assertEquals([ask(1), ask(60_000)], ["fresh", "validate"]);
});

test("reuseOf() validates a response that is not fresh for as long as min-fresh requires", () => {
  const ask = (atMs: number, request: string) => use({ atMs, request });
  assertEquals([ask(50_000, "min-fresh=10"), ask(50_001, "min-fresh=10")], ["fresh", "validate"]);
  assertEquals([ask(0, "min-fresh=x"), ask(0, "min-fresh")], ["validate", "validate"]);
  assertEquals(use({ atMs: 0, request: "min-fresh=1", meta: { freshForMs: null } }), "fresh");
});

test("reuseOf() serves a stale response as far as max-stale allows", () => {
  const ask = (atMs: number, request: string, response = "") => use({ atMs, request, response });
  assertEquals([ask(70_000, "max-stale=10"), ask(70_001, "max-stale=10")], ["stale", "validate"]);
  assertEquals([ask(1e12, "max-stale"), ask(70_000, "max-stale=x")], ["stale", "validate"]);
  assertEquals(ask(70_000, "max-stale, max-age=65"), "validate");
  for (const response of ["must-revalidate", "no-cache"]) {
    assertEquals(ask(70_000, "max-stale", response), "validate");
  }
  for (const response of ["proxy-revalidate", "s-maxage=1"]) {
    assertEquals(ask(70_000, "max-stale", response), "stale");
  }
});

test("reuseOf() serves a stale response while revalidating, up to the last millisecond of the window", () => {
  const response = "stale-while-revalidate=30";
  const ask = (atMs: number) => use({ atMs, response });
  assertEquals([ask(60_000), ask(89_999), ask(90_000)], [
    "stale-while-revalidate",
    "stale-while-revalidate",
    "validate",
  ]);
});

test("reuseOf() does not serve stale while revalidating when the response or the request forbids it", () => {
  for (const forbidding of ["must-revalidate", "no-cache"]) {
    assertEquals(use({ atMs: 61_000, response: `stale-while-revalidate=30, ${forbidding}` }), "validate");
  }
  for (const request of ["max-age=100", "min-fresh=0", "no-cache"]) {
    assertEquals(use({ atMs: 61_000, response: "stale-while-revalidate=30", request }), "validate");
  }
});

test("reuseOf() takes the caller's window where the response has none", () => {
  const windows = { staleWhileRevalidateMs: 5_000 };
  assertEquals(use({ atMs: 64_999, windows }), "stale-while-revalidate");
  assertEquals(use({ atMs: 64_999, windows, response: "stale-while-revalidate=0" }), "validate");
  assertEquals(use({ atMs: 64_999, windows, response: "must-revalidate" }), "validate");
});

test("mayAnswerError() is true within the window, and never without one", () => {
  const response = "stale-if-error=30";
  assertEquals([60_000, 89_999, 90_000].map((atMs) => onError({ atMs, response })), [true, true, false]);
  assertEquals([onError({ atMs: 0 }), onError({ atMs: 60_000 })], [false, false]);
  assertEquals(onError({ atMs: 60_000, response: "stale-if-error=x" }), false);
});

test("mayAnswerError() is false when the response or the request forbids it, and for a response from a far future", () => {
  for (const forbidding of ["must-revalidate", "no-cache"]) {
    assertEquals(onError({ atMs: 61_000, response: `stale-if-error=30, ${forbidding}` }), false);
  }
  assertEquals(onError({ atMs: 61_000, response: "stale-if-error=30", request: "no-cache" }), false);
  assertEquals(onError({ atMs: -61_000, response: "stale-if-error=30" }), true);
  assertEquals(onError({ atMs: -1e9, response: "stale-if-error=30" }), false);
});

test("mayAnswerError() uses the window of the request, else of the response, else of the caller", () => {
  const windows = { staleIfErrorMs: 5_000 };
  assertEquals(onError({ atMs: 64_999, windows }), true);
  assertEquals(onError({ atMs: 64_999, windows, response: "stale-if-error=1" }), false);
  assertEquals(onError({ atMs: 64_999, response: "stale-if-error=1", request: "stale-if-error=5" }), true);
});

test("reuseOf() and mayAnswerError() obey the response and each redirect that led to it", () => {
  const windows = { staleWhileRevalidateMs: 5_000, staleIfErrorMs: 5_000 };
  const both = (cacheControl: string | null, atMs: number, request = "") => {
    const via = [null, cacheControl].map((each) => ({
      to: "https://b.test/",
      generation: "",
      cacheControl: each,
    }));
    const meta = metaOf({ "cache-control": "immutable" }, { via });
    const context = { directives: parseCacheControl(request), nowMs: NOW + atMs };
    return [reuseOf(meta, context, windows), mayAnswerError(meta, context, windows)];
  };
  assertEquals(both(null, 64_999), ["stale-while-revalidate", true]);
  assertEquals(both("must-revalidate", 64_999), ["validate", false]);
  assertEquals(both("no-cache", 64_999), ["validate", false]);
  assertEquals(both("stale-while-revalidate=1, stale-if-error=2", 60_999), ["stale-while-revalidate", true]);
  assertEquals(both("stale-while-revalidate=1, stale-if-error=2", 61_500), ["validate", true]);
  assertEquals(both("stale-while-revalidate=9, stale-if-error=9", 65_000), ["validate", false]);
  assertEquals(both("must-revalidate", 64_999, "max-stale")[0], "validate");
  // An answer is immutable only if all its redirects are.
  assertEquals(both(null, 1_000, "max-age=0")[0], "validate");
  const via = [{ to: "https://b.test/", generation: "", cacheControl: "immutable" }];
  const unchanging = metaOf({ "cache-control": "immutable" }, { via });
  assertEquals(reuseOf(unchanging, { directives: parseCacheControl("max-age=0"), nowMs: NOW }), "fresh");
});
