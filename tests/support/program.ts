/**
 * Programs of the tests in processes of their own, on either runtime.
 *
 * @module
 */

import type { TempFolder } from "./temp_folder.ts";
import { runtime } from "./test.ts";

/** What a program runs on. */
export type RuntimeName = typeof runtime;

const { execFile, spawn } = await import("node:child_process");
const { execPath } = (globalThis as unknown as {
  process: { readonly execPath: string };
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

/** Puts a program of this folder into another one, for {@linkcode startProgram}. */
export async function bundleProgram(folder: TempFolder, name: string): Promise<void> {
  const { promisify } = await import("node:util");
  const program = `tests/support/${name}.ts`;
  await promisify(execFile)("deno", ["bundle", "--quiet", program, "--output", `${folder.path}/${name}.js`]);
}

/** A process. */
export interface Program {
  /** Whether it prints so many lines before it ends. */
  hasPrinted(lines: number): Promise<boolean>;
  /** When it has ended, with what it has printed. */
  readonly ended: Promise<string>;
  /** Ends it at once, as `kill -9` does. */
  kill(): void;
}

/**
 * Starts a program.
 *
 * @param folder Where it is, and where it works.
 * @param name The runtime.
 * @param program Its name.
 * @param below The folder below that it is told of.
 * @param args What else it is told.
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
