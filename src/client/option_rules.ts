/**
 * The rules that options are made of, with messages that say them.
 *
 * @module
 */

import { describeUnknown, type Elsewhere } from "../http/option_hints.ts";
import { objectTag } from "../primitives/object_tag.ts";

/** What is wrong with a value, or with a part of it. */
export interface Fault {
  /** Which part, from the outside in; empty for the value itself. */
  readonly path: readonly string[];
  /** What it must be, or that it is not wanted. */
  readonly message: string;
  /** The part. */
  readonly value: unknown;
  /** Whether it is of a wrong shape, a number out of range, or something that there is not. */
  readonly kind: "shape" | "range" | "unwanted";
}

/** Finds what is wrong with a value; nothing if it is fine. */
export type Rule = ((value: unknown) => Fault | undefined) & {
  /** Whether a member must be there; others may be `undefined`. */
  readonly isRequired?: boolean;
};

function fault(value: unknown, message: string, kind: Fault["kind"] = "shape"): Fault {
  return { path: [], message, value, kind };
}

/** Something that passes a test, which the message says. */
export function rule(message: string, isGood: (value: unknown) => boolean): Rule {
  return (value) => isGood(value) ? undefined : fault(value, message);
}

/** A number, by a rule that its message says. */
export function number(rule: string, isInRange: (value: number) => boolean): Rule {
  const message = `must be ${rule}`;
  return (value) => {
    if (typeof value !== "number") return fault(value, message);
    return !Number.isNaN(value) && isInRange(value) ? undefined : fault(value, message, "range");
  };
}

/** One of these values. */
export function oneOf(...values: readonly (string | number)[]): Rule {
  const shown = values.map((value) => typeof value === "string" ? `'${value}'` : value);
  const message = `must be ${shown.slice(0, -1).join(", ")} or ${shown.at(-1)}`;
  return rule(message, (value) => (values as readonly unknown[]).includes(value));
}

/** An array, each of whose members follows a rule. */
export function arrayOf(member: Rule, message: string): Rule {
  return (value) => {
    if (!Array.isArray(value)) return fault(value, message);
    for (const [index, each] of value.entries()) {
      const found = member(each);
      if (found !== undefined) return within(String(index), found);
    }
    return undefined;
  };
}

/** What follows one rule, and then another one. */
export function both(first: Rule, second: Rule): Rule {
  return (value) => first(value) ?? second(value);
}

/** A member that must be there. */
export function required(rule: Rule): Rule {
  return Object.assign((value: unknown) => rule(value), { isRequired: true });
}

function within(name: string, { path, ...found }: Fault): Fault {
  return { ...found, path: [name, ...path] };
}

/** Members of these names, which may hold anything: it is checked where they are used. */
export function optionalAny(...names: string[]): Record<string, Rule> {
  return Object.fromEntries(names.map((name) => [name, () => undefined]));
}

/**
 * An object with these members, and no others: of any other, it says where it belongs, or what was probably meant. `undefined` is as good
 * as absent, also where a member belongs somewhere else.
 *
 * @param entries The rules of the members.
 * @param message What is said of anything that is no object.
 * @param elsewhere Makes what can be given somewhere else, and where.
 */
export function strict(
  entries: Readonly<Record<string, Rule>>,
  message: string,
  elsewhere: () => Elsewhere = nowhere,
): Rule {
  return (value) => {
    if (typeof value !== "object" || value === null) return fault(value, message);
    const members = value as Readonly<Record<string, unknown>>;
    let missing: Fault | undefined;
    for (const name in entries) {
      const member = members[name];
      if (member === undefined && entries[name]!.isRequired !== true) continue;
      const found = entries[name]!(member);
      if (found === undefined) continue;
      if (member !== undefined) return within(name, found);
      missing ??= within(name, found);
    }
    // What is missing may be there under another name: then that is said.
    for (const name in members) {
      if (Object.hasOwn(entries, name)) continue;
      const others = elsewhere();
      if (members[name] === undefined && Object.hasOwn(others, name)) continue;
      return within(
        name,
        fault(members[name], describeUnknown(name, Object.keys(entries), others), "unwanted"),
      );
    }
    return missing;
  };
}

function nowhere(): Elsewhere {
  return {};
}

/** An object with members of these names; what they hold is checked where they are used. */
export function members(what: string, ...names: string[]): Rule {
  return plain(what, strict(optionalAny(...names), `must be ${what}`));
}

/** An object that is no instance of a class: of one, nothing would be read, and nothing refused. */
export function plain(what: string, behind: Rule): Rule {
  return both(rule(`must be ${what}`, isPlain), behind);
}

function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether a value is an object that holds only what it says: no collection, and none of the platform's objects. */
export function isBare(value: unknown): boolean {
  return objectTag(value) === "Object" && !(Symbol.iterator in (value as object));
}

/** Takes what passes the test as it is, and checks everything else. */
export function unless(isGood: (value: unknown) => boolean, otherwise: Rule): Rule {
  return (value) => isGood(value) ? undefined : otherwise(value);
}

/** Whether a value is `false`. */
export function isFalse(value: unknown): value is false {
  return value === false;
}

/** Whether a value is a status that says that something is wrong. */
export function isErrorStatus(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 400 && (value as number) <= 599;
}

/** Whether a value is an object with these methods. */
export function hasMethods(value: unknown, ...names: string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

/** Whether a value is a Standard Schema. */
export function isStandardSchema(value: unknown): boolean {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  return hasMethods((value as { readonly "~standard"?: unknown })["~standard"], "validate");
}

/** A time that something may take. */
export const positiveMs: Rule = number(
  "a positive number of milliseconds, or Infinity",
  (value) => value > 0,
);
/** How many there may be. */
export const positiveInteger: Rule = number(
  "a positive integer",
  (value) => Number.isSafeInteger(value) && value > 0,
);
/** How often. */
export const count: Rule = number(
  "a whole number of at least 0",
  (value) => Number.isInteger(value) && value >= 0,
);
/** A time that may be none. */
export const atLeast0Ms: Rule = number(
  "a number of milliseconds of at least 0",
  (value) => value >= 0,
);
/** A switch. */
export const flag: Rule = rule("must be true or false", (value) => typeof value === "boolean");
/** A function. */
export const callable: Rule = rule("must be a function", (value) => typeof value === "function");
/** A text. */
export const text: Rule = rule("must be a string", (value) => typeof value === "string");
