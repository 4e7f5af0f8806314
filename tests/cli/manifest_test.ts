import { assertEquals, assertThrows } from "@std/assert";
import { manifestFile } from "../../src/cli/manifest.ts";
import { test } from "../support/test.ts";

test("manifestFile() returns the file that a line names, and refuses other lines", () => {
  assertEquals(manifestFile('{"url":"u","file":"a/b.json","bytes":1}'), "a/b.json");
  for (const line of ["", "x", "null", "[]", "{}", '{"file":1}', '{"file":"a']) {
    assertThrows(() => manifestFile(line), TypeError, "names no file");
  }
});
