import { assertEquals, assertStrictEquals } from "@std/assert";
import { realPath } from "../../src/download/real_path.ts";
import { currentDisk } from "../../src/runtime/disk/current.ts";
import { rejection } from "../support/settled.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";

test("realPath() resolves a linked folder again when the link has changed", async () => {
  await using folder = await tempFolder();
  for (const name of ["a", "b"]) await folder.folder(name);
  await folder.link("to", "a");
  const fs = await import("node:fs/promises");
  const disk = { ...currentDisk() };
  const pathAt = (nowMs: number) => realPath(disk, `${folder.path}/to/file`, nowMs);
  assertEquals(await pathAt(0), `${folder.path}/a/file`);
  await fs.unlink(`${folder.path}/to`);
  await folder.link("to", "b");
  assertEquals(await pathAt(100), `${folder.path}/b/file`);
  // The date of the machine was corrected.
  assertEquals(await pathAt(50), `${folder.path}/b/file`);
});

test("realPath() asks the disk once for many files of a folder, and again after a failure", async () => {
  const missing = new Error("no such folder");
  const answers = [Promise.reject(missing), Promise.resolve("/real")];
  let asked = 0;
  const disk = { ...currentDisk(), realFolder: () => answers[asked++]! };
  assertStrictEquals(await rejection(realPath(disk, "/to/a", 0)), missing);
  assertEquals(await Promise.all(["/to/b", "/to/c"].map((path) => realPath(disk, path, 0))), [
    "/real/b",
    "/real/c",
  ]);
  assertEquals(asked, 2);
});
