import { assertEquals } from "@std/assert";
import { filesystemCache } from "../../src/cache/filesystem.ts";
import { isCacheFolder, surveyCache } from "../../src/cli/cache_survey.ts";
import { currentFiles } from "../../src/runtime/files/current.ts";
import { entryOf, randomBytes } from "../support/cache_entries.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";

const NOW = 1_000_000;
const NONE = { files: 0, bytes: 0 };
const files = currentFiles();

test("surveyCache() finds nothing in a folder that is empty, or has never been created", async () => {
  await using temp = await tempFolder();
  for (const dir of [temp.path, `${temp.path}/none`]) {
    const { all, origins, storedAt } = await surveyCache(dir, files, NOW);
    assertEquals([all, origins, storedAt], [NONE, [], undefined]);
  }
});

test("surveyCache() counts entries by their state, and by origin", async () => {
  await using temp = await tempFolder();
  const cache = filesystemCache(temp.path, { now: () => NOW });
  const put = (key: string, meta: Parameters<typeof entryOf>[1], size = 10) =>
    cache.set(key, entryOf(randomBytes(size), { key, ...meta }));
  await put("for ever", { storedAt: 100 });
  await put("fresh", { storedAt: NOW - 10, freshForMs: 11, url: "https://b.test/x?token=secret" }, 5_000);
  await put("stale", { storedAt: NOW - 10, freshForMs: 10, removeAt: NOW + 1 });
  await put("aged", { storedAt: NOW - 10, initialAge: 5, freshForMs: 14 });
  await put("tomorrow", { storedAt: NOW + 500, freshForMs: 10_000, url: "nonsense" });
  await put("expired", { storedAt: 200, freshForMs: 5, removeAt: NOW });
  await put("variants\n", { storedAt: 1, freshForMs: 0, vary: [["accept", null]] });
  await put("variants by ttlCache()\n0123abcd", { storedAt: 1, freshForMs: 0, vary: [["accept", null]] });
  await put("v1 generation\nhttps://a.test/\n", { storedAt: 1, freshForMs: 0, removeAt: NOW + 1 });
  // Metadata larger than the first read.
  await put("long", { storedAt: 300, headers: [["x", "y".repeat(10_000)]] });
  const { states, origins, storedAt, all } = await surveyCache(temp.path, files, NOW);
  assertEquals(Object.entries(states).map(([state, { files }]) => [state, files]), [
    ["fresh", 4],
    ["stale", 2],
    ["expired", 1],
    ["index", 3],
    ["damaged", 0],
    ["unfinished", 0],
  ]);
  assertEquals([all.files, all.bytes], [
    10,
    Object.values(states).reduce((sum, { bytes }) => sum + bytes, 0),
  ]);
  assertEquals(origins.map(({ bytes: _, ...origin }) => origin), [
    { origin: "https://a.test", files: 5, fresh: 2, stale: 2, expired: 1 },
    { origin: "https://b.test", files: 1, fresh: 1, stale: 0, expired: 0 },
    { origin: "unknown", files: 1, fresh: 1, stale: 0, expired: 0 },
  ]);
  assertEquals(storedAt, { oldest: 100, newest: NOW + 500 });
});

test("surveyCache() counts damaged and unfinished entries, ignores foreign files, and changes nothing", async () => {
  await using temp = await tempFolder();
  const cache = filesystemCache(temp.path);
  for (const key of ["a", "b", "c"]) await cache.set(key, entryOf("body", { key }));
  const [first = "", second = ""] = (await temp.list()).filter((path) => /[0-9a-f]{62}k$/.test(path));
  await temp.write(first, "SLC1");
  await temp.write(second, `SLC1${"x".repeat(40)}`);
  const shard = first.slice(0, first.lastIndexOf("/"));
  await temp.write(`${shard}/${crypto.randomUUID()}-1.tmp`, "SLC1 half");
  await temp.write(`${shard}/${"1".repeat(62)}`, "mine, by its SHA-256");
  await temp.write(`${shard}/notes.txt`, "mine");
  await temp.write("photo.jpg", "mine");
  await temp.link(`${shard}/${"0".repeat(62)}`, "/nowhere");
  const before = await temp.list();
  const { states, all } = await surveyCache(temp.path, files, Date.now());
  assertEquals([states.fresh.files, states.damaged.files, states.unfinished.files, all.files], [1, 2, 1, 4]);
  assertEquals(await temp.list(), before);
});

test("isCacheFolder() tells its own folders from others", async () => {
  await using temp = await tempFolder();
  const is = (name: string) => isCacheFolder(`${temp.path}/${name}`, files);
  for (
    const name of [
      "empty",
      "other/v1/photos",
      "new/v1",
      "old/v1/ab",
      "mixed/v1/ff",
      "deep/x/v1/ab",
      "announced/v1/ledger",
    ]
  ) {
    await temp.folder(name);
  }
  await temp.write("mixed/readme.txt", "mine");
  await temp.folder("file");
  await temp.write("file/v1", "");
  await temp.folder("linked");
  await temp.link("linked/v1", `${temp.path}/old/v1`);
  const verdicts = await Promise.all(
    ["empty", "new", "old", "mixed", "announced", "other", "deep", "file", "linked"].map(is),
  );
  assertEquals(verdicts, [true, true, true, true, true, false, false, false, false]);
  await temp.link("link", `${temp.path}/old`);
  assertEquals(await is("link"), true);
});
