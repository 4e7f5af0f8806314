import { assertEquals } from "@std/assert";
import { lastEventIdHeader } from "../../src/streams/last_event_id.ts";
import { test } from "../support/test.ts";

test("lastEventIdHeader() gives the bytes of an id, one character each", () => {
  assertEquals(lastEventIdHeader("42"), "42");
  assertEquals(lastEventIdHeader("a\tb c"), "a\tb c");
  assertEquals(lastEventIdHeader("ä€"), "\xc3\xa4\xe2\x82\xac");
});

test("lastEventIdHeader() gives nothing for no id, nor for one that no header can have", () => {
  for (const id of ["", "\x01", "a\x7f", "\n", "a\x1fb"]) assertEquals(lastEventIdHeader(id), undefined);
});

test("lastEventIdHeader() gives nothing for an id that is longer than servers take", () => {
  assertEquals(lastEventIdHeader("x".repeat(8_192))?.length, 8_192);
  assertEquals(lastEventIdHeader("x".repeat(8_193)), undefined);
});
