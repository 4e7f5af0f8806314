/**
 * The command line as a process of its own, on the runtime that the tests run on.
 *
 * @module
 */

import type { ChildProcess } from "node:child_process";
import { runtime } from "./test.ts";
import { type TempFolder, tempFolder } from "./temp_folder.ts";

const MAIN = "src/cli/main.ts";

interface ProcessGlobal {
  readonly execPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  kill(pid: number, signal: string): void;
}

const currentProcess = (globalThis as unknown as { process: ProcessGlobal }).process;

/** How a process ended. */
export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that runs. */
export interface CliProcess {
  /** When it has ended and everything that it wrote has been read. */
  readonly ended: Promise<CliResult>;
  /** Presses Ctrl-C. */
  interrupt(): void;
  /** Sends a signal. */
  signal(name: "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGKILL"): void;
  /** Ends it at once, whatever it does. */
  kill(): void;
  /** Reads the first bytes of stdout, and then closes it. */
  closeStdout(): void;
}

/** What a process gets besides its arguments. */
export interface CliProcessOptions {
  /** What it reads from stdin, which stays open without it. */
  readonly input?: string | undefined;
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Deno's flags for its permissions, which Bun has none of; by default all. */
  readonly permissions?: readonly string[] | undefined;
  /** Which of its outputs leads to a full disk, by the number of its descriptor. */
  readonly full?: 1 | 2 | undefined;
  /** How many files and sockets it may have open. */
  readonly descriptors?: number | undefined;
  /** Whether SIGHUP is ignored, as `nohup` has it. */
  readonly nohup?: boolean | undefined;
  /** Another program than the command line, by its path. */
  readonly program?: string | undefined;
}

/** Starts the command line. */
export async function startCli(
  args: readonly string[],
  { input, env, permissions = ["--allow-all"], full, descriptors, nohup = false, program = MAIN }:
    CliProcessOptions = {},
): Promise<CliProcess> {
  const { spawn } = await import("node:child_process");
  const folder = await tempFolder();
  const limit = descriptors === undefined ? "" : `ulimit -n ${descriptors}; `;
  const redirection = full === undefined ? "" : `${full}>/dev/full`;
  const child = spawn(
    "/bin/sh",
    [
      "-c",
      `${nohup ? "trap '' HUP; " : ""}${limit}exec "$0" "$@" ${redirection}`,
      currentProcess.execPath,
      ...await programArgs(program, folder, permissions),
      ...args,
    ],
    {
      env: { ...currentProcess.env, NO_PROXY: "127.0.0.1", no_proxy: "127.0.0.1", NO_COLOR: "1", ...env },
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
  const { pid } = child;
  if (pid === undefined) throw new Error("Cannot start the command line");
  // It may end before it has read everything.
  child.stdin.on("error", () => {});
  if (input !== undefined) child.stdin.end(input);
  return {
    ended: collect(child).finally(() => folder[Symbol.asyncDispose]()),
    // Not `child.kill()`: Deno then reports that the signal ended the process, whatever the process did.
    interrupt: () => currentProcess.kill(pid, "SIGINT"),
    signal: (name) => currentProcess.kill(pid, name),
    kill: () => currentProcess.kill(pid, "SIGKILL"),
    closeStdout: () => void child.stdout.once("data", () => child.stdout.destroy()),
  };
}

/** Runs the command line to its end. */
export async function runCli(args: readonly string[], options: CliProcessOptions = {}): Promise<CliResult> {
  return await (await startCli(args, { input: "", ...options })).ended;
}

async function collect(child: ChildProcess): Promise<CliResult> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr?.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { code, stdout, stderr };
}

/** What makes the runtime run a program. Bun needs a bundle, which is made once. */
async function programArgs(
  program: string,
  folder: TempFolder,
  permissions: readonly string[],
): Promise<string[]> {
  if (runtime === "deno") return ["run", "--quiet", "--no-prompt", ...permissions, "--no-check", program];
  let bundle = bundles.get(program);
  if (bundle === undefined) bundles.set(program, bundle = bundleOf(program, folder));
  await folder.write("cli.js", await bundle);
  return [`${folder.path}/cli.js`];
}

const bundles = new Map<string, Promise<string>>();

async function bundleOf(program: string, folder: TempFolder): Promise<string> {
  const { execFile } = await import("node:child_process");
  const { promisify } = await import("node:util");
  const output = "bundle.js";
  await promisify(execFile)("deno", ["bundle", "--quiet", program, "--output", `${folder.path}/${output}`]);
  return await folder.read(output);
}
