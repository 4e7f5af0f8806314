/**
 * Checks of arguments and options, with one formula for their error messages.
 *
 * @module
 */

import { objectTag } from "./object_tag.ts";

/**
 * Creates the error for a value that breaks a rule about numbers: a `RangeError` for a number, a `TypeError` for any other value.
 *
 * @param action The action that failed, as in "Cannot {action} as …".
 * @param name The name of the argument or option.
 * @param rule The rule for the value, as in "'{name}' must be {rule}".
 * @param value The value received.
 */
export function argumentError(
  action: string,
  name: string,
  rule: string,
  value: unknown,
): TypeError | RangeError {
  if (typeof value !== "number") return shapeError(action, name, rule, value);
  return new RangeError(textOf(action, name, rule, String(value)));
}

/** Creates the error for a value of the wrong shape; the parameters are those of {@linkcode argumentError}. */
export function shapeError(action: string, name: string, rule: string, value: unknown): TypeError {
  return new TypeError(textOf(action, name, rule, describe(value)));
}

/** Creates the error that {@linkcode shapeError} does, but shows no string: the value may be a secret in the wrong place. */
export function secretShapeError(action: string, name: string, rule: string, value: unknown): TypeError {
  return new TypeError(textOf(action, name, rule, describeSecret(value)));
}

/** Throws unless `options` is an object and no array. The error shows no string: it may be a secret that belongs into the options. */
export function assertOptions(action: string, options: unknown): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(
      `Cannot ${action} as the options must be an object: received ${describeSecret(options)}`,
    );
  }
}

/** Throws if `options` is no object, or has a member of any other name than these: it would be ignored. */
export function assertOnlyOptions(action: string, options: unknown, names: readonly string[]): void {
  assertOptions(action, options);
  const foreign = Object.keys(options as object).find((name) => !names.includes(name));
  if (foreign === undefined) return;
  const known = names.map((name) => `'${name}'`).join(", ");
  throw new TypeError(`Cannot ${action} as '${foreign}' is not an option: there are ${known}`);
}

/** Throws unless `value` is an integer of at least 1. */
export function assertPositiveInteger(action: string, name: string, value: unknown): void {
  if (Number.isSafeInteger(value) && (value as number) >= 1) return;
  throw argumentError(action, name, "a positive integer", value);
}

/** Throws unless `value` is a finite number above 0. */
export function assertPositive(action: string, name: string, value: unknown): void {
  if (Number.isFinite(value) && (value as number) > 0) return;
  throw argumentError(action, name, "a positive number", value);
}

/** Throws unless `value` is a finite number of at least 0. */
export function assertNonNegative(action: string, name: string, value: unknown): void {
  if (Number.isFinite(value) && (value as number) >= 0) return;
  throw argumentError(action, name, "a number of at least 0", value);
}

/** Throws unless `value` is true, false or absent. */
export function assertSwitch(action: string, name: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw shapeError(action, name, "true or false", value);
}

/** Throws unless `value` is a function. The error shows no string: it may be a secret that the function should have returned. */
export function assertFunction(action: string, name: string, value: unknown): void {
  if (typeof value === "function") return;
  throw secretShapeError(action, name, "a function", value);
}

/**
 * Throws unless `value` is a function whose result counts at once. That of an async function is always a promise: it would count
 * as true, and its rejection would end the process.
 */
export function assertPromptFunction(action: string, name: string, value: unknown): void {
  if (isPromptFunction(value)) return;
  throw secretShapeError(action, name, "a function, and not an async one", value);
}

/** Returns whether a value is a function, and not an async one. */
export function isPromptFunction(value: unknown): boolean {
  return typeof value === "function" && objectTag(value) !== "AsyncFunction";
}

/**
 * Throws unless `value` is absent or has an `addEventListener`, as a signal of any realm has. Without listening, an abort could
 * not end a wait.
 */
export function assertSignal(action: string, value: unknown): void {
  if (value === undefined || (value as Partial<AbortSignal> | null)?.addEventListener) return;
  throw shapeError(action, "signal", "an AbortSignal", value);
}

/** Returns whether a value is an abort signal, also one of another realm, such as that of a frame. */
export function isSignal(value: unknown): value is AbortSignal {
  return value instanceof AbortSignal || objectTag(value) === "AbortSignal";
}

/** Throws unless `value` looks like a `Clock`. */
export function assertClock(action: string, name: string, value: unknown): void {
  const clock = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (
    ["now", "wallNow", "setTimeout", "clearTimeout"].every((method) => typeof clock[method] === "function")
  ) return;
  throw shapeError(action, name, "a clock", value);
}

function textOf(action: string, name: string, rule: string, received: string): string {
  return `Cannot ${action} as '${name}' must be ${rule}: received ${received}`;
}

/** Describes a value for an error message: an object by its class, and a string only as "a string", because it may be a secret. */
export function describeKind(value: unknown): string {
  const text = describeSecret(value);
  // The object may be data with a member called "constructor", and a generator's constructor has no name.
  const name: unknown = (value as object | null | undefined)?.constructor?.name;
  const isTold = text === "an object" && typeof name === "string" && name !== "" && name !== "Object";
  return isTold ? `an object of ${name}` : text;
}

function describeSecret(value: unknown): string {
  if (typeof value === "string") return "a string";
  return typeof value === "function" && !isPromptFunction(value) ? "an async function" : describe(value);
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `the bigint ${value}n`;
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  return Object(value) === value ? "an object" : String(value);
}
