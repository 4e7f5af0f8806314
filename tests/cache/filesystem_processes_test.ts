import { assert } from "@std/assert";
import { bundleProgram, startProgram } from "../support/program.ts";
import { type TempFolder, tempFolder } from "../support/temp_folder.ts";
import { runtime, test } from "../support/test.ts";

interface Scene {
  readonly processes: number;
  readonly writes: number;
  readonly maxBytes: number;
  readonly least: number;
  readonly most: number;
  /** How many processes are killed half-way; each is replaced by another one. */
  readonly kills: number;
}

/** Returns the most bytes that a folder held while several processes wrote to it, temporary files included. */
async function peakOf({ processes, kills, writes, maxBytes, least, most }: Scene): Promise<number> {
  await using folder = await tempFolder();
  await folder.folder("cache");
  await bundleProgram(folder, "cache_filler");
  const numbers = [writes, maxBytes, least, most].map(String);
  const start = (seed: number) =>
    startProgram(folder, runtime, "cache_filler", "cache", `${seed}`, ...numbers);
  const fill = async (seed: number): Promise<void> => {
    if (seed < kills) {
      const victim = start(seed);
      await victim.hasPrinted(writes / 2);
      victim.kill();
      await victim.ended;
    }
    const filler = start(seed + processes);
    if (!await filler.hasPrinted(writes)) throw new Error("A process has ended too early");
    await filler.ended;
  };
  let isOver = false;
  const filled = Promise.all(Array.from({ length: processes }, (_, seed) => fill(seed)))
    .finally(() => isOver = true);
  let peak = 0;
  let last = await filesOf(folder);
  while (!isOver) {
    const files = await filesOf(folder);
    peak = Math.max(peak, sizeOfBoth(last, files));
    last = files;
  }
  await filled;
  const left = await filesOf(folder);
  return Math.max(peak, sizeOfBoth(left, left));
}

/**
 * Returns the files of a folder, by path and inode, with their sizes. They may not all have been there at the same
 * time.
 */
async function filesOf(folder: TempFolder): Promise<ReadonlyMap<string, number>> {
  const { lstat } = await import("node:fs/promises");
  const paths = (await folder.list().catch(() => [])).filter((path) =>
    !path.endsWith("/") && path.includes("/v1/")
  );
  const files = new Map<string, number>();
  await Promise.all(paths.map(async (path) => {
    // A listed file may be gone.
    const info = await lstat(`${folder.path}/${path}`).catch(() => undefined);
    if (info !== undefined) files.set(`${path} ${info.ino}`, info.size);
  }));
  return files;
}

/** Returns the least that a folder held between two looks at it: the files that were there both times. */
function sizeOfBoth(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number {
  let size = 0;
  for (const [file, bytes] of after) size += Math.min(bytes, before.get(file) ?? 0);
  return size;
}

const SCENES: readonly Scene[] = [
  { processes: 6, writes: 120, maxBytes: 600_000, least: 5_000, most: 5_000, kills: 0 },
  { processes: 4, writes: 100, maxBytes: 1_000_000, least: 100, most: 80_000, kills: 2 },
  { processes: 3, writes: 700, maxBytes: 1_000_000, least: 100, most: 2_000, kills: 1 },
];

for (const scene of SCENES) {
  const { processes, least, most, kills, maxBytes } = scene;
  test(`filesystemCache() keeps ${processes} processes within 1.25 of their bound, with ${least} to ${most} bytes an entry and ${kills} killed`, async () => {
    const peak = await peakOf(scene);
    assert(peak <= 1.25 * maxBytes && peak >= 0.7 * maxBytes, `${peak / maxBytes}`);
  });
}
