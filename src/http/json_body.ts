/**
 * A value as the body of a request.
 *
 * @module
 */

import { describeKind } from "../primitives/argument_checks.ts";
import { objectTag } from "../primitives/object_tag.ts";

/**
 * Writes a value as JSON.
 *
 * @param value The value.
 * @returns The text.
 * @throws {TypeError} If it can't be written: it refers to itself, holds a bigint, or is a function or a symbol. Also if nothing would be
 * left of it, as of a promise, a `Map` or a form, or if it is bytes or parameters, which belong into `body`.
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

/** Whether JSON says little of a value, or what no server expects, so that it is a slip: an `await` left out, or a `body` meant. */
function isLost(value: unknown, text: string): boolean {
  if (ArrayBuffer.isView(value) || value instanceof URLSearchParams) return true;
  return text === "{}" && objectTag(value) !== "Object";
}
