import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { partPath, recordPath } from "../../src/download/part_name.ts";
import { test } from "../support/test.ts";
import { bytesAt, DATA, scene, serving } from "./scene.ts";

/** Returns names that have this many bytes in UTF-8. */
function namesOf(bytes: number): readonly string[] {
  return ["n", "é", "日", "😀"].map((character) => {
    const each = new TextEncoder().encode(character).length;
    return "x".repeat(bytes % each) + character.repeat(Math.floor(bytes / each));
  });
}

test("partPath() and recordPath() put their endings behind a name that leaves room for them", () => {
  for (const name of ["a", "a.b", "/x/y.json", "C:\\x\\y", ...namesOf(245), `/${"long/".repeat(80)}n`]) {
    assertEquals([partPath(name), recordPath(name)], [`${name}.part`, `${name}.part.json`]);
  }
});

test("partPath() and recordPath() shorten a name that leaves no room, each to another one, in its folder", () => {
  for (let bytes = 246; bytes <= 255; bytes++) {
    for (const name of namesOf(bytes)) {
      for (const folder of ["", "/a/", "C:\\a\\"]) {
        const record = recordPath(folder + name);
        assert(record.startsWith(folder) && record.endsWith(".part.json"), record);
        const short = record.slice(folder.length);
        assert(new TextEncoder().encode(short).length <= 255 && !short.includes("\uFFFD"), short);
        assertEquals(partPath(folder + name), record.slice(0, -".json".length));
      }
      assertNotEquals(partPath(name), partPath(`${name.slice(0, -2)}_`));
    }
  }
});

test("download() writes and resumes a file whose name is as long as it may be", async () => {
  for (const name of [...namesOf(246), ...namesOf(255)]) {
    await scene(serving({ cuts: [100_000] }), async (s) => {
      const to = `${s.folder.path}/${name}`;
      await s.client.download(s.url, to, { maxRetries: 0, onProgress: s.received.note }).catch(() => {});
      assertEquals(await bytesAt(partPath(to)), DATA.subarray(0, 100_000));

      assertEquals((await s.client.download(s.url, to)).resumedFrom, 100_000);
      assertEquals(await s.folder.list(), [name]);
      assertEquals(await bytesAt(to), DATA);
    });
  }
});
