import { assertEquals } from "@std/assert";
import { formatBytes, formatCount, formatDuration, formatPlural, formatRate } from "../../src/cli/format.ts";
import { test } from "../support/test.ts";

test("formatCount() separates thousands", () => {
  assertEquals([0, 999, 1_000, 12_345_678].map(formatCount), ["0", "999", "1,000", "12,345,678"]);
});

test("formatRate() keeps a digit below 10", () => {
  assertEquals([0, 3.44, 9.94, 208.4, 1_205.6].map(formatRate), ["0.0", "3.4", "9.9", "208", "1,206"]);
});

test("formatBytes() never shows a thousand of a unit", () => {
  assertEquals([0, 999, 1_000, 999_949, 999_950, 138_200_000, 4e12, 5e15].map(formatBytes), [
    "0 B",
    "999 B",
    "1.0 kB",
    "999.9 kB",
    "1.0 MB",
    "138.2 MB",
    "4.0 TB",
    "5000.0 TB",
  ]);
});

test("formatDuration() never shows sixty of a unit", () => {
  const shown = [0, 83.4, 999.4, 999.5, 59_949, 59_950, 200_000, 3_599_499, 3_599_500, 3_900_000].map(
    formatDuration,
  );
  assertEquals(shown, [
    "0 ms",
    "83 ms",
    "999 ms",
    "1.0 s",
    "59.9 s",
    "1 min 00 s",
    "3 min 20 s",
    "59 min 59 s",
    "1 h 00 min",
    "1 h 05 min",
  ]);
});

test("formatPlural() uses the singular for one", () => {
  assertEquals([0, 1, 1_200].map((count) => formatPlural(count, "file")), [
    "0 files",
    "1 file",
    "1,200 files",
  ]);
});
