/**
 * Runs the command line as a process of its own, on the runtime that runs the tests.
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

/** The exit code and the output of a process that has ended. */
export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running process. */
export interface CliProcess {
  /** Resolves when the process has ended and all of its output has been read. */
  readonly ended: Promise<CliResult>;
  /** Sends SIGINT, as Ctrl-C does. */
  interrupt(): void;
  /** Sends a signal. */
  signal(name: "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGKILL"): void;
  /** Ends the process at once with SIGKILL. */
  kill(): void;
  /** Closes stdout after its first bytes have been read. */
  closeStdout(): void;
}

/** The input, the environment and the permissions of a process. */
export interface CliProcessOptions {
  /** The text on stdin; without it, stdin stays open. */
  readonly input?: string | undefined;
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Deno's permission flags; by default all permissions. Bun has no permissions and ignores them. */
  readonly permissions?: readonly string[] | undefined;
  /** The descriptor of the output that leads to a full disk (`/dev/full`). */
  readonly full?: 1 | 2 | undefined;
  /** How many files and sockets the process may have open. */
  readonly descriptors?: number | undefined;
  /** Whether the process ignores SIGHUP, as under `nohup`. */
  readonly nohup?: boolean | undefined;
  /** The path of the program to run; by default the command line. */
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
  // The process may end before it has read all of stdin, which is no failure of the test.
  child.stdin.on("error", () => {});
  if (input !== undefined) child.stdin.end(input);
  return {
    ended: collect(child).finally(() => folder[Symbol.asyncDispose]()),
    // Don't use `child.kill()`: after it, Deno always reports that the signal ended the process.
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

/** Returns the arguments that make the runtime run a program. Bun needs a bundle, which is made only once. */
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
