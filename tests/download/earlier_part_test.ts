import { assert, assertEquals } from "@std/assert";
import { isWriteError } from "../../mod.ts";
import { findEarlierPart } from "../../src/download/earlier_part.ts";
import { formatPartRecord } from "../../src/download/part_record.ts";
import { currentDisk } from "../../src/runtime/disk/current.ts";
import { rejection } from "../support/settled.ts";
import { type TempFolder, tempFolder } from "../support/temp_folder.ts";
import { test } from "../support/test.ts";

const VERSION = { etag: '"a"', lastModified: undefined, mediaType: undefined, totalBytes: 10 };
const OTHER_PROCESS = 4_000_000;

/** Leaves a part of three bytes with its record, as another process does; returns when it was written. */
async function leavePart(folder: TempFolder): Promise<number> {
  const disk = currentDisk();
  const file = await disk.create(`${folder.path}/file.part`);
  await file.write([new Uint8Array(3)], 0);
  await file.close();
  const record = { fileId: file.id, source: "a", processId: OTHER_PROCESS, version: VERSION };
  await disk.writeText(`${folder.path}/file.part.json`, formatPartRecord(record));
  const fs = await import("node:fs/promises");
  return (await fs.stat(`${folder.path}/file.part`)).mtimeMs;
}

/** Looks for the part of a request, so many milliseconds after it was written. */
async function find(folder: TempFolder, source: string, { atMs, isRunning }: {
  readonly atMs: number;
  readonly isRunning: boolean;
}) {
  const disk = { ...currentDisk(), isRunning: (id: number) => id === OTHER_PROCESS && isRunning };
  return await findEarlierPart(disk, `${folder.path}/file`, { source: () => source, wallNow: () => atMs });
}

test("findEarlierPart() refuses a part that another process writes, until that is idle for a minute, or is gone", async () => {
  await using folder = await tempFolder();
  const leftAtMs = await leavePart(folder);
  const error = await rejection(find(folder, "a", { atMs: leftAtMs + 59_000, isRunning: true }));
  assert(isWriteError(error));
  const path = `${folder.path}/file`;
  assertEquals(error.message, `Cannot download to ${path}: process ${OTHER_PROCESS} downloads to it`);
  assertEquals(error.path, path);

  for (const [sinceMs, isRunning] of [[61_000, true], [0, false]] as const) {
    const { file, version } = (await find(folder, "a", { atMs: leftAtMs + sinceMs, isRunning }))!;
    await file.close();
    assertEquals([file.bytes, version], [3, VERSION]);
  }
});

test("findEarlierPart() finds no part of another request, and no file that was put in the part's place", async () => {
  await using folder = await tempFolder();
  const atMs = await leavePart(folder);
  assertEquals(await find(folder, "b", { atMs, isRunning: false }), undefined);

  await folder.write("other", "other");
  const fs = await import("node:fs/promises");
  await fs.rename(`${folder.path}/other`, `${folder.path}/file.part`);
  assertEquals(await find(folder, "a", { atMs, isRunning: true }), undefined);
  assertEquals(await folder.read("file.part"), "other");
});

test("findEarlierPart() removes a record that has no part", async () => {
  await using folder = await tempFolder();
  const atMs = await leavePart(folder);
  await currentDisk().remove(`${folder.path}/file.part`);
  assertEquals(await find(folder, "a", { atMs, isRunning: false }), undefined);
  assertEquals(await folder.list(), []);
});
