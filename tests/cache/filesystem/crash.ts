/**
 * Kills two processes that write to one folder, again and again, while a third process reads:
 *
 *     deno run -A tests/cache/filesystem/crash.ts [ROUNDS] [WRITER WRITER READER]
 *
 * The last three are `deno` or `bun`; without them the program tries Deno, Bun and mixtures.
 *
 * @module
 */

import { filesystemCache } from "../../../src/cache/filesystem.ts";
import { seededRandom } from "../../../src/testing/random.ts";
import type { CacheReads } from "../../support/cache_reader.ts";
import { bundleProgram, type RuntimeName, startProgram } from "../../support/program.ts";
import { type TempFolder, tempFolder } from "../../support/temp_folder.ts";

/** The runtime of each process. */
export type CrashRuntimes = readonly [writer: RuntimeName, writer: RuntimeName, reader: RuntimeName];

/** The state after all crashes, and the reads meanwhile. */
export interface CrashReport {
  readonly reads: CacheReads;
  /** How many entries there are at the end. */
  readonly entries: number;
  /** How many of them can't be read. */
  readonly unreadable: number;
  /** How many files were left half-written. */
  readonly orphans: number;
  /** How many half-written files a sweep has left. */
  readonly unswept: number;
  /** How many entries a sweep has removed. */
  readonly swept: number;
}

const ELEVEN_MINUTES_MS = 11 * 60_000;
/** A writer is killed after at most this many entries. */
const MAX_WRITES = 8;

const { argv } = (globalThis as unknown as { process: { readonly argv: readonly string[] } }).process;

/** Kills both writers this many times, and examines what they have left. */
export async function crash(
  rounds: number,
  [first, second, reader]: CrashRuntimes,
  { seed = 1 }: { readonly seed?: number } = {},
): Promise<CrashReport> {
  await using folder = await tempFolder();
  await folder.folder("cache");
  for (const name of ["writer", "reader"]) await bundleProgram(folder, `cache_${name}`);
  const random = seededRandom(seed);
  const reading = startProgram(folder, reader, "cache_reader", "cache");
  await reading.hasPrinted(1);
  try {
    for (let round = 0; round < rounds; round++) {
      const killed = [first, second].map(async (name, index) => {
        const writer = startProgram(
          folder,
          name,
          "cache_writer",
          "cache",
          `${seed * 10_000 + round * 2 + index}`,
        );
        const isRunning = await writer.hasPrinted(1 + Math.floor(random() * MAX_WRITES));
        writer.kill();
        await writer.ended;
        if (!isRunning) throw new Error(`A writer on ${name} has ended by itself`);
      });
      await Promise.all(killed);
    }
  } finally {
    await folder.write("cache/stop", "");
    await reading.ended;
  }
  return await inspect(folder, JSON.parse((await reading.ended).trim().split("\n").at(-1)!));
}

async function inspect(folder: TempFolder, reads: CacheReads): Promise<CrashReport> {
  const dir = `${folder.path}/cache`;
  const namesOf = async (pattern: RegExp) => (await folder.list()).filter((path) => pattern.test(path));
  const entries = await namesOf(/\/[0-9a-f]{62}k$/);
  const orphans = await namesOf(/\.tmp$/);
  // A read removes an entry that can't be read.
  const cache = filesystemCache(dir, { now: () => Date.now() + ELEVEN_MINUTES_MS });
  for (let key = 0; key < 100; key++) await cache.get(`${key}`);
  const readable = await namesOf(/\/[0-9a-f]{62}k$/);
  const { removed = 0 } = await cache.sweep?.() ?? {};
  const unswept = (await namesOf(/\.tmp$/)).length;
  return {
    reads,
    entries: entries.length,
    unreadable: entries.length - readable.length,
    orphans: orphans.length,
    unswept,
    swept: removed - (orphans.length - unswept),
  };
}

/** The mixtures that are worth a run. */
export const MIXTURES: readonly CrashRuntimes[] = [
  ["deno", "deno", "deno"],
  ["bun", "bun", "bun"],
  ["deno", "bun", "deno"],
  ["deno", "bun", "bun"],
];

if (import.meta.main) {
  const [rounds = "100", ...runtimes] = argv.slice(2);
  const mixtures = runtimes.length === 3 ? [runtimes as unknown as CrashRuntimes] : MIXTURES;
  for (const mixture of mixtures) {
    console.log(mixture.join(" + "), JSON.stringify(await crash(Number(rounds), mixture)));
  }
}
