/**
 * Makes the rules for the values of options, each with a message that states the rule.
 *
 * @module
 */

import { describeUnknown, type Elsewhere } from "../http/option_hints.ts";
import { isPromptFunction } from "../primitives/argument_checks.ts";
import type { Bucket } from "../primitives/bucket.ts";
import { objectTag } from "../primitives/object_tag.ts";

/** A fault in a value, or in a part of it. */
export interface Fault {
  /** The path to the part, from the outside in; empty for the value itself. */
  readonly path: readonly string[];
  /** A text that says what the part must be, or that it is not wanted. */
  readonly message: string;
  /** The value of the part. */
  readonly value: unknown;
  /** Whether the part has a wrong shape, is a number out of range, or is a member that does not exist. */
  readonly kind: "shape" | "range" | "unwanted";
}

/** Finds the fault in a value; `undefined` if the value is fine. */
export type Rule = ((value: unknown) => Fault | undefined) & {
  /** Whether a member must be there; others may be `undefined`. */
  readonly isRequired?: boolean;
};

function fault(value: unknown, message: string, kind: Fault["kind"] = "shape"): Fault {
  return { path: [], message, value, kind };
}

/** Makes a rule for values that pass a test; the message describes the test. */
export function rule(message: string, isGood: (value: unknown) => boolean): Rule {
  return (value) => isGood(value) ? undefined : fault(value, message);
}

/** Makes a rule for numbers that pass a test; `rule` describes the test. */
export function number(rule: string, isInRange: (value: number) => boolean): Rule {
  const message = `must be ${rule}`;
  return (value) => {
    if (typeof value !== "number") return fault(value, message);
    return !Number.isNaN(value) && isInRange(value) ? undefined : fault(value, message, "range");
  };
}

/** Makes a rule for one of these values. */
export function oneOf(...values: readonly (string | number)[]): Rule {
  const shown = values.map((value) => typeof value === "string" ? `'${value}'` : value);
  const message = `must be ${shown.slice(0, -1).join(", ")} or ${shown.at(-1)}`;
  return rule(message, (value) => (values as readonly unknown[]).includes(value));
}

/** Makes a rule for an array whose members all follow a rule. */
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

/** Makes a rule for values that follow one rule, and then another one. */
export function both(first: Rule, second: Rule): Rule {
  return (value) => first(value) ?? second(value);
}

/** Makes the rule of a member that must be there. */
export function required(rule: Rule): Rule {
  return Object.assign((value: unknown) => rule(value), { isRequired: true });
}

function within(name: string, { path, ...found }: Fault): Fault {
  return { ...found, path: [name, ...path] };
}

/** Makes rules for members that may hold anything, because the code that uses them checks them. */
export function optionalAny(...names: string[]): Record<string, Rule> {
  return Object.fromEntries(names.map((name) => [name, () => undefined]));
}

/**
 * Makes a rule for an object that has these members and no others. The message for another member says where it belongs, or which
 * member was probably meant. `undefined` counts as absent, also for a member that belongs somewhere else.
 *
 * @param entries The rules of the members.
 * @param message The message for a value that is no object.
 * @param elsewhere Returns the members that belong somewhere else, and where.
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
    // A missing member may be there under another name: then report that name.
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

/** Makes a rule for an object with members of these names, which the code that uses them checks. */
export function members(what: string, ...names: string[]): Rule {
  return plain(what, strict(optionalAny(...names), `must be ${what}`));
}

/**
 * Makes a rule for an object that is no instance of a class. The rule behind it would find no members in an instance, and refuse
 * nothing.
 */
export function plain(what: string, behind: Rule): Rule {
  return both(rule(`must be ${what}`, isPlain), behind);
}

function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Tells whether a value is a bare object: no collection, and none of the platform's objects. */
export function isBare(value: unknown): boolean {
  return objectTag(value) === "Object" && !(Symbol.iterator in (value as object));
}

/** Makes a rule that accepts values that pass a test, and checks all others by another rule. */
export function unless(isGood: (value: unknown) => boolean, otherwise: Rule): Rule {
  return (value) => isGood(value) ? undefined : otherwise(value);
}

/** Whether a value is `false`. */
export function isFalse(value: unknown): value is false {
  return value === false;
}

/** Whether a value is a bucket. An async `tryTake` would always seem to give a token. */
export function isBucket(value: unknown): value is Bucket {
  if (!hasMethods(value, "tryTake", "notify")) return false;
  const { tryTake, canTake } = value as Bucket;
  return isPromptFunction(tryTake) && (canTake === undefined || isPromptFunction(canTake));
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

/** A time of more than 0. */
export const positiveMs: Rule = number(
  "a positive number of milliseconds, or Infinity",
  (value) => value > 0,
);
/** A number of at least 1. */
export const positiveInteger: Rule = number(
  "a positive integer",
  (value) => Number.isSafeInteger(value) && value > 0,
);
/** A number of at least 0. */
export const count: Rule = number(
  "a whole number of at least 0",
  (value) => Number.isInteger(value) && value >= 0,
);
/** A time of at least 0. */
export const atLeast0Ms: Rule = number(
  "a number of milliseconds of at least 0",
  (value) => value >= 0,
);
/** A status that says that something is wrong. */
export const errorStatus: Rule = number(
  "an integer from 400 to 599",
  (value) => Number.isInteger(value) && value >= 400 && value <= 599,
);
/** A switch. */
export const flag: Rule = rule("must be true or false", (value) => typeof value === "boolean");
/** A function. */
export const callable: Rule = rule("must be a function", (value) => typeof value === "function");
/** A function whose result counts at once. */
export const prompt: Rule = rule("must be a function, and not an async one", isPromptFunction);
/** A text. */
export const text: Rule = rule("must be a string", (value) => typeof value === "string");
