import { assertEquals, assertThrows } from "@std/assert";
import { manifestFile, ManifestWriter } from "../../src/cli/manifest.ts";
import { test } from "../support/test.ts";
import { jobOf } from "./sink_rig.ts";

test("manifestFile() returns the file that a line names, and refuses other lines", () => {
  assertEquals(manifestFile('{"url":"u","file":"a/b.json","bytes":1}'), "a/b.json");
  for (const line of ["", "x", "null", "[]", "{}", '{"file":1}', '{"file":"a']) {
    assertThrows(() => manifestFile(line), TypeError, "names no file");
  }
});

test("ManifestWriter.found() adds the file of an earlier run once, also if several jobs have it", async () => {
  const lines: string[] = [];
  const manifest = new ManifestWriter((line) => Promise.resolve(void lines.push(line)), new Set(["a.json"]));
  async function* content(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(new Uint8Array(3));
  }
  for (const file of ["a.json", "b.json", "b.json"]) {
    await manifest.found(jobOf("https://h/"), file, content());
  }
  assertEquals(lines.map((line) => JSON.parse(line).file), ["b.json"]);
});
