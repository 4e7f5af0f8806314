import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import * as v from "valibot";
import {
  flagsOrGaps,
  numbers,
  numbersOrGaps,
  optional,
  singleNumber,
  singleTextOrGap,
  tableSchema,
  texts,
  textsOrGaps,
} from "../../src/f1/table.ts";
import type { PayloadSchema } from "../../src/f1/payload_schema.ts";
import { test } from "../support/test.ts";
import { assertType, type Equal } from "./equal.ts";

interface Table {
  readonly id: readonly number[];
  readonly name: readonly string[];
  readonly time: readonly (number | null)[];
  readonly flag: readonly (string | null)[];
  readonly ok: readonly (boolean | null)[];
  readonly extra?: readonly (number | null)[] | undefined;
  readonly rotation: number;
  readonly key?: string | null | undefined;
  readonly [column: string]: unknown;
}

const schema: PayloadSchema<Table> = tableSchema<Table>({
  id: numbers,
  name: texts,
  time: numbersOrGaps,
  flag: textsOrGaps,
  ok: flagsOrGaps,
  extra: optional(numbersOrGaps),
  rotation: singleNumber,
  key: optional(singleTextOrGap),
});

function table(overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    id: [1, 2, 3],
    name: ["a", "b", "c"],
    time: [1.5, 2, 3],
    flag: ["RED", "", "x"],
    ok: [true, false, true],
    rotation: 92,
    ...overrides,
  };
}

/** Returns the issues of a refused input, as `path: message`. */
function faults(input: unknown): string[] {
  const result = v.safeParse(schema, input);
  assert(!result.success);
  return result.issues.map((issue) => `${v.getDotPath(issue) ?? ""}: ${issue.message}`);
}

test("tableSchema() returns the input object itself when no value is missing", () => {
  const input = table({ extra: [1, 2, 3], key: "k" });
  assertStrictEquals(v.parse(schema, input) as unknown, input);
});

test("tableSchema() treats every text as missing that a season uses for it, and no other", () => {
  const output = v.parse(schema, table({ flag: ["nan", "NaN", "NaT"], time: ["nan", 1, 2] }));
  assertEquals([output.flag, output.time], [[null, null, null], [null, 1, 2]]);
  const texts = ["none", "NONE", "Nan"];
  assertEquals(v.parse(schema, table({ flag: texts })).flag, texts);
});

test('tableSchema() turns "None" into null where values may be missing, and leaves its input alone', () => {
  const input = table({
    time: ["None", 2, "None"],
    flag: ["None", "RED", null],
    ok: [null, "None", true],
    key: "None",
  });
  const before = structuredClone(input);
  const output = v.parse(schema, input);
  assertEquals<unknown>(output, {
    ...before,
    time: [null, 2, null],
    flag: [null, "RED", null],
    ok: [null, null, true],
    key: null,
  });
  assertEquals(input, before);
  assertStrictEquals(output.id, input.id as number[]);
});

test("tableSchema() does not copy columns whose missing values are null already", () => {
  const input = table({ time: [null, 2, null] });
  assertStrictEquals(v.parse(schema, input) as unknown, input);
});

test("tableSchema() passes unknown columns through as they are", () => {
  const extra = { weird: ["None", 1], other: { deep: true }, single: "None" };
  const output = v.parse(schema, table({ ...extra, time: ["None", 1, 2] }));
  assertStrictEquals(output["weird"], extra.weird);
  assertStrictEquals(output["other"], extra.other);
  assertEquals(output["single"], "None");
});

test("tableSchema() accepts a table without rows", () => {
  const empty = { id: [], name: [], time: [], flag: [], ok: [], rotation: 0 };
  assertEquals(v.parse(schema, empty), empty);
});

test("tableSchema() names the one column whose length differs", () => {
  assertEquals(faults(table({ flag: ["RED", "RED"] })), [
    "flag: Column 'flag' has 2 values where others have 3",
  ]);
  assertEquals(faults(table({ id: [1] })), ["id: Column 'id' has 1 values where others have 3"]);
  assertEquals(faults(table({ extra: [] })), ["extra: Column 'extra' has 0 values where others have 3"]);
});

test("tableSchema() names column and index of a value of another type", () => {
  assertEquals(faults(table({ id: [1, 2, "3rd"] })), [
    `id.2: Column 'id' must hold number values: index 2 holds "3rd"`,
  ]);
  assertEquals(faults(table({ time: ["None", 2, true] })), [
    "time.2: Column 'time' must hold number values: index 2 holds true",
  ]);
  assertEquals(faults(table({ flag: [true, "None", "x"] })), [
    "flag.0: Column 'flag' must hold string values: index 0 holds true",
  ]);
  assertEquals(faults(table({ ok: [true, [], {}] })), [
    "ok.1: Column 'ok' must hold boolean values: index 1 holds an array",
  ]);
});

test("tableSchema() refuses missing values in columns that must not have any", () => {
  assertEquals(faults(table({ id: [1, "None", 3] })), [
    `id.1: Column 'id' must hold number values: index 1 holds "None"`,
  ]);
  assertEquals(faults(table({ name: ["a", "None", "c"] })), [
    `name.1: Column 'name' must hold string values: index 1 holds "None"`,
  ]);
  assertEquals(faults(table({ id: [null, 2, 3] })), [
    "id.0: Column 'id' must hold number values: index 0 holds null",
  ]);
});

test("tableSchema() refuses arrays with holes", () => {
  assertEquals(faults(table({ id: [1, , 3] })), [
    "id.1: Column 'id' must hold number values: index 1 holds undefined",
  ]);
});

test("tableSchema() names a column that is missing, no array, or not the expected value", () => {
  assertEquals(faults(table({ id: undefined })), ["id: Column 'id' is missing"]);
  assertEquals(faults(table({ time: "None" })), ["time: Column 'time' must be an array of number values"]);
  assertEquals(faults(table({ extra: null })), ["extra: Column 'extra' must be an array of number values"]);
  assertEquals(faults(table({ rotation: "None" })), [
    `rotation: Column 'rotation' must be one number: it is "None"`,
  ]);
  assertEquals(faults(table({ key: ["a"] })), ["key: Column 'key' must be one string: it is an array"]);
});

test("tableSchema() names every wrong column, once each", () => {
  assertEquals(
    faults(table({ id: ["x", "y", 3], time: [1], rotation: {} })).map((fault) => fault.split(":")[0]),
    [
      "id.0",
      "rotation",
      "time",
    ],
  );
});

test("tableSchema() refuses a value that is no object", () => {
  for (const input of [null, undefined, [], [1], "None", 5, true]) {
    assertEquals(faults(input), [": A table must be an object of columns"]);
  }
});

test("tableSchema() returns a Standard Schema", () => {
  const { vendor, validate } = schema["~standard"];
  assertEquals(vendor, "valibot");
  const input = table();
  const result = validate(input);
  assert("value" in result && !(result instanceof Promise));
  assertStrictEquals<unknown>(result.value, input);
});

test("tableSchema() infers the table's type, and can be composed", () => {
  assertType<Equal<v.InferOutput<typeof schema>, Table>>();
  const rows = v.pipe(schema, v.transform((table) => table.id.length));
  assertEquals(v.parse(rows, table()), 3);
  assertEquals(v.parse(v.object({ inner: schema }), { inner: table() }).inner.id, [1, 2, 3]);
});

test("tableSchema() converts texts of numbers into numbers, and changes nothing else", () => {
  const input = table({
    id: ["1", 2, "-3.5e1"],
    time: ["1.5", "None", null],
    name: ["1", "2", "3"],
    rotation: "92.0",
  });
  const result = v.parse(schema, input);
  assertEquals([result.id, result.time, result.rotation], [[1, 2, -35], [1.5, null, null], 92]);
  assertEquals(result.name, ["1", "2", "3"]);
  assertEquals(input["id"], ["1", 2, "-3.5e1"]);
});

test("tableSchema() refuses texts that are no numbers where numbers belong", () => {
  for (const text of ["", " ", "x", "1x", "0x10", "Infinity", "1,5", "--1", "1 2", "."]) {
    assertEquals(faults(table({ id: [1, text, 3] })), [
      `id.1: Column 'id' must hold number values: index 1 holds ${JSON.stringify(text)}`,
    ]);
  }
});

test("tableSchema() refuses a hostile text in linear time", () => {
  for (const text of ["1", " ", ".", "1.", "1e", "none ", "+"]) {
    assertEquals(faults(table({ time: [1, `${text.repeat(500_000)}x`, 3] })).length, 1);
  }
});

test("tableSchema() converts numbers into texts where texts belong, and texts of booleans into booleans", () => {
  const input = table({
    name: [1, "b", 2.5],
    flag: [4, "None", "<NA>"],
    ok: ["True", "false", "nan"],
    key: 7,
  });
  const { name, flag, ok, key } = v.parse(schema, input);
  assertEquals([name, flag, ok, key], [["1", "b", "2.5"], ["4", null, null], [true, false, null], "7"]);
  assertEquals(input["name"], [1, "b", 2.5]);
  for (const value of [1, 0, "yes", "constructor", "TRUE"]) {
    assertEquals(faults(table({ ok: [true, value, true] })), [
      `ok.1: Column 'ok' must hold boolean values: index 1 holds ${JSON.stringify(value)}`,
    ]);
  }
});

test("tableSchema() treats any empty text as a missing number or boolean", () => {
  for (const text of ["", " ", "NAN", "none", "null", "N/A", "<NA>"]) {
    const { time, ok } = v.parse(schema, table({ time: [1, text, 3], ok: [text, true, false] }));
    assertEquals([time, ok], [[1, null, 3], [null, true, false]], text);
  }
});
