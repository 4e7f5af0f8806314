import { assertEquals } from "@std/assert";
import { isOfVersion, isResumable, isStrayPage, versionOf } from "../../src/download/file_version.ts";
import { test } from "../support/test.ts";

const DATE = "Sat, 28 Nov 2026 12:00:00 GMT";

function version(headers: Record<string, string>, type: ResponseType = "default") {
  return versionOf({ headers: new Headers(headers), type });
}

test("versionOf() uses strong tags only", () => {
  assertEquals(version({ etag: '"a"' }).etag, '"a"');
  for (const etag of ['W/"a"', "a", '"a', '"a" "b"']) assertEquals(version({ etag }).etag, undefined, etag);
});

test("versionOf() uses a Last-Modified that is a minute older than the response", () => {
  const cases = [["Sat, 28 Nov 2026 11:59:00 GMT", true], ["Sat, 28 Nov 2026 11:59:01 GMT", false], [
    "soon",
    false,
  ]];
  for (const [lastModified, isStrong] of cases as [string, boolean][]) {
    const { lastModified: taken } = version({ "last-modified": lastModified, date: DATE });
    assertEquals(taken, isStrong ? lastModified : undefined);
  }
  assertEquals(version({ "last-modified": "Sat, 28 Nov 2026 11:00:00 GMT" }).lastModified, undefined);
});

test("versionOf() reads a two-digit year as one of the other date's century", () => {
  const dates = [DATE, "Saturday, 28-Nov-26 12:00:00 GMT", "Sat Nov 28 12:00:00 2026"];
  const takenOf = (lastModified: string) =>
    dates.map((date) => version({ "last-modified": lastModified, date }).lastModified !== undefined);

  assertEquals(takenOf("Saturday, 28-Nov-26 11:59:30 GMT"), [false, false, false]);
  assertEquals(takenOf("Saturday, 28-Nov-26 11:59:00 GMT"), [true, true, true]);
});

test("versionOf() keeps only the type of a response that may be compressed", () => {
  const headers = { etag: '"a"', "content-length": "5", "content-type": " Text/CSV; charset=utf-8" };
  assertEquals(version(headers).totalBytes, 5);
  assertEquals(version({ ...headers, "content-encoding": "identity" }).totalBytes, 5);
  assertEquals(version({ ...headers, "content-encoding": "gzip" }), { mediaType: "text/csv" });
  assertEquals(version(headers, "cors"), { mediaType: "text/csv" });
});

test("isResumable() requires a length, and a validator", () => {
  assertEquals(isResumable({ etag: '"a"', totalBytes: 5 }, false), true);
  assertEquals(isResumable({ lastModified: DATE, totalBytes: 5 }, false), true);
  assertEquals(isResumable({ totalBytes: 5 }, true), true);
  assertEquals(isResumable({ totalBytes: 5 }, false), false);
  assertEquals(isResumable({ etag: '"a"' }, true), false);
  assertEquals(isResumable({ etag: '"a"', totalBytes: 0 }, true), false);
  assertEquals(isResumable({ etag: '"a"', totalBytes: 5, isIndivisible: true }, true), false);
});

test("isOfVersion() compares the length and the strongest validator", () => {
  const known = { etag: '"a"', lastModified: DATE, totalBytes: 5 };
  const of = (headers: Record<string, string>, bytes?: number) =>
    isOfVersion(known, new Headers(headers), bytes);
  assertEquals(of({ etag: '"a"' }, 5), true);
  assertEquals(of({ etag: '"a"' }, 6), false);
  assertEquals(of({ etag: '"a"' }), false);
  assertEquals(of({ etag: 'W/"a"' }, 5), false);
  assertEquals(of({ "last-modified": DATE }, 5), false);
  const dated = { ...known, etag: undefined };
  assertEquals(isOfVersion(dated, new Headers({ "last-modified": DATE }), 5), true);
  for (const headers of [{}, { "last-modified": "Sat, 28 Nov 2026 12:00:01 GMT" }]) {
    assertEquals(isOfVersion(dated, new Headers(headers), 5), false);
  }
  assertEquals(isOfVersion({ totalBytes: 5 }, new Headers({ etag: '"a"' }), 5), false);
});

test("isStrayPage() is true for HTML without a validator, where a file of another type had begun", () => {
  const isStray = (mediaType: string | undefined, headers: Record<string, string>) =>
    isStrayPage({ mediaType, totalBytes: 5 }, new Headers(headers));
  for (const type of ["text/html", "Text/HTML; charset=utf-8", " text/html ;q"]) {
    assertEquals(isStray("application/zip", { "content-type": type }), true, type);
    assertEquals(isStray("text/plain", { "content-type": type, "content-length": "5" }), true, type);
    assertEquals(isStray("text/html", { "content-type": type }), false, type);
    assertEquals(isStray(undefined, { "content-type": type }), false, type);
    // The file may have been replaced by a page.
    assertEquals(isStray("text/plain", { "content-type": type, etag: 'W/"1"' }), false, type);
    assertEquals(isStray("text/plain", { "content-type": type, "last-modified": "x" }), false, type);
  }
  for (const type of ["application/xhtml+xml", "text/htmlx", "application/json", ""]) {
    assertEquals(isStray("application/zip", { "content-type": type }), false, type);
  }
  assertEquals(isStray("application/zip", {}), false);
});
