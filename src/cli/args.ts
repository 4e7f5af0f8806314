/**
 * Command-line arguments: a command's flags, and the parser for them.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { closestWord } from "./closest_word.ts";
import { flagElsewhere } from "./other_programs.ts";

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
 * Sorts arguments into flags and operands. `--name value`, `--name=value`, `-n value` and `-nvalue` mean the same, and so do
 * `-a -b` and `-ab`. A `-` is an operand, and so is everything after `--`.
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
  const end = args.indexOf("--");
  const { given, operands } = sortOut(end === -1 ? args : args.slice(0, end), specs);
  checkFlags(given, specs);
  const parsed: Record<string, unknown> = parseArgs(given, {
    boolean: names("switch"),
    string: valued,
    collect: names("list"),
  });
  for (const name of valued) {
    const isEmpty = specs[name]!.empty !== true && [parsed[name]].flat().includes("");
    if (isEmpty || given.includes(`--${name}`)) throw new UsageError(`'--${name}' needs a value`);
  }
  const flags = Object.fromEntries(Object.keys(specs).map((name) => [name, parsed[name]]));
  return {
    flags: flags as Flags<Specs>,
    operands: end === -1 ? operands : [...operands, ...args.slice(end + 1)],
  };
}

/**
 * Refuses a flag that the command does not have, since the parser reads `--no-out=x` as `--out=x`, and a value for a switch,
 * since it reads `--quiet=no` as `--quiet`.
 */
function checkFlags(given: readonly string[], specs: FlagSpecs): void {
  for (const arg of given) {
    const [, name = "", equals] = /^--([^=]*)(=?)/.exec(arg) ?? [];
    if (!Object.hasOwn(specs, name)) throw unknownFlag(arg, specs);
    if (equals === "=" && specs[name]!.kind === "switch") {
      throw new UsageError(`'--${name}' takes no value: received ${arg}`);
    }
  }
}

function unknownFlag(text: string, specs: FlagSpecs): UsageError {
  const [flag = ""] = text.split("=", 1);
  const meant = flag.startsWith("--")
    ? meantFlag(flag.slice(2).toLowerCase(), specs)
    : flagElsewhere(flag.charAt(1), Object.keys(specs));
  return new UsageError(`Unknown flag: ${flag}${meant === undefined ? "" : ` (did you mean --${meant}?)`}`);
}

function meantFlag(name: string, specs: FlagSpecs): string | undefined {
  const known = Object.keys(specs);
  return flagElsewhere(name, known) ?? closestWord(name, known);
}

/**
 * Separates flags from operands. It replaces short flags by long ones, and joins each value to its flag, so that the parser takes
 * no operand for a value. A value may look like a flag: an error for `--retries -1` names the value, and `-` after `--data` or
 * `--out` is its value; an empty text is a value where the flag allows one.
 */
function sortOut(
  args: readonly string[],
  specs: FlagSpecs,
): { readonly given: string[]; readonly operands: readonly string[] } {
  const given: string[] = [];
  const operands: string[] = [];
  /** The flag that ends the last argument and has no value yet. */
  let open: FlagSpec | undefined;
  for (const arg of args) {
    if (open !== undefined && canBeValue(arg, open)) {
      given.push(`${given.pop()}=${arg}`);
      open = undefined;
    } else if (arg.startsWith("-") && arg !== "-") {
      given.push(...writeOut(arg, specs));
      const name = /^--([^=]+)$/.exec(given.at(-1)!)?.[1];
      open = name !== undefined && Object.hasOwn(specs, name) ? specs[name] : undefined;
    } else {
      operands.push(arg);
      open = undefined;
    }
  }
  return { given, operands };
}

function canBeValue(arg: string, { kind, dash, empty }: FlagSpec): boolean {
  if (kind === "switch") return false;
  return arg === "" ? empty === true : arg === "-" ? dash === true : !arg.startsWith("-") || /^-\d/.test(arg);
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
