/**
 * JSON as Python writes it: `NaN` and `Infinity` stand in it as bare words, which JSON does not allow. FastF1 has NaN for a value
 * that it could not compute, so some files of every kind may hold such words.
 *
 * @module
 */

import { DIALECT, type DialectParser } from "../schemas/decode.ts";

const NO_NUMBER = /-?\b(?:NaN|Infinity)\b/g;

/**
 * Lets a schema read files in Python's JSON, in which values that are no numbers become `null`. Files that are JSON are parsed as
 * usual.
 *
 * @param schema The schema, which is changed.
 * @returns The same schema.
 */
export function inPython<Schema extends object>(schema: Schema): Schema {
  const parser: { readonly [DIALECT]: DialectParser } = { [DIALECT]: parsePythonJson };
  return Object.assign(schema, parser);
}

/**
 * Parses Python's JSON.
 *
 * @param text The text.
 * @returns The value, with `null` in place of each `NaN`, `Infinity` and `-Infinity` that is not part of a string.
 * @throws {SyntaxError} If the text is otherwise no JSON.
 */
export function parsePythonJson(text: string): unknown {
  let isString = false;
  const parts = text.split('"').map((part) => {
    if (!isString) {
      isString = true;
      return part.replace(NO_NUMBER, "null");
    }
    // An escaped quotation mark does not end its string.
    isString = endsEscaped(part);
    return part;
  });
  return JSON.parse(parts.join('"'));
}

/** Whether a part of a string ends with a backslash that escapes the next character. */
function endsEscaped(part: string): boolean {
  let end = part.length;
  while (part[end - 1] === "\\") end--;
  return (part.length - end) % 2 === 1;
}
