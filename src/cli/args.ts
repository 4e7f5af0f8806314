/**
 * Arguments: which flags a command has, and what was given.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";

/** Something is wrong with the arguments: the program shows how it is used, and ends with 2. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** One flag of a command. */
export interface FlagSpec {
  /** `switch` is there or not, `value` has one value (the last one given), `list` may come more than once. */
  readonly kind: "switch" | "value" | "list";
  /** What the help calls the value, as in `--out DIR`. */
  readonly value?: string | undefined;
  /** What the help says. */
  readonly help: string;
}

/** The flags of a command, by name. */
export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

/** What was given: `true` or `false`, a text or `undefined`, a list. */
export type Flags<Specs extends FlagSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name]["kind"] extends "switch" ? boolean
    : Specs[Name]["kind"] extends "list" ? readonly string[]
    : string | undefined;
};

/** The arguments of a command. */
export interface ParsedArgs<Specs extends FlagSpecs> {
  readonly flags: Flags<Specs>;
  /** What belongs to no flag, in order. */
  readonly operands: readonly string[];
}

/**
 * Sorts arguments into flags and operands. `--name value` and `--name=value` are the same; after `--` everything is an
 * operand; `-` is one too. Where there is `--help`, `-h` is the same.
 *
 * @param args The arguments after the command.
 * @param specs The command's flags.
 * @returns What was given.
 * @throws {UsageError} If there is a flag that the command does not have, a value is missing, or a switch has one.
 */
export function readArgs<const Specs extends FlagSpecs>(
  args: readonly string[],
  specs: Specs,
): ParsedArgs<Specs> {
  const names = (kind: FlagSpec["kind"]) => Object.keys(specs).filter((name) => specs[name]?.kind === kind);
  checkSwitches(args, names("switch"));
  const valued = [...names("value"), ...names("list")];
  const parsed: Record<string, unknown> = parseArgs(joinNegative(args, valued), {
    boolean: names("switch"),
    string: [...valued, "_"],
    collect: names("list"),
    alias: "help" in specs ? { h: "help" } : {},
    unknown: (flag, key) => {
      if (key !== undefined) throw new UsageError(`Unknown flag: ${flag.split("=", 1)[0]}`);
    },
  });
  for (const name of valued) {
    if ([parsed[name]].flat().includes("")) throw new UsageError(`'--${name}' needs a value`);
  }
  const flags = Object.fromEntries(Object.keys(specs).map((name) => [name, parsed[name]]));
  return { flags: flags as Flags<Specs>, operands: (parsed._ as unknown[]).map(String) };
}

/** Refuses `--quiet=no`, which would otherwise count as `--quiet`. */
function checkSwitches(args: readonly string[], switches: readonly string[]): void {
  for (const arg of args) {
    if (arg === "--") return;
    const name = switches.find((name) => arg.startsWith(`--${name}=`));
    if (name !== undefined) throw new UsageError(`'--${name}' takes no value: received ${arg}`);
  }
}

/** Turns `--retries -1` into `--retries=-1`, so that the value is named as what is wrong, and not as a flag. */
function joinNegative(args: readonly string[], valued: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const flag = joined.at(-1);
    const isValue = /^-\d/.test(arg) && flag !== undefined && valued.some((name) => flag === `--${name}`);
    if (isValue) joined[joined.length - 1] = `${flag}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}
