/**
 * Arguments: which flags a command has, and what was given.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { closestWord } from "./closest_word.ts";

/** Something is wrong with the arguments: the program shows how it is used, and ends with 2. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** One flag of a command. */
export interface FlagSpec {
  /** `switch` is there or not, `value` has one value (the last one given), `list` may come more than once. */
  readonly kind: "switch" | "value" | "list";
  /** One letter that means the same, as in `-H`. */
  readonly short?: string | undefined;
  /** What the help calls the value, as in `--out DIR`. */
  readonly value?: string | undefined;
  /** Whether `-` is a value. */
  readonly dash?: boolean | undefined;
  /** Whether an empty text is a value, as opposed to none. */
  readonly empty?: boolean | undefined;
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
 * Sorts arguments into flags and operands. `--name value`, `--name=value`, `-n value` and `-nvalue` are the same, and so are `-a -b` and
 * `-ab`; after `--` everything is an operand; `-` is one too.
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

/** Whether nothing follows a flag that it could have as its value. */
function isBare(name: string, args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const flags = end === -1 ? args : args.slice(0, end);
  return flags.some((arg, index) => arg === `--${name}` && flags[index + 1]?.startsWith("-") !== false);
}

/** Refuses `--quiet=no`, which would otherwise count as `--quiet`. */
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
 * Writes flags of one letter out, and joins a value to its flag that looks like a flag itself and is none: `--retries -1`, so that the
 * value is named as what is wrong, and `--data -` and `--out -`, which mean stdin and stdout; and one that is empty.
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

/** `-H`, `-Hvalue`, `-iv` and `-ivHvalue`, written out; everything else as it is. */
function writeOut(arg: string, specs: FlagSpecs): readonly string[] {
  const [, letter, equals, rest = ""] = /^-([A-Za-z])(=?)(.*)$/s.exec(arg) ?? [];
  const [name, spec] =
    Object.entries(specs).find(([, { short }]) => letter !== undefined && short === letter) ?? [];
  if (name === undefined) return [arg];
  if (rest === "" && (equals === "" || spec?.kind === "switch")) return [`--${name}`];
  if (spec?.kind !== "switch") return [`--${name}=${rest}`];
  const others = writeOut(`-${rest}`, specs);
  // Where one letter is no flag, the whole is named.
  return equals === "" && others[0] !== `-${rest}` ? [`--${name}`, ...others] : [arg];
}
