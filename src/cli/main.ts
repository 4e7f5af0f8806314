/**
 * The command line: `slipstream get`, `f1`, `cache` and `demo`.
 *
 * ```sh
 * deno run -A jsr:@slipstream/fetch/cli get https://example.com/a.json https://example.com/b.json
 * ```
 *
 * @module
 */

import { shownUrl } from "../http/url.ts";
import { type Clock, systemClock, type TimerHandle } from "../primitives/clock.ts";
import type { FileKind, Terminal, TerminalFiles, TerminalOutput } from "../runtime/terminal/contract.ts";
import type { Processes, ProcessResult } from "../runtime/processes/contract.ts";
import { currentProcesses } from "../runtime/processes/current.ts";
import { currentTerminal } from "../runtime/terminal/current.ts";
import { UsageError } from "./args.ts";
import { cacheCommand } from "./cache.ts";
import { type Command, commandUsage, programUsage } from "./command.ts";
import { errorLine } from "./error_record.ts";
import { demoCommand } from "./demo.ts";
import { f1Command } from "./f1.ts";
import { getCommand } from "./get.ts";

export { currentTerminal };
export type {
  Clock,
  FileKind,
  Processes,
  ProcessResult,
  Terminal,
  TerminalFiles,
  TerminalOutput,
  TimerHandle,
};

/** Options of {@linkcode main}. */
export interface MainOptions {
  /**
   * Sends the requests.
   * @default {globalThis.fetch}
   */
  readonly fetch?: typeof fetch | undefined;
  /**
   * The time.
   * @default {systemClock}
   */
  readonly clock?: Clock | undefined;
  /** Starts other processes, for commands that show what they do with several; by default there are none. */
  readonly processes?: Processes | undefined;
}

const COMMANDS: readonly Command[] = [getCommand, f1Command, cacheCommand, demoCommand];
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/**
 * Runs the command line.
 *
 * Data goes to stdout, everything else to stderr. The first Ctrl-C aborts what is in flight and keeps what was done, the second
 * one ends the program at once.
 *
 * @param args The arguments after the program's name.
 * @param terminal Where it reads and writes.
 * @param options What else it works with.
 * @returns The exit code: 0 all succeeded, 1 some failed, 2 wrong usage, 130 interrupted.
 *
 * @example What it writes, as text
 * ```ts
 * import { currentTerminal, main } from "@slipstream/fetch/cli";
 * import { assertEquals, assertStringIncludes } from "@std/assert";
 *
 * let written = "";
 * const stdout = {
 *   isTerminal: false,
 *   columns: () => 80,
 *   write(data: string | Uint8Array) {
 *     written += typeof data === "string" ? data : new TextDecoder().decode(data);
 *     return Promise.resolve(true);
 *   },
 * };
 * const exitCode = await main(["get", "--help"], { ...await currentTerminal(), stdout });
 *
 * assertEquals(exitCode, 0);
 * assertStringIncludes(written, "Usage: slipstream get");
 * ```
 */
export async function main(
  args: readonly string[],
  terminal: Terminal,
  options: MainOptions = {},
): Promise<number> {
  const [name = "", ...rest] = args;
  if (name === "--help" || name === "-h" || name === "help") {
    await terminal.stdout.write(programUsage(COMMANDS));
    return 0;
  }
  const command = COMMANDS.find((command) => command.name === name);
  const usage = command === undefined ? programUsage(COMMANDS) : commandUsage(command);
  try {
    if (command === undefined) {
      throw new UsageError(name === "" ? "No command" : `Unknown command: ${JSON.stringify(shownUrl(name))}`);
    }
    const { clock = systemClock, fetch, processes } = options;
    return await command.run(rest, { terminal, clock, fetch, processes });
  } catch (error) {
    const isUsage = error instanceof UsageError;
    await terminal.stderr.write(`slipstream: ${errorLine(error)}\n${isUsage ? `\n${usage}` : ""}`);
    return isUsage ? EXIT_USAGE : EXIT_FAILED;
  }
}

if (import.meta.main) {
  const terminal = await currentTerminal();
  terminal.exit(await main(terminal.args, terminal, { processes: currentProcesses() }));
}
