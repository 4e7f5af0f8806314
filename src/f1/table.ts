/**
 * Checks payloads that hold a table column by column, each column in one loop.
 *
 * @module
 */

import * as v from "valibot";
import { leadingNumbers } from "../primitives/leading_numbers.ts";
import type { PayloadSchema } from "./payload_schema.ts";
import { inPython } from "./python_json.ts";

/** How the files write a missing value; the spelling differs by season. */
const MISSING = "None";
const ALSO_MISSING: ReadonlySet<unknown> = new Set(["nan", "NaN", "NaT", "<NA>"]);
/** Strings that mean a missing value in a column of numbers or booleans. */
const NO_VALUE = /^\s*(?:(?:nan|none|null|n\/a)\s*)?$/i;
/** Booleans that some files write as strings, as Python prints them. */
const FLAG_TEXTS: ReadonlyMap<unknown, boolean> = new Map(
  Object.entries({ True: true, true: true, False: false, false: false }),
);
/** A number that some seasons write as a string. */
const NUMBER_TEXT = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?\s*$/i;

/** The type of the values in a column. */
type ColumnType = "number" | "string" | "boolean";

/** The kind of values in one column of a table. `Values` is the type of the whole column and exists for the compiler alone. */
export interface Column<Values, Required extends boolean = true> {
  readonly type: ColumnType;
  /** Whether values may be missing: `"None"`, `"nan"`, `null` and the like all become `null`. */
  readonly gaps: boolean;
  readonly required: Required;
  /** Whether the column is one value for the whole table, instead of one value per row. */
  readonly single: boolean;
  /** Never set; it carries the type `Values` for the compiler. */
  readonly values?: Values;
}

/** The columns that a table type declares. Undeclared columns pass through unchanged. */
export type ColumnsOf<Table> = {
  readonly [Name in keyof Table as string extends Name ? never : Name]-?: Column<
    Exclude<Table[Name], undefined>,
    undefined extends Table[Name] ? false : true
  >;
};

/** A number in every row. */
export const numbers: Column<readonly number[]> = column("number", false);
/** A string in every row. */
export const texts: Column<readonly string[]> = column("string", false);
/** Numbers, some of them missing. */
export const numbersOrGaps: Column<readonly (number | null)[]> = column("number", true);
/** Strings, some of them missing. */
export const textsOrGaps: Column<readonly (string | null)[]> = column("string", true);
/** Booleans, some of them missing. */
export const flagsOrGaps: Column<readonly (boolean | null)[]> = column("boolean", true);
/** One number for the whole table. */
export const singleNumber: Column<number> = { ...column("number", false), single: true };
/** One string for the whole table, which may be missing. */
export const singleTextOrGap: Column<string | null> = { ...column("string", true), single: true };

/** Returns the same column as one that a table may lack. */
export function optional<Values>(column: Column<Values>): Column<Values, false> {
  return { ...column, required: false };
}

type Values = readonly unknown[];
type RawTable = Readonly<Record<string, unknown>>;
type Report = (message: string, column: string, index?: number) => void;

/**
 * Creates a schema for a table. It checks that known columns have the right types and equal lengths. Missing values become
 * `null`, numbers and booleans written as strings become numbers and booleans, and numbers in columns of strings become strings.
 * Unknown columns pass through.
 *
 * The schema never changes its input, and copies only the columns in which it has to change a value. A table without such a
 * column comes out as the same object that went in.
 *
 * @param columns The known columns.
 * @returns The schema. It reports at most one wrong value per column.
 */
export function tableSchema<Table>(columns: ColumnsOf<Table>): PayloadSchema<Table> {
  const known = Object.entries<Column<unknown, boolean>>(columns);
  const schema: v.GenericSchema<unknown, Table> = v.pipe(
    v.custom<RawTable>(isRawTable, "A table must be an object of columns"),
    v.rawTransform<RawTable, Table>(({ dataset, addIssue, NEVER }) => {
      let sound = true;
      const table = checkTable(dataset.value, known, (message, column, index) => {
        sound = false;
        addIssue({ message, path: issuePath(dataset.value, column, index) });
      });
      return sound ? table as Table : NEVER;
    }),
  );
  return inPython(schema);
}

function column<Values>(type: ColumnType, gaps: boolean): Column<Values> {
  return { type, gaps, required: true, single: false };
}

function isRawTable(input: unknown): boolean {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}

function checkTable(
  table: RawTable,
  known: readonly (readonly [string, Column<unknown, boolean>])[],
  report: Report,
): RawTable {
  const lengths = new Map<string, number>();
  const changed: Record<string, unknown> = {};
  for (const [name, column] of known) {
    const value = table[name];
    if (value === undefined) {
      if (column.required) report(`Column '${name}' is missing`, name);
    } else if (column.single) {
      const checked = checkSingle(value, name, column, report);
      if (checked !== value) changed[name] = checked;
    } else if (!Array.isArray(value)) {
      report(`Column '${name}' must be an array of ${column.type} values`, name);
    } else {
      lengths.set(name, value.length);
      const checked = checkColumn(value, name, column, report);
      if (checked !== value) changed[name] = checked;
    }
  }
  checkLengths(lengths, report);
  return Object.keys(changed).length === 0 ? table : { ...table, ...changed };
}

function checkSingle(
  value: unknown,
  name: string,
  column: Column<unknown, boolean>,
  report: Report,
): unknown {
  if (nextMisfit([value], column.type, 0) === 1) return value;
  if (isMissing(value, column.type)) {
    if (column.gaps) return null;
    if (!column.required) return undefined;
  }
  const converted = convert(value, column.type);
  if (converted !== undefined) return converted;
  report(`Column '${name}' must be one ${column.type}: it is ${describe(value)}`, name);
  return value;
}

/** Returns the column with `null` for missing values and with converted values; the same array when no value needs a change. */
function checkColumn(
  values: Values,
  name: string,
  column: Column<unknown, boolean>,
  report: Report,
): Values {
  let checked: unknown[] | undefined;
  for (
    let index = nextMisfit(
      values,
      column.type,
      column.type === "number" ? leadingNumbers(values, MISSING) : 0,
    );
    index < values.length;
    index = nextMisfit(values, column.type, index + 1)
  ) {
    const value = values[index];
    if (column.gaps && value === null) continue;
    const meant = column.gaps && isMissing(value, column.type) ? null : convert(value, column.type);
    if (meant !== undefined) {
      checked ??= values.slice();
      checked[index] = meant;
    } else {
      report(
        `Column '${name}' must hold ${column.type} values: index ${index} holds ${describe(value)}`,
        name,
        index,
      );
      return values;
    }
  }
  return checked ?? values;
}

function isMissing(value: unknown, type: ColumnType): boolean {
  if (value === null || isMissingText(value)) return true;
  return type !== "string" && typeof value === "string" && NO_VALUE.test(value);
}

/** Whether a value is a string that means a missing value. */
export function isMissingText(value: unknown): boolean {
  return value === MISSING || ALSO_MISSING.has(value);
}

/** Converts a value of another type to the column's type; `undefined` if it can't be converted. */
function convert(value: unknown, type: ColumnType): number | string | boolean | undefined {
  if (type === "string") return typeof value === "number" ? String(value) : undefined;
  if (type === "boolean") return FLAG_TEXTS.get(value);
  return typeof value === "string" && NUMBER_TEXT.test(value) ? Number(value) : undefined;
}

/** Returns the index of the next value that is missing or of another type; the length when there is none. */
function nextMisfit(values: Values, type: ColumnType, from: number): number {
  const length = values.length;
  let index = from;
  // One loop for each type is fast, because the type is a constant in it. A telemetry file has hundreds of thousands of values.
  if (type === "number") {
    while (index < length && typeof values[index] === "number") index++;
  } else if (type === "boolean") {
    while (index < length && typeof values[index] === "boolean") index++;
  } else {
    while (index < length && isText(values[index])) index++;
  }
  return index;
}

/**
 * Whether a value is a string, and no spelling of a missing value. The length is compared first, because those spellings are
 * short.
 */
function isText(value: unknown): boolean {
  return typeof value === "string" && (value.length > MISSING.length || !isMissingText(value));
}

/** Reports the columns whose length differs from the length of most columns. */
function checkLengths(lengths: ReadonlyMap<string, number>, report: Report): void {
  const counts = new Map<number, number>();
  for (const length of lengths.values()) counts.set(length, (counts.get(length) ?? 0) + 1);
  if (counts.size < 2) return;
  const [rows] = [...counts].reduce((most, next) => next[1] > most[1] ? next : most);
  for (const [name, length] of lengths) {
    if (length !== rows) report(`Column '${name}' has ${length} values where others have ${rows}`, name);
  }
}

function issuePath(
  table: RawTable,
  column: string,
  index: number | undefined,
): [v.IssuePathItem, ...v.IssuePathItem[]] {
  const values = table[column];
  const path: [v.IssuePathItem, ...v.IssuePathItem[]] = [
    { type: "object", origin: "value", input: table, key: column, value: values },
  ];
  if (index !== undefined && Array.isArray(values)) {
    path.push({ type: "array", origin: "value", input: values, key: index, value: values[index] });
  }
  return path;
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
