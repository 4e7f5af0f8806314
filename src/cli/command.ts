/**
 * What a command is, and how its help looks.
 *
 * @module
 */

import type { Clock } from "../primitives/clock.ts";
import type { Processes } from "../runtime/processes/contract.ts";
import type { Terminal } from "../runtime/terminal/contract.ts";
import type { FlagSpec, FlagSpecs } from "./args.ts";

/** What a command works with. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** In place of the runtime's own `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /** Other processes, where the program may start some. */
  readonly processes?: Processes | undefined;
}

/** One command of the program. */
export interface Command {
  readonly name: string;
  /** What the help shows behind the name. */
  readonly operands: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What else the help says, line by line. */
  readonly details: readonly string[];
  readonly flags: FlagSpecs;
  /**
   * Runs the command.
   *
   * @param args The arguments after its name.
   * @param context What it works with.
   * @returns The exit code.
   * @throws {UsageError} If something is wrong with the arguments.
   */
  run(args: readonly string[], context: CommandContext): Promise<number>;
}

/** The flag that every command has. */
export const HELP_FLAG = { help: { kind: "switch", help: "show this" } } as const;

/** The help of one command. */
export function commandUsage({ name, operands, summary, details, flags }: Command): string {
  const rows = Object.entries(flags).map(([flag, spec]) => [flagTitle(flag, spec), spec.help] as const);
  return [
    `Usage: slipstream ${[name, operands, "[flags]"].filter((part) => part !== "").join(" ")}`,
    "",
    `${summary}.`,
    ...details,
    "",
    "Flags:",
    ...table(rows),
    "",
  ].join("\n");
}

/** The help of the whole program. */
export function programUsage(commands: readonly Command[]): string {
  return [
    "Usage: slipstream <command> …",
    "",
    "Fetches many resources in parallel, under control.",
    "",
    "Commands:",
    ...table(commands.map(({ name, summary }) => [name, summary] as const)),
    "",
    "Help on a command: slipstream <command> --help",
    "Exit codes: 0 all succeeded, 1 some failed, 2 wrong usage, 130 interrupted",
    "",
  ].join("\n");
}

function flagTitle(name: string, { value }: FlagSpec): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

function table(rows: readonly (readonly [title: string, text: string])[]): string[] {
  const width = Math.max(...rows.map(([title]) => title.length));
  return rows.map(([title, text]) => `  ${title.padEnd(width)}   ${text}`);
}
