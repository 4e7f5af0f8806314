/**
 * The runtimes that the benchmarks measure, and how to run a program of `bench/measure` on each. Deno runs a program from
 * its source; Bun runs it as a bundle, because Bun has no import map.
 *
 * @module
 */

import type { ProgramOutput } from "../support/program.ts";

/** A runtime that runs the programs of the benchmarks. */
export interface BenchRuntime {
  readonly name: "deno" | "bun";
  readonly version: string;
  /** The executable and the arguments that stand before the file of a program. */
  readonly command: readonly string[];
  /** Returns the path of a program or another module of `bench`, given its path in `bench` without the extension. */
  readonly fileOf: (name: string) => string;
}

/** Reports that a program could not measure because a rival can't be loaded. */
export class NotMeasuredError extends Error {
  override readonly name = "NotMeasuredError";
}

/** The path of the folder `bench`, with a slash at the end. */
export const BENCH: string = new URL("..", import.meta.url).pathname;

const PROXY_VARIABLE = /^(?:https?|all|no)_proxy$/i;

/**
 * Runs a program in a process of its own, and returns its result.
 *
 * @throws {NotMeasuredError} If the program needs a rival that can't be loaded.
 */
export async function runProgram<O, R>(runtime: BenchRuntime, program: string, options: O): Promise<R> {
  const [executable = "", ...args] = runtime.command;
  const { stdout } = await runFile(executable, [
    ...args,
    runtime.fileOf(`measure/${program}`),
    JSON.stringify(options),
  ]);
  const output: ProgramOutput<R> = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  if ("unavailable" in output) throw new NotMeasuredError(output.unavailable);
  return output.result;
}

/** The output of a process that has ended, and the time that it ran. */
export interface FinishedProcess {
  readonly stdout: string;
  readonly wallMs: number;
}

/** Runs a process to its end. Its environment has no proxy variables, because requests to loopback must not use a proxy. */
export async function runFile(executable: string, args: readonly string[]): Promise<FinishedProcess> {
  const env = Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !PROXY_VARIABLE.test(name)),
  );
  const command = new Deno.Command(executable, {
    args: [...args],
    env,
    clearEnv: true,
    stdin: "null",
    stderr: "piped",
  });
  const before = performance.now();
  const { success, stdout, stderr } = await command.output();
  const wallMs = performance.now() - before;
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot run ${args.join(" ")}:\n${decoder.decode(stderr)}`);
  return { stdout: decoder.decode(stdout), wallMs };
}
