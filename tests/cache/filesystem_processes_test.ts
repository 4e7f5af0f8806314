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
  /** How many processes are killed half-way, each of which another one follows. */
  readonly kills: number;
}

/** The most bytes that a folder held while several processes wrote to it; also those of files that are being written. */
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
  while (!isOver) peak = Math.max(peak, await sizeOf(folder));
  await filled;
  return Math.max(peak, await sizeOf(folder));
}

async function sizeOf(folder: TempFolder): Promise<number> {
  const { lstat } = await import("node:fs/promises");
  const paths = (await folder.list().catch(() => [])).filter((path) =>
    !path.endsWith("/") && path.includes("/v1/")
  );
  // What is listed may be gone.
  const sizes = paths.map((path) => lstat(`${folder.path}/${path}`).then((info) => info.size, () => 0));
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
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
