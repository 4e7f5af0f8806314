/**
 * The runtimes that are measured, and how a program of `bench/measure` is run on each: from its source on Deno, as a bundle
 * on Bun, which has no import map.
 *
 * @module
 */

import type { ProgramOutput } from "../support/program.ts";

/** A runtime that programs are run on. */
export interface BenchRuntime {
  readonly name: "deno" | "bun";
  readonly version: string;
  /** The command that runs the file of a program, and what comes before that file. */
  readonly command: readonly string[];
  /** The file of a program in `bench/measure`, or of another module, by its name without an extension. */
  readonly fileOf: (name: string) => string;
}

/** The program could not measure because a rival is missing. */
export class NotMeasuredError extends Error {
  override readonly name = "NotMeasuredError";
}

/** The folder `bench`. */
export const BENCH: string = new URL("..", import.meta.url).pathname;

const PROXY_VARIABLE = /^(?:https?|all|no)_proxy$/i;

/** Runs a program in a process of its own, and gives back what it has measured. */
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

/** What became of a process. */
export interface FinishedProcess {
  readonly stdout: string;
  readonly wallMs: number;
}

/** Runs a process to its end, without the proxies of the environment, which loopback must not go through. */
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
