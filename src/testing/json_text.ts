/**
 * Writes JSON text as in the published F1 files: whole floats keep their `.0`, and a missing value is the string "None".
 *
 * @module
 */

/** The string for a missing value. */
export const MISSING = "None";

/** A cell of a column. */
export type Cell = number | string | boolean;

/** Writes a float. */
export function floatText(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** Writes a column of floats, which may also contain strings such as "None". */
export function floatColumn(values: readonly Cell[]): string {
  return `[${
    values.map((value) => typeof value === "number" ? floatText(value) : JSON.stringify(value)).join()
  }]`;
}

/** Writes a column of integers, strings or booleans. */
export function plainColumn(values: readonly Cell[]): string {
  return JSON.stringify(values);
}

/** Writes a table from the texts of its columns. */
export function tableText(columns: Readonly<Record<string, string>>): string {
  return `{${Object.entries(columns).map(([name, text]) => `${JSON.stringify(name)}:${text}`).join()}}`;
}
