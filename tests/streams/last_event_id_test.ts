import { assertEquals } from "@std/assert";
import { lastEventIdHeader } from "../../src/streams/last_event_id.ts";
import { test } from "../support/test.ts";

test("lastEventIdHeader() returns the bytes of an id, one character each", () => {
  assertEquals(lastEventIdHeader("42"), "42");
  assertEquals(lastEventIdHeader("a\tb c"), "a\tb c");
  assertEquals(lastEventIdHeader("ä€"), "\xc3\xa4\xe2\x82\xac");
});

test("lastEventIdHeader() is undefined without an id, and for one that no header can hold", () => {
  for (const id of ["", "\x01", "a\x7f", "\n", "a\x1fb"]) assertEquals(lastEventIdHeader(id), undefined);
});

test("lastEventIdHeader() is undefined for an id that is longer than servers accept", () => {
  assertEquals(lastEventIdHeader("x".repeat(8_192))?.length, 8_192);
  assertEquals(lastEventIdHeader("x".repeat(8_193)), undefined);
});
