/**
 * A value as the body of a request.
 *
 * @module
 */

/**
 * Writes a value as JSON.
 *
 * @param value The value.
 * @returns The text.
 * @throws {TypeError} If it can't be written: it refers to itself, holds a bigint, or is a function or a symbol.
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
  if (text !== undefined) return text;
  throw new TypeError(
    `Cannot fetch as 'json' must be a value that can be written as JSON: received a ${typeof value}`,
  );
}
