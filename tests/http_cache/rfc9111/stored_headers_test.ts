import { assertEquals } from "@std/assert";
import { toServedHeaders, toStoredHeaders } from "../../../src/http_cache/rfc9111/stored_headers.ts";
import { test } from "../../support/test.ts";
import { dateAt, metaOf, NOW } from "./stored.ts";

const storedNames = (headers: Record<string, string>) =>
  toStoredHeaders(new Headers(headers), NOW).map(([name]) => name).sort();

test("toStoredHeaders() keeps unknown fields", () => {
  assertEquals(toStoredHeaders(new Headers({ "X-Foo": "1", date: "foo" }), NOW), [["date", "foo"], [
    "x-foo",
    "1",
  ]]);
});

test("toStoredHeaders() drops fields of the connection, of a proxy, and of a single answer", () => {
  const dropped = [
    "age",
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
  ].map((name): [string, string] => [name, "1"]);
  assertEquals(toStoredHeaders([...dropped, ["date", "foo"]], NOW), [["date", "foo"]]);
});

test("toStoredHeaders() drops the fields that Connection and no-cache name", () => {
  const headers = { connection: "A, b", a: "1", b: "2", c: "3", d: "4", "cache-control": 'no-cache="C"' };
  assertEquals(storedNames(headers), ["cache-control", "d", "date"]);
});

test("toStoredHeaders() keeps all fields of a response that must be validated each time", () => {
  assertEquals(storedNames({ etag: '"1"', "cache-control": 'no-cache="etag"' }), [
    "cache-control",
    "date",
    "etag",
  ]);
});

test("toStoredHeaders() adds a Date to a response without one", () => {
  assertEquals(toStoredHeaders(new Headers(), NOW), [["date", dateAt(NOW)]]);
});

test("toServedHeaders() adds the age in whole seconds, and leaves the date alone", () => {
  const meta = metaOf({ date: dateAt(NOW - 30_000) }, { initialAge: 30_500 });
  assertEquals(toServedHeaders(meta, NOW + 2_499), [["date", dateAt(NOW - 30_000)], ["age", "32"]]);
});

test("toServedHeaders() gives an age of whole seconds to a response from the future", () => {
  assertEquals(toServedHeaders(metaOf({}), NOW - 5_000), [["age", "5"]]);
  assertEquals(toServedHeaders(metaOf({}), NOW - 1e15), [["age", "2147483648"]]);
});

test("toServedHeaders() returns headers that the caller may change", () => {
  const meta = metaOf({ etag: '"1"' });
  toServedHeaders(meta, NOW)[0]![1] = "changed";
  assertEquals(meta.headers, [["etag", '"1"']]);
});
