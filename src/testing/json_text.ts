/**
 * JSON text as the F1 source writes it: whole floats keep their `.0`, and what is missing is the string "None".
 *
 * @module
 */

/** What stands for a missing value. */
export const MISSING = "None";

/** A cell of a column. */
export type Cell = number | string | boolean;

/** Writes a float. */
export function floatText(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** Writes a column of floats, in which texts such as "None" may stand. */
export function floatColumn(values: readonly Cell[]): string {
  return `[${
    values.map((value) => typeof value === "number" ? floatText(value) : JSON.stringify(value)).join()
  }]`;
}

/** Writes a column of integers, texts or booleans. */
export function plainColumn(values: readonly Cell[]): string {
  return JSON.stringify(values);
}

/** Writes a table from the texts of its columns. */
export function tableText(columns: Readonly<Record<string, string>>): string {
  return `{${Object.entries(columns).map(([name, text]) => `${JSON.stringify(name)}:${text}`).join()}}`;
}
