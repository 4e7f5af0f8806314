/**
 * Command-line arguments: a command's flags, and the parser for them.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { closestWord } from "./closest_word.ts";

/** An error in the arguments. The program then shows how to use it, and exits with code 2. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** One flag of a command. */
export interface FlagSpec {
  /** Whether the flag is a `switch` without a value, takes one `value` (the last one counts), or builds a `list` when repeated. */
  readonly kind: "switch" | "value" | "list";
  /** The letter of the short form, as in `-H`. */
  readonly short?: string | undefined;
  /** The name of the value in the help, as in `--out DIR`. */
  readonly value?: string | undefined;
  /** Whether `-` may be the value. */
  readonly dash?: boolean | undefined;
  /** Whether the value may be an empty text, as opposed to a missing one. */
  readonly empty?: boolean | undefined;
  /** The description in the help. */
  readonly help: string;
}

/** The flags of a command, by name. */
export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

/** The values of flags: a boolean for a switch, a text or `undefined` for a value, an array for a list. */
export type Flags<Specs extends FlagSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name]["kind"] extends "switch" ? boolean
    : Specs[Name]["kind"] extends "list" ? readonly string[]
    : string | undefined;
};

/** The arguments of a command. */
export interface ParsedArgs<Specs extends FlagSpecs> {
  readonly flags: Flags<Specs>;
  /** The arguments that belong to no flag, in order. */
  readonly operands: readonly string[];
}

/**
 * Sorts arguments into flags and operands. `--name value`, `--name=value`, `-n value` and `-nvalue` mean the same, and so do `-a -b` and
 * `-ab`. A `-` is an operand, and so is everything after `--`.
 *
 * @param args The arguments after the command.
 * @param specs The command's flags.
 * @returns The values of the flags, and the operands.
 * @throws {UsageError} If there is a flag that the command does not have, a value is missing, or a switch has one.
 */
export function readArgs<const Specs extends FlagSpecs>(
  args: readonly string[],
  specs: Specs,
): ParsedArgs<Specs> {
  const names = (kind: FlagSpec["kind"]) => Object.keys(specs).filter((name) => specs[name]?.kind === kind);
  const valued = [...names("value"), ...names("list")];
  const long = joinValues(args, specs);
  checkSwitches(long, names("switch"));
  const parsed: Record<string, unknown> = parseArgs(long, {
    boolean: names("switch"),
    string: [...valued, "_"],
    collect: names("list"),
    unknown: (flag, key) => {
      if (key !== undefined) throw unknownFlag(flag, specs);
    },
  });
  for (const name of valued) {
    if (![parsed[name]].flat().includes("")) continue;
    if (specs[name]!.empty !== true || isBare(name, long)) throw new UsageError(`'--${name}' needs a value`);
  }
  const flags = Object.fromEntries(Object.keys(specs).map((name) => [name, parsed[name]]));
  return { flags: flags as Flags<Specs>, operands: (parsed._ as unknown[]).map(String) };
}

/** Returns whether a flag stands without any argument behind it that could be its value. */
function isBare(name: string, args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const flags = end === -1 ? args : args.slice(0, end);
  return flags.some((arg, index) => arg === `--${name}` && flags[index + 1]?.startsWith("-") !== false);
}

/** Refuses a value for a switch: `--quiet=no` would otherwise count as `--quiet`. */
function checkSwitches(args: readonly string[], switches: readonly string[]): void {
  for (const arg of args) {
    if (arg === "--") return;
    const name = switches.find((name) => arg.startsWith(`--${name}=`));
    if (name !== undefined) throw new UsageError(`'--${name}' takes no value: received ${arg}`);
  }
}

function unknownFlag(text: string, specs: FlagSpecs): UsageError {
  const [flag = ""] = text.split("=", 1);
  const meant = flag.startsWith("--")
    ? closestWord(flag.slice(2).toLowerCase(), Object.keys(specs))
    : undefined;
  return new UsageError(`Unknown flag: ${flag}${meant === undefined ? "" : ` (did you mean --${meant}?)`}`);
}

/**
 * Replaces short flags by long ones, and joins a value that looks like a flag to the flag before it. So an error for `--retries -1` names
 * the value, and `-` after `--data` or `--out` is its value; an empty text is joined where the flag allows one.
 */
function joinValues(args: readonly string[], specs: FlagSpecs): string[] {
  const joined: string[] = [];
  for (const [index, arg] of args.entries()) {
    if (arg === "--") return [...joined, ...args.slice(index)];
    const flag = /^--([^=]+)$/.exec(joined.at(-1) ?? "")?.[1];
    const spec = flag !== undefined && Object.hasOwn(specs, flag) ? specs[flag] : undefined;
    const isValue = arg === "" ? spec?.empty : arg === "-" ? spec?.dash : /^-\d/.test(arg);
    if (isValue && spec !== undefined && spec.kind !== "switch") {
      joined[joined.length - 1] = `--${flag}=${arg}`;
    } else joined.push(...writeOut(arg, specs));
  }
  return joined;
}

/** Replaces the short flags in `-H`, `-Hvalue`, `-iv` and `-ivHvalue` by long ones; returns any other argument as it is. */
function writeOut(arg: string, specs: FlagSpecs): readonly string[] {
  const [, letter, equals, rest = ""] = /^-([A-Za-z])(=?)(.*)$/s.exec(arg) ?? [];
  const [name, spec] =
    Object.entries(specs).find(([, { short }]) => letter !== undefined && short === letter) ?? [];
  if (name === undefined) return [arg];
  if (rest === "" && (equals === "" || spec?.kind === "switch")) return [`--${name}`];
  if (spec?.kind !== "switch") return [`--${name}=${rest}`];
  const others = writeOut(`-${rest}`, specs);
  // If one of the letters is no flag, keep the argument whole, so that the error names all of it.
  return equals === "" && others[0] !== `-${rest}` ? [`--${name}`, ...others] : [arg];
}
