/**
 * Proves that the simulation detects faults: breaks one rule after the other in a copy of the sources, and runs seeds until
 * one fails:
 *
 *     deno task simulate:mutations [--seeds 10000] [--jobs 2] [--only NAME]
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type Mutation, MUTATIONS } from "./mutation_list.ts";
import type { SeedsResult } from "./seeds.ts";
import { watchWorker, type WorkerCommand } from "./workers.ts";

/** The files and folders that a run of the simulation needs. */
const COPIED: readonly string[] = [
  "src",
  "deno.json",
  "deno.lock",
  "mod.ts",
  "tests/simulation",
  "tests/lanes",
  "tests/support",
  "tests/links",
];

/** How many seeds one process runs. */
const PORTION = 200;
/**
 * The longest time of one seed, in milliseconds. One that takes longer hangs, which counts as detected; even on a busy machine, a
 * seed takes a few seconds at most.
 */
const LONGEST_MS = 180_000;

const COMMAND: WorkerCommand = [
  Deno.execPath(),
  ..."run --allow-all --no-check --quiet tests/simulation/worker.ts".split(" "),
];

const { seeds = "10000", jobs = "2", only } = parseArgs(Deno.args, { string: ["seeds", "jobs", "only"] });
const waiting = MUTATIONS.filter(({ name }) => only === undefined || name.includes(only));
let missed = 0;
await Promise.all(Array.from({ length: Number(jobs) }, work));
console.log(missed === 0 ? "Every one was found" : `${missed} were not found`);
Deno.exit(missed === 0 ? 0 : 1);

async function work(): Promise<void> {
  for (let mutation = waiting.shift(); mutation !== undefined; mutation = waiting.shift()) {
    const verdict = await runMutated(mutation);
    if (verdict === undefined) missed++;
    console.log(`${mutation.name}: ${verdict ?? `not found in ${seeds} seeds`}`);
  }
}

/** Runs seeds with a mutation; returns what detected it, or `undefined` if nothing did. */
async function runMutated(mutation: Mutation): Promise<string | undefined> {
  const folder = Deno.makeTempDirSync({ prefix: "slipstream-mutation-" });
  try {
    for (const part of COPIED) copy(part, `${folder}/${part}`);
    for (const change of mutation.changes) apply(change, folder);
    for (let first = 1; first <= Number(seeds); first += PORTION) {
      const verdict = await runPortion(first, Math.min(PORTION, Number(seeds) - first + 1), folder);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Runs seeds in a folder; returns what detected its mutation, or `undefined` if nothing did. */
async function runPortion(first: number, count: number, cwd: string): Promise<string | undefined> {
  const result = await watchWorker(COMMAND, { first, count, cwd, longestMs: LONGEST_MS });
  if (!("hangs" in result)) return describe(result);
  return `seed ${result.hangs} does not end within ${LONGEST_MS / 1_000} s`;
}

function describe({ failures: [failure] }: SeedsResult): string | undefined {
  if (failure === undefined) return undefined;
  const { rule, text } = failure.violations[0]!;
  return `found by seed ${failure.seed}: ${rule}: ${text}`;
}

function apply({ file, search, replace }: Mutation["changes"][number], folder: string): void {
  const path = `${folder}/${file}`;
  const text = Deno.readTextFileSync(path);
  const places = text.split(search).length - 1;
  if (places !== 1) {
    throw new Error(`Cannot break ${file} as what is searched must be there once: it is ${places} times`);
  }
  Deno.writeTextFileSync(path, text.replace(search, () => replace));
}

function copy(from: string, to: string): void {
  if (!Deno.statSync(from).isDirectory) {
    Deno.mkdirSync(to.slice(0, to.lastIndexOf("/")), { recursive: true });
    return Deno.copyFileSync(from, to);
  }
  for (const { name } of Deno.readDirSync(from)) copy(`${from}/${name}`, `${to}/${name}`);
}
