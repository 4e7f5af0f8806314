/**
 * Two processes write to one folder and are killed in the middle, again and again, while a third one reads:
 *
 *     deno run -A tests/cache/filesystem/crash.ts [ROUNDS] [WRITER WRITER READER]
 *
 * where the last three are `deno` or `bun`; without them it goes through Deno, Bun and mixtures.
 *
 * @module
 */

import { filesystemCache } from "../../../src/cache/filesystem.ts";
import { seededRandom } from "../../../src/testing/random.ts";
import type { CacheReads } from "../../support/cache_reader.ts";
import { type TempFolder, tempFolder } from "../../support/temp_folder.ts";
import { runtime } from "../../support/test.ts";

/** A runtime for each process. */
export type CrashRuntimes = readonly [writer: RuntimeName, writer: RuntimeName, reader: RuntimeName];

type RuntimeName = typeof runtime;

/** What is left after all the crashes, and what was seen meanwhile. */
export interface CrashReport {
  readonly reads: CacheReads;
  /** How many entries there are in the end. */
  readonly entries: number;
  /** How many of them can't be read. */
  readonly unreadable: number;
  /** How many files were left half-written. */
  readonly orphans: number;
  /** How many of those a sweep has left. */
  readonly unswept: number;
  /** How many entries a sweep has removed. */
  readonly swept: number;
}

const ELEVEN_MINUTES_MS = 11 * 60_000;
/** After at most so many entries a writer is killed. */
const MAX_WRITES = 8;

const { execFile, spawn } = await import("node:child_process");
const { argv, execPath } = (globalThis as unknown as {
  process: { readonly argv: readonly string[]; readonly execPath: string };
}).process;

/** The runtime that this is may be under another name, or on no path at all. */
function programOf(name: RuntimeName): string {
  return name === runtime ? execPath : name;
}

/** Whether a runtime can be run. */
export async function isInstalled(name: RuntimeName): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  execFile(programOf(name), ["--version"], (error) => resolve(error === null));
  return await promise;
}

/** Kills both writers so many times, and looks at what is left. */
export async function crash(
  rounds: number,
  [first, second, reader]: CrashRuntimes,
  { seed = 1 }: { readonly seed?: number } = {},
): Promise<CrashReport> {
  await using folder = await tempFolder();
  await folder.folder("cache");
  for (const name of ["writer", "reader"]) await bundle(folder, name);
  const random = seededRandom(seed);
  const reading = start(folder, reader, "reader");
  await reading.hasPrinted(1);
  try {
    for (let round = 0; round < rounds; round++) {
      const killed = [first, second].map(async (name, index) => {
        const writer = start(folder, name, "writer", `${seed * 10_000 + round * 2 + index}`);
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

async function bundle(folder: TempFolder, name: string): Promise<void> {
  const { promisify } = await import("node:util");
  const program = `tests/support/cache_${name}.ts`;
  await promisify(execFile)("deno", ["bundle", "--quiet", program, "--output", `${folder.path}/${name}.js`]);
}

interface Process {
  /** Whether it prints so many lines before it ends. */
  hasPrinted(lines: number): Promise<boolean>;
  /** When it has ended, with what it has printed. */
  readonly ended: Promise<string>;
  kill(): void;
}

function start(folder: TempFolder, name: RuntimeName, program: string, ...args: string[]): Process {
  const run = name === "deno" ? ["run", "--quiet", "--allow-all"] : [];
  const allArgs = [...run, `${folder.path}/${program}.js`, `${folder.path}/cache`, ...args];
  const child = spawn(programOf(name), allArgs, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  let onOutput = (): void => {};
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    onOutput();
  });
  const ended = new Promise<string>((resolve) => child.once("close", () => resolve(output)));
  return {
    ended,
    kill: () => void child.kill("SIGKILL"),
    hasPrinted(lines) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      onOutput = () => {
        if (output.split("\n").length > lines) resolve(true);
      };
      onOutput();
      ended.then(() => resolve(false));
      return promise;
    },
  };
}

async function inspect(folder: TempFolder, reads: CacheReads): Promise<CrashReport> {
  const dir = `${folder.path}/cache`;
  const namesOf = async (pattern: RegExp) => (await folder.list()).filter((path) => pattern.test(path));
  const entries = await namesOf(/\/[0-9a-f]{62}k$/);
  const orphans = await namesOf(/\.tmp$/);
  // What can't be read is removed by being read.
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

/** Every mixture that tells something. */
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
