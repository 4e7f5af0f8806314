/**
 * Dialects of JSON: a schema may bring the parser of one, for bodies that `JSON.parse` refuses.
 *
 * @module
 */

import type { StandardSchemaV1 } from "./standard_schema.ts";

/** The property of a schema that holds its {@linkcode DialectParser}. */
export const DIALECT: unique symbol = Symbol("slipstream.dialect");

/** Parses a text in a dialect of JSON; throws an error if the text is not in that dialect. */
export type DialectParser = (text: string) => unknown;

/**
 * Returns the parser of a schema's dialect.
 *
 * @param schema The schema; its own, or one that a library derived from it by copying its properties.
 * @returns The parser; `undefined` for a schema that reads JSON alone.
 */
export function dialectOf(schema: StandardSchemaV1 | undefined): DialectParser | undefined {
  return (schema as { readonly [DIALECT]?: DialectParser } | undefined)?.[DIALECT];
}
