import { assertEquals } from "@std/assert";
import { selectRange, toPartialHeaders } from "../../../src/http_cache/rfc9111/range.ts";
import { test } from "../../support/test.ts";
import { metaOf } from "./stored.ts";

const body = new TextEncoder().encode("0123456789");

function select(range: string, meta = metaOf({})): string | undefined {
  const part = selectRange({ meta, body }, range);
  return part && new TextDecoder().decode(body.slice(part.start, part.end));
}

test("selectRange() cuts out bytes between two positions, from one position on, and at the end", () => {
  assertEquals(["bytes=0-1", "bytes=9-9", "bytes=8-", "bytes=-2"].map((range) => select(range)), [
    "01",
    "9",
    "89",
    "89",
  ]);
});

test("selectRange() ends where the body ends", () => {
  assertEquals([select("bytes=8-99"), select("bytes=-99")], ["89", "0123456789"]);
});

test("selectRange() leaves malformed ranges, several ranges and ranges outside of the body to the server", () => {
  for (
    const range of [
      "bytes=-",
      "bytes=",
      "bytes=2-1",
      "bytes=10-",
      "bytes=-0",
      "bytes=0-1,3-4",
      "lines=0-1",
      "0-1",
    ]
  ) {
    assertEquals(select(range), undefined, range);
  }
});

test("selectRange() leaves other statuses and decoded bodies to the server", () => {
  assertEquals(select("bytes=0-1", metaOf({}, { status: 404 })), undefined);
  assertEquals(select("bytes=0-1", metaOf({ "content-encoding": "gzip" })), undefined);
});

test("toPartialHeaders() states the range of the bytes", () => {
  assertEquals(toPartialHeaders([["etag", '"1"'], ["content-length", "10"]], { start: 2, end: 5 }, 10), [
    ["etag", '"1"'],
    ["content-length", "3"],
    ["content-range", "bytes 2-4/10"],
  ]);
});

test("toPartialHeaders() drops fields about the whole body, such as its digest", () => {
  const whole: [string, string][] = [
    ["content-digest", "sha-256=:AAAA:"],
    ["content-md5", "AAAA"],
    ["content-range", "bytes 0-9/10"],
    ["repr-digest", "sha-256=:AAAA:"],
  ];
  assertEquals(toPartialHeaders(whole, { start: 0, end: 1 }, 10), [
    ["repr-digest", "sha-256=:AAAA:"],
    ["content-length", "1"],
    ["content-range", "bytes 0-0/10"],
  ]);
});
