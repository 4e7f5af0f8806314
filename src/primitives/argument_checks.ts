/**
 * Checks of arguments and options, with one formula for what they say.
 *
 * @module
 */

import { objectTag } from "./object_tag.ts";

/**
 * The error for a value that should have been a certain number: a `RangeError` for a number, a `TypeError` for what is none.
 *
 * @param action What can't be done, as in "Cannot {action} as …".
 * @param name The name of the argument or option.
 * @param rule What it must be.
 * @param value What was received.
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

/** The error for a value of the wrong shape; its parameters are those of {@linkcode argumentError}. */
export function shapeError(action: string, name: string, rule: string, value: unknown): TypeError {
  return new TypeError(textOf(action, name, rule, describe(value)));
}

/** Does what {@linkcode shapeError} does, and shows no text: the value may be a secret in the wrong place, or hold one. */
export function secretShapeError(action: string, name: string, rule: string, value: unknown): TypeError {
  return new TypeError(textOf(action, name, rule, describeSecret(value)));
}

/** Throws unless `options` is an object, and no array. What is there instead may be a secret that belongs into one. */
export function assertOptions(action: string, options: unknown): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(
      `Cannot ${action} as the options must be an object: received ${describeSecret(options)}`,
    );
  }
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

/** Throws unless `value` is a function. What is there instead may be the secret that it is to give. */
export function assertFunction(action: string, name: string, value: unknown): void {
  if (typeof value === "function") return;
  throw secretShapeError(action, name, "a function", value);
}

/** Throws unless `value` is absent or can be listened to, as a signal of any realm: a caller that waits with anything else could not leave. */
export function assertSignal(action: string, value: unknown): void {
  if (value === undefined || (value as Partial<AbortSignal> | null)?.addEventListener) return;
  throw shapeError(action, "signal", "an AbortSignal", value);
}

/** Whether a value is a signal, also one of another realm, such as that of a frame. */
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

/** What an error says of a value of any kind: an object is told by its class, and no text is shown, as it may be a secret. */
export function describeKind(value: unknown): string {
  const text = describeSecret(value);
  // Data may have a member of this name.
  const name: unknown = (value as object | null | undefined)?.constructor?.name;
  const isTold = text === "an object" && typeof name === "string" && name !== "Object";
  return isTold ? `an object of ${name}` : text;
}

function describeSecret(value: unknown): string {
  return typeof value === "string" ? "a string" : describe(value);
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `the bigint ${value}n`;
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  return Object(value) === value ? "an object" : String(value);
}
