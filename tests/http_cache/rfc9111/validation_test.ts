import { assertEquals } from "@std/assert";
import type { CacheMeta } from "../../../src/cache/cache.ts";
import {
  conditionalHeaders,
  confirms,
  contradicts,
  freshen,
  hasConditions,
  identifies,
} from "../../../src/http_cache/rfc9111/validation.ts";
import { test } from "../../support/test.ts";
import { dateAt, metaOf, NOW } from "./stored.ts";

const LATER = NOW + 100_000;

function afterNotModified(
  stored: Record<string, string>,
  headers: Record<string, string>,
  meta?: Partial<CacheMeta>,
) {
  return freshen(metaOf(stored, meta), {
    requestHeaders: {},
    headers: new Headers(headers),
    requestedAtMs: LATER - 1_000,
    storedAtMs: LATER,
  });
}

const headersOf = ({ headers }: CacheMeta) => Object.fromEntries(headers);

test("conditionalHeaders() returns the validators unchanged", () => {
  const lastModified = dateAt(NOW);
  assertEquals({ ...conditionalHeaders(metaOf({ etag: 'W/"a"', "last-modified": lastModified })) }, {
    "if-none-match": 'W/"a"',
    "if-modified-since": lastModified,
  });
  assertEquals({ ...conditionalHeaders(metaOf({ etag: "unquoted" })) }, { "if-none-match": "unquoted" });
  assertEquals({ ...conditionalHeaders(metaOf({})) }, {});
  // Validators of another URL do not apply to this one.
  const via = [{ to: "https://b.test/", generation: "", cacheControl: null }];
  assertEquals({ ...conditionalHeaders(metaOf({ etag: '"a"' }, { via })) }, {});
});

test("conditionalHeaders() validates only successes, since a 304 stands for a 200", () => {
  const headers = { etag: '"a"', "last-modified": dateAt(NOW) };
  const asked = [200, 203, 204, 301, 404, 405, 410, 414, 501].filter((status) =>
    Object.keys(conditionalHeaders(metaOf(headers, { status }))).length > 0
  );
  assertEquals(asked, [200, 203, 204]);
});

test("hasConditions() knows the conditions that a caller can set", () => {
  const names = ["if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"];
  assertEquals(names.map((name) => hasConditions({ [name]: "1" })), names.map(() => true));
  assertEquals([hasConditions({}), hasConditions({ "if-foo": "1" })], [false, false]);
});

test("freshen() lets new headers replace stored ones, and keeps those that the 304 leaves out", () => {
  const stored = {
    a: "1",
    b: "2",
    "content-type": "text/plain",
    date: dateAt(NOW),
    "cache-control": "max-age=2",
  };
  const { meta } = afterNotModified(stored, {
    b: "3",
    "content-type": "text/html",
    "cache-control": "max-age=60",
  });
  assertEquals(headersOf(meta), {
    a: "1",
    b: "3",
    "content-type": "text/html",
    date: dateAt(LATER),
    "cache-control": "max-age=60",
  });
});

test("freshen() keeps fields about the stored bytes, and the validator that was confirmed", () => {
  const stored: Record<string, string> = {
    "content-encoding": "a",
    "content-length": "1",
    "content-md5": "b",
    "content-range": "c",
    "content-digest": "d",
    etag: '"1"',
    date: dateAt(LATER),
  };
  const sent = Object.fromEntries(Object.keys(stored).map((name) => [name, "2"]));
  assertEquals(headersOf(afterNotModified(stored, { ...sent, date: dateAt(LATER) }).meta), stored);
});

test("confirms() is false for a 304 with another entity tag (RFC 9111 §4.3.4)", () => {
  const isFor = (stored: Record<string, string>, etag?: string) =>
    confirms(metaOf(stored), new Headers(etag === undefined ? {} : { etag }));
  const one = { etag: '"1"' };
  assertEquals([isFor(one), isFor(one, '"1"'), isFor(one, '"2"'), isFor(one, 'W/"2"')], [
    true,
    true,
    false,
    false,
  ]);
  // A server that compresses on the fly sends a weak tag with a body and a strong one without.
  assertEquals([isFor({ etag: 'W/"1"' }, '"1"'), isFor(one, 'W/"1"'), isFor({ etag: 'W/"1"' }, 'W/"1"')], [
    true,
    true,
    true,
  ]);
  const none = { "last-modified": dateAt(NOW) };
  assertEquals([isFor(none), isFor(none, '"1"'), isFor(none, 'W/"1"')], [true, false, true]);
});

test("confirms() is false for a 304 with a later Last-Modified, unless the condition had a tag", () => {
  const at = (ms: number) => ({ "last-modified": dateAt(ms) });
  const isFor = (stored: Record<string, string>, headers: Record<string, string>) =>
    confirms(metaOf(stored), new Headers(headers));
  assertEquals([0, 1_000, -1_000].map((ms) => isFor(at(NOW), at(NOW + ms))), [true, false, true]);
  assertEquals([isFor(at(NOW), {}), isFor(at(NOW), { "last-modified": "soon" }), isFor({}, at(NOW))], [
    true,
    true,
    true,
  ]);
  const later = at(NOW + 1_000);
  assertEquals(isFor({ etag: '"1"', ...at(NOW) }, later), true);
  assertEquals(isFor(at(NOW), { etag: 'W/"1"', ...later }), true);
});

test("contradicts() and identifies() compare a HEAD with the stored response (RFC 9111 §4.3.5)", () => {
  const stored = metaOf({ etag: '"1"', "last-modified": dateAt(NOW), "content-length": "9" });
  const untold = metaOf({});
  const cases: [CacheMeta, Record<string, string>, boolean, boolean][] = [
    [stored, {}, false, false],
    [stored, { "content-length": "9" }, false, false],
    [stored, { etag: '"1"' }, false, true],
    [stored, { "last-modified": dateAt(NOW), "content-length": "9" }, false, true],
    [stored, { etag: '"1"', "last-modified": dateAt(NOW - 1_000) }, true, false],
    [stored, { etag: '"1"', "content-length": "8" }, true, false],
    [stored, { etag: '"2"' }, true, false],
    [untold, { "last-modified": dateAt(NOW), "content-length": "9" }, false, false],
    [untold, { etag: 'W/"1"' }, false, false],
  ];
  for (const [meta, told, isAgainst, isFor] of cases) {
    const headers = new Headers(told);
    assertEquals([told, contradicts(meta, headers), identifies(meta, headers)], [told, isAgainst, isFor]);
  }
});

test("freshen() adds a validator where there was none", () => {
  const { meta } = afterNotModified({ "last-modified": dateAt(NOW) }, { etag: '"2"' });
  assertEquals(headersOf(meta).etag, '"2"');
});

test("freshen() starts freshness anew, with the age of the 304 and none of the old one", () => {
  const stored = { "cache-control": "max-age=60", etag: '"1"', date: dateAt(NOW) };
  const { meta, storable } = afterNotModified(stored, { age: "5" }, { initialAge: 50_000 });
  const { requestedAt, storedAt, initialAge, freshForMs } = meta;
  assertEquals([requestedAt, storedAt, initialAge, freshForMs], [LATER - 1_000, LATER, 6_000, 60_000]);
  assertEquals(storable, true);
});

test("freshen() does not keep a response fresh beyond its old Expires", () => {
  const { meta } = afterNotModified({ etag: '"1"', expires: dateAt(NOW + 60_000), date: dateAt(NOW) }, {});
  assertEquals(meta.freshForMs, 0);
});

test("freshen() ignores fields of the connection, of no-cache, and cookies", () => {
  const { meta } = afterNotModified({ etag: '"1"', b: "1", date: dateAt(LATER) }, {
    "set-cookie": "a=b",
    connection: "a",
    a: "1",
    "cache-control": 'no-cache="b"',
  });
  assertEquals(Object.keys(headersOf(meta)).sort(), ["cache-control", "date", "etag"]);
});

test("freshen() leaves the stored metadata as it was", () => {
  const meta = metaOf({ a: "1" });
  const copy = structuredClone(meta);
  freshen(meta, {
    requestHeaders: {},
    headers: new Headers({ a: "2" }),
    requestedAtMs: LATER,
    storedAtMs: LATER,
  });
  assertEquals(meta, copy);
});

test("freshen() says that a response may no longer be stored, and still answers with it", () => {
  const stored = { etag: '"1"', "cache-control": "max-age=60" };
  for (const headers of [{ "cache-control": "no-store" }, { vary: "*" }]) {
    const { meta, storable } = afterNotModified(stored, headers);
    assertEquals([storable, headersOf(meta).etag], [false, '"1"']);
  }
  const { storable } = freshen(metaOf(stored), {
    requestHeaders: { "cache-control": "no-store" },
    headers: new Headers(),
    requestedAtMs: LATER,
    storedAtMs: LATER,
  });
  assertEquals(storable, false);
});
