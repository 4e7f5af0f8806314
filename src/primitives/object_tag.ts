/**
 * The type of a value, whichever realm or package it comes from.
 *
 * @module
 */

/** Returns a value's own tag (`Symbol.toStringTag`), or its built-in one: `Object` for a record, `Request`, `Map` and so on. */
export function objectTag(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
