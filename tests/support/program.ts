/**
 * Runs the tests' programs in processes of their own, on either runtime.
 *
 * @module
 */

import type { TempFolder } from "./temp_folder.ts";
import { runtime } from "./test.ts";

/** The name of a runtime that runs a program. */
export type RuntimeName = typeof runtime;

const { execFile, spawn } = await import("node:child_process");
const { execPath } = (globalThis as unknown as {
  process: { readonly execPath: string };
}).process;

/** Returns the executable of a runtime; the current runtime may have another name, or not be on the PATH. */
function programOf(name: RuntimeName): string {
  return name === runtime ? execPath : name;
}

/** Returns whether a runtime can run here. */
export async function isInstalled(name: RuntimeName): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  execFile(programOf(name), ["--version"], (error) => resolve(error === null));
  return await promise;
}

/** Bundles a program of this folder into another folder, for {@linkcode startProgram}. */
export async function bundleProgram(folder: TempFolder, name: string): Promise<void> {
  const { promisify } = await import("node:util");
  const program = `tests/support/${name}.ts`;
  await promisify(execFile)("deno", ["bundle", "--quiet", program, "--output", `${folder.path}/${name}.js`]);
}

/** A running program. */
export interface Program {
  /** Resolves to true as soon as the program has printed `lines` lines, and to false if it ends before. */
  hasPrinted(lines: number): Promise<boolean>;
  /** Resolves to the output when the program has ended. */
  readonly ended: Promise<string>;
  /** Ends the program at once, as `kill -9` does. */
  kill(): void;
}

/**
 * Starts a program.
 *
 * @param folder The folder that contains the program.
 * @param name The runtime.
 * @param program The name of the program.
 * @param below The folder below `folder` that the program gets as its first argument.
 * @param args The program's further arguments.
 */
export function startProgram(
  folder: TempFolder,
  name: RuntimeName,
  program: string,
  below: string,
  ...args: string[]
): Program {
  const run = name === "deno" ? ["run", "--quiet", "--allow-all"] : [];
  const allArgs = [...run, `${folder.path}/${program}.js`, `${folder.path}/${below}`, ...args];
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
