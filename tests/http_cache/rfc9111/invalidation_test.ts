import { assertEquals } from "@std/assert";
import { type Change, invalidatedUrls } from "../../../src/http_cache/rfc9111/invalidation.ts";
import { test } from "../../support/test.ts";

function invalidated(headers: Record<string, string>, change: Partial<Change> = {}): readonly string[] {
  const fields = new Headers(headers);
  return invalidatedUrls({ method: "POST", url: "https://a.test/b?c#d", status: 200, fields, ...change });
}

test("invalidatedUrls() returns the URL after a method that is not known to be safe", () => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH"]) {
    assertEquals(invalidated({}, { method }), ["https://a.test/b?c"], method);
  }
  for (const method of ["GET", "HEAD", "OPTIONS", "TRACE", "QUERY"]) {
    assertEquals(invalidated({ location: "/x" }, { method }), [], method);
  }
});

test("invalidatedUrls() returns nothing after a failure", () => {
  for (const status of [200, 204, 303, 399]) {
    assertEquals(invalidated({}, { status }).length, 1, String(status));
  }
  for (const status of [199, 400, 404, 500, 999]) {
    assertEquals(invalidated({}, { status }), [], String(status));
  }
});

test("invalidatedUrls() returns Location and Content-Location, resolved and without fragments", () => {
  assertEquals(invalidated({ location: "x", "content-location": "https://a.test/y?z#1" }), [
    "https://a.test/b?c",
    "https://a.test/x",
    "https://a.test/y?z",
  ]);
});

test("invalidatedUrls() returns each URL once", () => {
  assertEquals(invalidated({ location: "", "content-location": "/b?c" }), ["https://a.test/b?c"]);
});

test("invalidatedUrls() leaves other origins and malformed locations alone", () => {
  for (
    const location of [
      "https://b.test/b",
      "http://a.test/b",
      "https://a.test:8443/",
      "//b.test/",
      "http://[",
      "data:,",
    ]
  ) {
    assertEquals(invalidated({ location }), ["https://a.test/b?c"], location);
  }
});
