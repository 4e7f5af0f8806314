import { assertEquals, assertThrows } from "@std/assert";
import { pathOfFileUrl } from "../../../src/runtime/files/file_url.ts";
import { test } from "../../support/test.ts";

test("pathOfFileUrl() returns the path in decoded form", () => {
  assertEquals(pathOfFileUrl(new URL("file:///a/b%20c/%C3%A9%25"), false), "/a/b c/é%");
  assertEquals(pathOfFileUrl(new URL("file:///a/../b/"), false), "/b/");
});

test("pathOfFileUrl() handles the drives of Windows, and only there", () => {
  assertEquals(pathOfFileUrl(new URL("file:///C:/a b"), true), "C:/a b");
  assertEquals(pathOfFileUrl(new URL("file:///C:/a b"), false), "/C:/a b");
});

test("pathOfFileUrl() refuses a URL that names no file on this machine", () => {
  for (
    const url of ["https://a.test/b", "file://host/b", "file:///a%2Fb", "file:///a%5cb", "file:///a%00b"]
  ) {
    assertThrows(() => pathOfFileUrl(new URL(url), false), TypeError, "Cannot find the path of");
  }
});
