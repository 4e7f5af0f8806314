import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { fastestFirst, fastestLapOf } from "../../src/f1/fastest_lap.ts";
import { lapTimesSchema } from "../../src/f1/lap_times.ts";
import { test } from "../support/test.ts";
import { lapsOf } from "./fake_files.ts";

test("fastestLapOf() finds the lap with the least time", () => {
  const laps = v.parse(lapTimesSchema, lapsOf("None", 92.5, 91.25, "None", 93));
  assertEquals(fastestLapOf("VER", laps), { driver: "VER", lap: 3, time: 91.25 });
});

test("fastestLapOf() ignores impossible lap times", () => {
  const laps = v.parse(lapTimesSchema, lapsOf(0, 92, -1));
  assertEquals(fastestLapOf("VER", laps), { driver: "VER", lap: 2, time: 92 });
  assertEquals(fastestLapOf("VER", v.parse(lapTimesSchema, lapsOf(0))), undefined);
});

test("fastestLapOf() prefers the earlier of equal times", () => {
  assertEquals(fastestLapOf("VER", v.parse(lapTimesSchema, lapsOf(92, 91, 91)))?.lap, 2);
});

test("fastestLapOf() ignores deleted lap times", () => {
  const laps = v.parse(lapTimesSchema, { ...lapsOf(92, 90, 91), del: [false, true, "None"] });
  assertEquals(fastestLapOf("VER", laps), { driver: "VER", lap: 3, time: 91 });
});

test("fastestLapOf() ignores laps that were no personal best if the file does not say which were deleted", () => {
  const times = lapsOf(92, 90, 91, 91.5);
  for (
    const [flags, lap] of [
      [{ pb: [true, false, true, false] }, 3],
      [{ pb: [true, "None", "nan", false] }, 1],
      [{ pb: [false, true, false, false] }, 2],
      // These columns tell nothing.
      [{ pb: [false, false, false, false] }, 2],
      [{ pb: ["None", "None", "None", "None"] }, 2],
      [{ pb: undefined }, 2],
      // Here the deleted laps are known.
      [{ pb: [true, false, true, false], del: [false, false, false, false] }, 2],
      [{ pb: [true, false, true, false], del: [false, true, true, false] }, 4],
    ] as const
  ) {
    const laps = v.parse(lapTimesSchema, { ...times, ...flags });
    assertEquals(fastestLapOf("VER", laps)?.lap, lap, JSON.stringify(flags));
  }
});

test("fastestLapOf() ignores a column of deletions without a value for any lap", () => {
  const laps = { ...lapsOf(92, 90, 91), pb: [true, false, true] };
  for (const del of [["None", "None", "None"], ["nan", "", null], [null, null, null], []]) {
    const checked = del.length === 0 ? { ...laps, del } : v.parse(lapTimesSchema, { ...laps, del });
    assertEquals(fastestLapOf("VER", checked as never)?.lap, 3, JSON.stringify(del));
  }
  // One value is enough: the session's messages were read.
  const known = v.parse(lapTimesSchema, { ...laps, del: ["None", false, "None"] });
  assertEquals(fastestLapOf("VER", known)?.lap, 2);
});

test("fastestLapOf() returns the lap's own number, not its row", () => {
  const laps = v.parse(lapTimesSchema, { ...lapsOf(92, 91), lap: [7, 12] });
  assertEquals(fastestLapOf("VER", laps)?.lap, 12);
});

test("fastestLapOf() is undefined without a time, also for an unchecked payload", () => {
  assertEquals(fastestLapOf("VER", v.parse(lapTimesSchema, lapsOf("None"))), undefined);
  assertEquals(fastestLapOf("VER", v.parse(lapTimesSchema, lapsOf())), undefined);
  assertEquals(fastestLapOf("VER", lapsOf("None", "None") as never), undefined);
  for (const column of [null, "None", 1, {}]) {
    const laps = { ...lapsOf("None", 91), del: column, pb: column };
    assertEquals(fastestLapOf("VER", laps as never)?.lap, 2);
  }
});

test("fastestFirst() prefers the driver who set an equal time first, whatever the order of the drivers", () => {
  const laps = {
    VER: v.parse(lapTimesSchema, { ...lapsOf(73, 72), sesT: [3_000, 3_300] }),
    RUS: v.parse(lapTimesSchema, { ...lapsOf(72, 72.5), sesT: [3_100, 3_400] }),
    NOR: v.parse(lapTimesSchema, { ...lapsOf(72.25), sesT: [2_900] }),
    // This file does not say when.
    LEC: v.parse(lapTimesSchema, lapsOf(72)),
    HAM: v.parse(lapTimesSchema, lapsOf(72)),
    ALO: v.parse(lapTimesSchema, lapsOf("None")),
  };
  const order = fastestFirst(laps).map(({ driver, lap }) => [driver, lap]);
  assertEquals(order, [["RUS", 1], ["VER", 2], ["LEC", 1], ["HAM", 1], ["NOR", 1]]);
});
