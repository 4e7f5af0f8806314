import { assertEquals } from "@std/assert";
import type { EntryFile } from "../../../src/cache/filesystem/entry_folders.ts";
import { judgeEach, removeEach, sumOf } from "../../../src/cache/filesystem/removal.ts";
import { test } from "../../support/test.ts";

const files: readonly EntryFile[] = [1, 2, 3, 4].map((bytes) => ({
  shard: "00",
  name: `${bytes}`,
  isTemp: false,
  isFile: true,
  isFolder: false,
  bytes,
  modifiedAt: 0,
}));

/** Returns true for even sizes, and fails for 3. */
function isEven({ bytes }: EntryFile): Promise<boolean> {
  return bytes === 3 ? Promise.reject(new Error("EIO")) : Promise.resolve(bytes % 2 === 0);
}

test("removeEach() reports which files it has removed, and why others have failed", async () => {
  const { removed, otherBytes, failures } = await removeEach(files, isEven);
  assertEquals([sumOf(removed), otherBytes, failures.map(String)], [6, 0, ["Error: EIO"]]);
  assertEquals(await removeEach([], isEven), { removed: [], otherBytes: 0, failures: [] });
});

test("judgeEach() keeps files that it can't judge", async () => {
  const { useless, kept, removed, failures } = await judgeEach(files, isEven);
  assertEquals([sumOf(useless), sumOf(kept), sumOf(removed), failures.length], [6, 4, 0, 1]);
});
