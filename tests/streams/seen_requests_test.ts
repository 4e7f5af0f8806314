import { assertEquals } from "@std/assert";
import { SeenRequests } from "../../src/streams/seen_requests.ts";
import { test } from "../support/test.ts";

const URL_A = "https://a.test/items?page=1";

/** Returns for each request in turn whether it is new. */
function news(...requests: unknown[]): boolean[] {
  const seen = new SeenRequests();
  return requests.map((request) => seen.add(request));
}

test("SeenRequests.add() recognizes a URL in any form, whatever its fragment", () => {
  const same = [URL_A, `${URL_A}#top`, new URL(URL_A), { url: URL_A }, "HTTPS://A.test:443/items?page=1"];
  assertEquals(news(...same), [true, false, false, false, false]);
  assertEquals(news(URL_A, "https://a.test/items?page=2", "https://a.test/items", "items"), [
    true,
    true,
    true,
    true,
  ]);
});

test("SeenRequests.add() tells requests apart by everything that can change the answer", () => {
  const different = [
    {},
    { method: "POST" },
    { method: "POST", body: "a" },
    { method: "POST", body: "b" },
    { json: { cursor: 1 } },
    { json: { cursor: 2 } },
    { query: { cursor: 1 } },
    { query: new URLSearchParams({ cursor: "2" }) },
    { headers: { "x-cursor": "1" } },
    { headers: new Headers({ "x-cursor": "2" }) },
    { body: new URLSearchParams({ cursor: "3" }) },
  ].map((more) => ({ url: URL_A, ...more }));
  assertEquals(
    news(...different, ...different),
    different.map(() => true).concat(different.map(() => false)),
  );
});

test("SeenRequests.add() ignores options that do not change the page", () => {
  const { signal } = new AbortController();
  assertEquals(news({ url: URL_A, signal }, { url: URL_A, schema: {} }, URL_A), [true, false, false]);
});

test("SeenRequests.add() treats requests as new that it can't compare", () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  for (
    const more of [
      { body: new Blob(["a"]) },
      { body: new FormData() },
      { body: new Uint8Array(1) },
      { body: new ReadableStream() },
      { json: circle },
      { json: 1n },
      { retryOn: () => true },
    ]
  ) {
    const request = { url: URL_A, ...more };
    assertEquals(news(request, request), [true, true]);
  }
});
