/**
 * The command line: `slipstream get`, `f1`, `cache`, `demo` and `completions`.
 *
 * ```sh
 * deno run -A jsr:@slipstream/fetch/cli get https://example.com/a.json https://example.com/b.json
 * ```
 *
 * @module
 */

import { isAbsoluteUrl, shownUrl } from "../http/url.ts";
import { type Clock, systemClock, type TimerHandle } from "../primitives/clock.ts";
import type {
  EndSignal,
  FileKind,
  FileWriter,
  Terminal,
  TerminalFiles,
  TerminalOutput,
} from "../runtime/terminal/contract.ts";
import type { Processes, ProcessResult } from "../runtime/processes/contract.ts";
import { currentProcesses } from "../runtime/processes/current.ts";
import { currentTerminal } from "../runtime/terminal/current.ts";
import { isMainModule } from "../runtime/terminal/main_module.ts";
import { UsageError } from "./args.ts";
import { type Command, commandUsage, helpColumns, programUsage, usageLine } from "./command.ts";
import { GET } from "./command_titles.ts";
import { COMMANDS } from "./commands.ts";
import { errorLine, errorRecord } from "./error_record.ts";
import { closestWord } from "./closest_word.ts";
import { VERSION } from "./version.ts";
import { writeWords } from "./word_wrap.ts";

export { currentTerminal };
export type {
  Clock,
  EndSignal,
  FileKind,
  FileWriter,
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
   * The source of time.
   * @default {systemClock}
   */
  readonly clock?: Clock | undefined;
  /** Starts other processes and makes temporary folders for `demo`; without it, `demo` loads everything in this process. */
  readonly processes?: Processes | undefined;
}

const HELP: readonly string[] = ["help", "--help", "-h"];
const VERSIONS: readonly string[] = ["--version", "-V", "version"];
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/**
 * Runs the command line.
 *
 * Data goes to stdout, everything else to stderr. The first Ctrl-C, SIGTERM or SIGHUP aborts the requests in flight and keeps all
 * finished results; the second one ends the program at once. The program also ends 5 seconds after the first one if a write is
 * still pending, for example because the reader of stdout has stopped reading.
 *
 * @param args The arguments after the program's name.
 * @param terminal The terminal that the program reads from and writes to.
 * @param options The `fetch`, the clock and the processes to use.
 * @returns The exit code: 0 all succeeded, 1 some failed, 2 wrong usage, 130 interrupted (143 by SIGTERM, 129 by SIGHUP).
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
 * const exitCode = await main(["get", "--help"], { ...currentTerminal(), stdout });
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
  try {
    if (HELP.includes(name)) return await say(await helpOn(rest, helpColumns(terminal.stdout)), terminal);
    if (VERSIONS.includes(name)) return await say(`slipstream ${VERSION}\n`, terminal);
    const { clock = systemClock, fetch, processes } = options;
    const command = await loadCommand(name);
    return await command.run(rest, { terminal, clock, fetch, processes });
  } catch (error) {
    const isUsage = error instanceof UsageError;
    if (await wantsJson(name, rest)) {
      const record = { where: name, subject: name, ...errorRecord(error) };
      await terminal.stderr.write(`${JSON.stringify(record)}\n`);
    } else {
      const usage = isUsage ? await shortUsage(name) : "";
      await writeWords(terminal.stderr, `slipstream: ${errorLine(error)}\n${usage}`);
    }
    return isUsage ? EXIT_USAGE : EXIT_FAILED;
  }
}

/** Returns whether the arguments ask for failures as lines of JSON. They may be wrong otherwise, so that no parser takes them. */
async function wantsJson(name: string, args: readonly string[]): Promise<boolean> {
  const flag = "json-errors";
  const end = args.indexOf("--");
  const flags = end === -1 ? args : args.slice(0, end);
  if (!flags.includes(`--${flag}`)) return false;
  const command = await COMMANDS.find((entry) => entry.name === name)?.load();
  return command?.flags[flag] !== undefined;
}

async function say(text: string, terminal: Terminal): Promise<number> {
  await writeWords(terminal.stdout, text);
  return 0;
}

/** Returns the help of a command, or of the program if no command is named. */
async function helpOn([name, ...rest]: readonly string[], columns: number): Promise<string> {
  if (rest.length > 0) throw new UsageError("'help' takes one command");
  if (name === undefined || HELP.includes(name)) return programUsage(COMMANDS, columns);
  return commandUsage(await loadCommand(name), columns);
}

async function loadCommand(name: string): Promise<Command> {
  const entry = COMMANDS.find((entry) => entry.name === name);
  if (entry !== undefined) return await entry.load();
  if (name === "") throw new UsageError("No command");
  const meant = isAbsoluteUrl(name) ? GET.name : closestWord(name, COMMANDS.map(({ name }) => name));
  const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
  throw new UsageError(`Unknown command: ${JSON.stringify(shownUrl(name))}${hint}`);
}

/** Returns two lines on how to use a command, for a usage error; the help says more. */
async function shortUsage(name: string): Promise<string> {
  const entry = COMMANDS.find((entry) => entry.name === name);
  if (entry !== undefined) return `${usageLine(await entry.load())}\nAll flags: slipstream help ${name}\n`;
  return `Usage: slipstream <${COMMANDS.map(({ name }) => name).join("|")}> …\nMore: slipstream help\n`;
}

// Bundlers replace `import.meta.main` only where it is written out.
if (isMainModule({ url: import.meta.url, main: import.meta.main })) {
  const terminal = currentTerminal();
  terminal.exit(await main(terminal.args, terminal, { processes: currentProcesses() }));
}
