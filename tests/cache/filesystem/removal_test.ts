import { assertEquals } from "@std/assert";
import type { EntryFile } from "../../../src/cache/filesystem/entry_folders.ts";
import { selectEach, sumOf } from "../../../src/cache/filesystem/removal.ts";
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

test("selectEach() selects files, and goes on after a failure", async () => {
  const { selected, failures } = await selectEach(files, isEven);
  assertEquals([sumOf(selected), failures.map(String)], [6, ["Error: EIO"]]);
  assertEquals(await selectEach([], isEven), { selected: [], failures: [] });
});
