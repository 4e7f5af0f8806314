import { assertEquals, assertThrows } from "@std/assert";
import { originsOf } from "../../src/middleware/origins.ts";
import { test } from "../support/test.ts";

test("originsOf() allows every origin without a list, and none with an empty one", () => {
  assertEquals(originsOf("test", undefined)("https://a.test/"), true);
  assertEquals(originsOf("test", [])("https://a.test/"), false);
});

test("originsOf() compares scheme, host and port, and nothing else", () => {
  const isMeant = originsOf("test", ["HTTPS://A.test:443/path?x", new URL("http://b.test:8080/y")]);
  for (const url of ["https://a.test/", "https://a.test/other", "http://b.test:8080/"]) {
    assertEquals(isMeant(url), true);
  }
  for (const url of ["http://a.test/", "https://a.test:8443/", "https://x.a.test/", "http://b.test/"]) {
    assertEquals(isMeant(url), false);
  }
});

test("originsOf() refuses a value that is no http(s) URL, without showing it", () => {
  for (const wrong of ["a.test", "ftp://user:secret@a.test", "https://user:secret@", "", 1, undefined]) {
    const error = assertThrows(() => originsOf("test", [wrong as string]), TypeError, "'origins[0]' must be");
    assertEquals(error.message.includes("secret"), false);
  }
  for (const wrong of ["https://user:secret@a.test", new URL("https://user:secret@a.test"), null]) {
    const error = assertThrows(() => originsOf("test", wrong as never), TypeError, "'origins' must be");
    assertEquals(error.message.includes("secret"), false);
  }
});
