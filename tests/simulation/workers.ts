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
  { first, count }: Omit<SeedRange, "jobs">,
): Promise<SeedsResult> {
  const { code, stdout } = await new Deno.Command(program, {
    args: [...args, String(first), String(count)],
    stderr: "inherit",
  }).output();
  return resultOf(first, code, new TextDecoder().decode(stdout));
}

/** The seeds to run until one fails or hangs, and where. */
export interface WatchedRange {
  readonly first: number;
  readonly count: number;
  /** The folder in which the process runs. */
  readonly cwd: string;
  /** The longest time of one seed, in milliseconds. */
  readonly longestMs: number;
}

/**
 * Runs one process until a seed fails, and stops the process if a single seed takes too long. Many seeds may take long on a busy
 * machine.
 *
 * @returns The result, or the seed that hangs.
 */
export async function watchWorker(
  [program, ...args]: WorkerCommand,
  { first, count, cwd, longestMs }: WatchedRange,
): Promise<SeedsResult | { readonly hangs: number }> {
  const child = new Deno.Command(program, {
    args: [...args, String(first), String(count), "stop"],
    stdout: "piped",
    stderr: "null",
    cwd,
  }).spawn();
  let [output, hangs] = ["", false];
  const stop = (): void => {
    hangs = true;
    child.kill("SIGKILL");
  };
  let timer = setTimeout(stop, longestMs);
  // The process tells each seed when it begins.
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    clearTimeout(timer);
    timer = setTimeout(stop, longestMs);
  }
  const { code } = await child.status;
  clearTimeout(timer);
  return hangs ? { hangs: Number(lastLine(output) ?? first) } : resultOf(first, code, output);
}

function resultOf(first: number, code: number, output: string): SeedsResult {
  const line = lastLine(output);
  if (code !== 0 || !line) throw new Error(`The worker for seeds from ${first} on has ended with ${code}`);
  return JSON.parse(line);
}

function lastLine(output: string): string | undefined {
  return output.trim().split("\n").at(-1);
}
