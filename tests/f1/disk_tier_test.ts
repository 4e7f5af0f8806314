import { assertEquals, assertRejects } from "@std/assert";
import { DiskTier } from "../../src/f1/disk_tier.ts";
import { entryOf } from "../support/cache_entries.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";

const KEY = "a".repeat(64);
const ENTRY = entryOf("body", { key: KEY });

test("DiskTier keeps entries in its folder, and creates that at the first write", async () => {
  await using temp = await tempFolder();
  const dir = `${temp.path}/cache`;
  const tier = new DiskTier({ dir, isAllowed: () => true });
  assertEquals([await tier.get(KEY), await tier.delete(KEY)], [undefined, false]);
  assertEquals(await temp.list(), []);
  assertEquals(await tier.set(KEY, ENTRY), true);
  const other = new DiskTier({ dir, isAllowed: () => true });
  assertEquals((await other.get(KEY))?.body, ENTRY.body);
  assertEquals([await other.delete(KEY), await tier.get(KEY)], [true, undefined]);
});

test("DiskTier returns and stores nothing without permission, and leaves existing files alone", async () => {
  await using temp = await tempFolder();
  let isAllowed = true;
  const tier = new DiskTier({ dir: temp.path, isAllowed: () => isAllowed });
  await tier.set(KEY, ENTRY);
  isAllowed = false;
  assertEquals(await tier.get(KEY), undefined);
  assertEquals(await tier.set(KEY, entryOf("other", { key: KEY })), false);
  assertEquals(await tier.delete(KEY), false);
  isAllowed = true;
  assertEquals((await tier.get(KEY))?.body, ENTRY.body);
});

for (const first of ["get", "set", "delete"] as const) {
  test(`DiskTier reports only its first fault, which may be one of ${first}()`, async () => {
    await using temp = await tempFolder();
    await temp.write("file", "text");
    const tier = new DiskTier({ dir: `${temp.path}/file`, isAllowed: () => true });
    const calls = {
      get: () => tier.get(KEY),
      set: () => tier.set(KEY, ENTRY),
      delete: () => tier.delete(KEY),
    };
    await assertRejects(calls[first]);
    assertEquals(await Promise.all([calls.get(), calls.set(), calls.delete()]), [undefined, false, false]);
  });
}

test("DiskTier goes on reading and writing after a write that failed", async () => {
  await using temp = await tempFolder();
  const tier = new DiskTier({ dir: temp.path, isAllowed: () => true });
  await tier.set(KEY, ENTRY);
  const blocked = "b".repeat(64);
  await temp.write("v1/bb", "a file in the place of a folder");
  await assertRejects(() => tier.set(blocked, ENTRY));
  assertEquals(await tier.set(blocked, ENTRY), false);
  assertEquals((await tier.get(KEY))?.body, ENTRY.body);
  const other = "c".repeat(64);
  assertEquals([await tier.set(other, ENTRY), (await tier.get(other))?.body], [true, ENTRY.body]);
});

test("DiskTier turns itself off when an entry can't be removed, which might otherwise come back", async () => {
  await using temp = await tempFolder();
  const tier = new DiskTier({ dir: temp.path, isAllowed: () => true });
  await tier.set(KEY, ENTRY);
  const blocked = "b".repeat(64);
  await temp.folder(`v1/bb/${"b".repeat(62)}/full`);
  await assertRejects(() => tier.delete(blocked));
  assertEquals([await tier.get(KEY), await tier.set(KEY, ENTRY)], [undefined, false]);
});
