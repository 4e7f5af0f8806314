/**
 * Serializes a value as the JSON body of a request.
 *
 * @module
 */

import { describeKind } from "../primitives/argument_checks.ts";
import { objectTag } from "../primitives/object_tag.ts";

/**
 * Serializes a value as JSON.
 *
 * @param value The value.
 * @returns The text.
 * @throws {TypeError} If JSON cannot express the value: it refers to itself, holds a bigint, or is a function or a symbol. Also
 * if its content would be lost, as that of a promise, a `Map` or a form, or if it is bytes or `URLSearchParams`, which belong in
 * `body`.
 */
export function jsonBody(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split("\n", 1)[0] : String(cause);
    throw new TypeError(`Cannot fetch as 'json' must be a value that can be written as JSON: ${why}`, {
      cause,
    });
  }
  if (text !== undefined && !isLost(value, text)) return text;
  const why = text === undefined ? "" : ", of which the content would be lost";
  throw new TypeError(
    `Cannot fetch as 'json' must be a value that can be written as JSON: received ${
      describeKind(value)
    }${why}`,
  );
}

/**
 * Copies a value for JSON bodies that are serialized later: the caller may change the same object meanwhile.
 *
 * @param value The value.
 * @returns A value with the same JSON.
 * @throws {TypeError} If JSON cannot express the value.
 */
export function ownJson(value: unknown): unknown {
  return JSON.parse(jsonBody(value));
}

/**
 * Whether JSON would lose the content of a value, or express it in an unexpected way. Then the caller has made a mistake: a
 * missing `await`, or `json` in place of `body`.
 */
function isLost(value: unknown, text: string): boolean {
  if (ArrayBuffer.isView(value) || value instanceof URLSearchParams) return true;
  return text === "{}" && objectTag(value) !== "Object";
}
