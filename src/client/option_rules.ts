/**
 * The rules that options are made of, with messages that say them.
 *
 * @module
 */

import * as v from "valibot";
import { describeUnknown, type Elsewhere } from "../http/option_hints.ts";

/** A number, by a rule that its message says. */
export function number(rule: string, isInRange: (value: number) => boolean): v.GenericSchema {
  return v.pipe(v.number(`must be ${rule}`), v.check(isInRange, `must be ${rule}`));
}

/** Something of which only the kind is checked here. */
export function object(what: string): v.GenericSchema {
  return v.custom<object>((value) => typeof value === "object" && value !== null, `must be ${what}`);
}

/** Members of these names, which may hold anything: it is checked by whoever uses them. */
export function optionalAny(...names: string[]): Record<string, v.GenericSchema> {
  return Object.fromEntries(names.map((name) => [name, v.optional(v.any())]));
}

/**
 * An object with these members, and no others: of any other, it says where it belongs, or what was probably meant.
 *
 * @param entries The rules of the members.
 * @param message What is said of anything that is no object.
 * @param elsewhere What can be given somewhere else, and where.
 */
export function strict(
  entries: Readonly<Record<string, v.GenericSchema>>,
  message: string,
  elsewhere: Elsewhere = {},
): v.GenericSchema {
  const known = Object.keys(entries).filter((name) => !Object.hasOwn(elsewhere, name));
  // Of a member that is too many, valibot gives the name.
  return v.strictObject(
    entries,
    (issue) => issue.expected === "never" ? describeUnknown(String(issue.input), known, elsewhere) : message,
  );
}

/** Members that are given somewhere else, and where; `undefined` is as good as absent. */
export function refused(elsewhere: Elsewhere): Record<string, v.GenericSchema> {
  return Object.fromEntries(
    Object.entries(elsewhere).map(([name, advice]) => [
      name,
      v.optional(v.never(`is not an option here: ${advice}`)),
    ]),
  );
}

/** An object with members of these names; what they hold is checked by whoever uses them. */
export function members(what: string, ...names: string[]): v.GenericSchema {
  return plain(what, strict(optionalAny(...names), `must be ${what}`));
}

/** An object that is no instance of a class: of one, nothing would be read, and nothing refused. */
export function plain(what: string, rule: v.GenericSchema): v.GenericSchema {
  return v.pipe(v.custom(isPlain, `must be ${what}`), rule);
}

function isPlain(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether a value is an object that holds only what it says: no collection, and none of the platform's objects. */
export function isBare(value: unknown): boolean {
  return typeof value === "object" && value !== null && !(Symbol.iterator in value) &&
    !(Symbol.toStringTag in value);
}

/** Takes what passes the test as it is, and checks everything else. */
export function unless(isGood: (value: unknown) => boolean, otherwise: v.GenericSchema): v.GenericSchema {
  return v.lazy((value) => isGood(value) ? v.any() : otherwise);
}

/** Whether a value is a URL, or may be one. */
export function isUrl(value: unknown): boolean {
  return typeof value === "string" || value instanceof URL;
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
export const positiveMs: v.GenericSchema = number(
  "a positive number of milliseconds, or Infinity",
  (value) => value > 0,
);
/** How many there may be. */
export const positiveInteger: v.GenericSchema = number(
  "a positive integer",
  (value) => Number.isInteger(value) && value > 0,
);
/** How often. */
export const count: v.GenericSchema = number(
  "a whole number of at least 0",
  (value) => Number.isInteger(value) && value >= 0,
);
/** A time that may be none. */
export const atLeast0Ms: v.GenericSchema = number(
  "a number of milliseconds of at least 0",
  (value) => value >= 0,
);
/** A switch. */
export const flag: v.GenericSchema = v.boolean("must be true or false");
/** A function. */
export const callable: v.GenericSchema = v.function("must be a function");
