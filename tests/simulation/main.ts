/**
 * Runs the simulation for many seeds, in several processes, and shrinks the world of the first seed that fails:
 *
 *     deno task simulate [--seeds 10000] [--first 1] [--jobs 2] [--only deno|bun]
 *     deno task simulate --seed 77
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { findBun } from "../support/bun.ts";
import { describeRun, shrinkSeed } from "./seeds.ts";
import { runInParallel, type WorkerCommand } from "./workers.ts";

const WORKER = new URL("./worker.ts", import.meta.url).pathname;

/** Returns the command that runs a worker, for each runtime. */
const COMMANDS: Readonly<Record<string, (folder: string) => Promise<WorkerCommand>>> = {
  deno: () => Promise.resolve([Deno.execPath(), "run", "--allow-all", "--no-check", "--quiet", WORKER]),
  bun: bundledForBun,
};

const args = parseArgs(Deno.args, { string: ["seeds", "first", "seed", "jobs", "only"] });
const failed = args.seed === undefined ? await simulate() : await replay(Number(args.seed));
Deno.exit(failed ? 1 : 0);

async function simulate(): Promise<boolean> {
  const { seeds = "10000", first = "1", jobs = String(navigator.hardwareConcurrency), only } = args;
  const folder = Deno.makeTempDirSync({ prefix: "slipstream-simulation-" });
  let firstSeed: number | undefined;
  try {
    for (const [name, commandIn] of Object.entries(COMMANDS)) {
      if (only !== undefined && only !== name) continue;
      const startedAt = performance.now();
      const range = { first: Number(first), count: Number(seeds), jobs: Number(jobs) };
      const { failures, callers, sent } = await runInParallel(await commandIn(folder), range);
      for (const { seed, violations: [violation] } of failures) {
        console.log(`seed ${seed}: ${violation!.rule} at ${violation!.atMs} ms: ${violation!.text}`);
      }
      firstSeed ??= failures[0]?.seed;
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      console.log(
        `${name}: ${seeds} seeds, ${failures.length} failed; ${callers} requests, ${sent} sent; ${seconds} s`,
      );
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
  if (firstSeed !== undefined) await replay(firstSeed);
  return firstSeed !== undefined;
}

/** Runs one seed, and shrinks its world if it fails; returns whether it failed. */
async function replay(seed: number): Promise<boolean> {
  const run = await shrinkSeed(seed);
  console.log(
    run === undefined ? `seed ${seed} keeps every rule` : `seed ${seed}, shrunk:\n${describeRun(run)}`,
  );
  return run !== undefined;
}

async function bundledForBun(folder: string): Promise<WorkerCommand> {
  const bun = await findBun();
  if (bun === undefined) {
    throw new Error("Cannot simulate on Bun: it is not on the PATH, and npm does not have it");
  }
  const bundle = `${folder}/worker.js`;
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", WORKER, "-o", bundle],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("Cannot simulate on Bun: the worker can't be bundled");
  return [bun, bundle];
}
