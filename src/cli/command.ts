/**
 * The interface of a command, and the layout of its help.
 *
 * @module
 */

import type { Clock } from "../primitives/clock.ts";
import type { Processes } from "../runtime/processes/contract.ts";
import type { Terminal, TerminalOutput } from "../runtime/terminal/contract.ts";
import type { FlagSpec, FlagSpecs } from "./args.ts";
import { wrapWords } from "./word_wrap.ts";

/** The terminal, the clock, `fetch` and the processes that a command uses. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Sends requests in place of the runtime's own `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /** Starts other processes and makes temporary folders, where the program may do so. */
  readonly processes?: Processes | undefined;
}

/** The name of a command, and what it does. */
export interface CommandTitle {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
}

/** One command of the program. */
export interface Command extends CommandTitle {
  /** The operands, as the help shows them behind the name. */
  readonly operands: string;
  /** The paragraphs of the help after the summary. */
  readonly details: readonly string[];
  readonly flags: FlagSpecs;
  /**
   * Runs the command.
   *
   * @param args The arguments after its name.
   * @param context The terminal and the other means of the command.
   * @returns The exit code.
   * @throws {UsageError} If something is wrong with the arguments.
   */
  run(args: readonly string[], context: CommandContext): Promise<number>;
}

/** The greatest width of the help: that of a terminal with 80 columns, less one to spare. */
const COLUMNS = 79;
/** The smallest width of a text beside its title. A narrower text goes below its title, indented by {@linkcode INDENT}. */
const LEAST_COLUMNS = 30;
const INDENT = 6;

/** The flag that every command has. */
export const HELP_FLAG = { help: { kind: "switch", short: "h", help: "show this" } } as const;

/** Returns how to call a command, in one line. */
export function usageLine({ name, operands }: Pick<Command, "name" | "operands">): string {
  return `Usage: slipstream ${[name, operands, "[flags]"].filter((part) => part !== "").join(" ")}`;
}

/** Returns the number of columns for a help text. */
export function helpColumns(output: TerminalOutput): number {
  return output.isTerminal ? Math.min(COLUMNS, output.columns() - 1) : COLUMNS;
}

/** Returns the help of one command. */
export function commandUsage(
  { name, operands, summary, details, flags }: Command,
  columns: number = COLUMNS,
): string {
  const rows = Object.entries(flags).map(([flag, spec]) => [flagTitle(flag, spec), spec.help] as const);
  return [
    usageLine({ name, operands }),
    "",
    ...[`${summary}.`, ...details].flatMap((text) => wrap(text, columns)),
    "",
    "Flags:",
    ...table(rows, columns),
    "",
  ].join("\n");
}

/** Returns the help of the whole program. */
export function programUsage(commands: readonly CommandTitle[], columns: number = COLUMNS): string {
  return [
    "Usage: slipstream <command> …",
    "",
    ...wrap("Fetches many resources in parallel, under control.", columns),
    "",
    "Commands:",
    ...table(commands.map(({ name, summary }) => [name, summary] as const), columns),
    "",
    ...wrap("Help on a command: slipstream help <command>. Version: slipstream --version", columns),
    ...wrap("Exit codes: 0 all succeeded, 1 some failed, 2 wrong usage, 129 130 143 stopped", columns),
    "",
  ].join("\n");
}

function flagTitle(name: string, { short, value }: FlagSpec): string {
  const letter = short === undefined ? "    " : `-${short}, `;
  return value === undefined ? `${letter}--${name}` : `${letter}--${name} ${value}`;
}

function table(rows: readonly (readonly [title: string, text: string])[], columns: number): string[] {
  const width = Math.max(...rows.map(([title]) => title.length));
  const isBeside = columns - width - 5 >= LEAST_COLUMNS;
  const indent = " ".repeat(isBeside ? width + 5 : INDENT);
  return rows.flatMap(([title, text]) => {
    const lines = wrap(text, columns - indent.length).map((line) => `${indent}${line}`);
    if (!isBeside) return [`  ${title.trimStart()}`, ...lines];
    const [first = "", ...more] = lines;
    return [`  ${title.padEnd(width)}   ${first.trimStart()}`, ...more];
  });
}

function wrap(text: string, columns: number): string[] {
  return wrapWords(text, columns, "").split("\n");
}
