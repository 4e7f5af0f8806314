/**
 * What values are, whichever realm or package they are of.
 *
 * @module
 */

/** What a value says it is, such as `Object` for a record, `Request` or `Map`. */
export function objectTag(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
