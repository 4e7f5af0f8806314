/**
 * Runs seeds in several processes.
 *
 * @module
 */

import type { SeedsResult } from "./seeds.ts";

/** A program and its first arguments. */
export type WorkerCommand = readonly [string, ...string[]];

/** The seeds to run, and the number of processes. */
export interface SeedRange {
  readonly first: number;
  readonly count: number;
  readonly jobs: number;
}

/** The number of seeds that one process runs. */
const PORTION = 500;

/** Runs seeds in several processes, and combines their results; the failures are sorted by seed. */
export async function runInParallel(
  command: WorkerCommand,
  { first, count, jobs }: SeedRange,
): Promise<SeedsResult> {
  const results: SeedsResult[] = [];
  let next = first;
  const work = async (): Promise<void> => {
    while (next < first + count) {
      const from = next;
      next += PORTION;
      results.push(await runWorker(command, { first: from, count: Math.min(PORTION, first + count - from) }));
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  const sum = (key: "seeds" | "callers" | "sent"): number =>
    results.reduce((all, result) => all + result[key], 0);
  const failures = results.flatMap((result) => result.failures).sort((a, b) => a.seed - b.seed);
  return { failures, seeds: sum("seeds"), callers: sum("callers"), sent: sum("sent") };
}

/** Runs one process to its end, and returns its result. */
export async function runWorker(
  [program, ...args]: WorkerCommand,
  { first, count, stops, signal, cwd }: {
    readonly first: number;
    readonly count: number;
    readonly stops?: boolean;
    readonly signal?: AbortSignal;
    readonly cwd?: string;
  },
): Promise<SeedsResult> {
  const { code, stdout } = await new Deno.Command(program, {
    args: [...args, String(first), String(count), ...stops ? ["stop"] : []],
    stderr: signal === undefined ? "inherit" : "null",
    ...cwd === undefined ? {} : { cwd },
    ...signal === undefined ? {} : { signal },
  }).output();
  const line = new TextDecoder().decode(stdout).trim().split("\n").at(-1);
  if (code !== 0 || !line) throw new Error(`The worker for seeds from ${first} on has ended with ${code}`);
  return JSON.parse(line);
}
