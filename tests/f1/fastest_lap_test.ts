import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { fastestLapOf } from "../../src/f1/fastest_lap.ts";
import { lapTimesSchema } from "../../src/f1/lap_times.ts";
import { test } from "../support/test.ts";
import { lapsOf } from "./fake_files.ts";

test("fastestLapOf() finds the lap with the least time", () => {
  const laps = v.parse(lapTimesSchema, lapsOf("None", 92.5, 91.25, "None", 93));
  assertEquals(fastestLapOf("VER", laps), { driver: "VER", lap: 3, time: 91.25 });
});

test("fastestLapOf() takes no time for one that a lap can't have", () => {
  const laps = v.parse(lapTimesSchema, lapsOf(0, 92, -1));
  assertEquals(fastestLapOf("VER", laps), { driver: "VER", lap: 2, time: 92 });
  assertEquals(fastestLapOf("VER", v.parse(lapTimesSchema, lapsOf(0))), undefined);
});

test("fastestLapOf() takes the earlier of equal times", () => {
  assertEquals(fastestLapOf("VER", v.parse(lapTimesSchema, lapsOf(92, 91, 91)))?.lap, 2);
});

test("fastestLapOf() leaves out deleted lap times", () => {
  const laps = v.parse(lapTimesSchema, { ...lapsOf(92, 90, 91), del: [false, true, "None"] });
  assertEquals(fastestLapOf("VER", laps), { driver: "VER", lap: 3, time: 91 });
});

test("fastestLapOf() leaves out what was no personal best where the file does not say what was deleted", () => {
  const times = lapsOf(92, 90, 91, 91.5);
  for (
    const [flags, lap] of [
      [{ pb: [true, false, true, false] }, 3],
      [{ pb: [true, "None", "nan", false] }, 1],
      [{ pb: [false, true, false, false] }, 2],
      // Nothing can be told by these.
      [{ pb: [false, false, false, false] }, 2],
      [{ pb: ["None", "None", "None", "None"] }, 2],
      [{ pb: undefined }, 2],
      // What was deleted is known.
      [{ pb: [true, false, true, false], del: [false, false, false, false] }, 2],
      [{ pb: [true, false, true, false], del: [false, true, true, false] }, 4],
    ] as const
  ) {
    const laps = v.parse(lapTimesSchema, { ...times, ...flags });
    assertEquals(fastestLapOf("VER", laps)?.lap, lap, JSON.stringify(flags));
  }
});

test("fastestLapOf() takes a column that says of no lap whether it was deleted for none", () => {
  const laps = { ...lapsOf(92, 90, 91), pb: [true, false, true] };
  for (const del of [["None", "None", "None"], ["nan", "", null], [null, null, null], []]) {
    const checked = del.length === 0 ? { ...laps, del } : v.parse(lapTimesSchema, { ...laps, del });
    assertEquals(fastestLapOf("VER", checked as never)?.lap, 3, JSON.stringify(del));
  }
  // One word is enough: it is of a session whose messages were read.
  const known = v.parse(lapTimesSchema, { ...laps, del: ["None", false, "None"] });
  assertEquals(fastestLapOf("VER", known)?.lap, 2);
});

test("fastestLapOf() goes by the lap's own number, not by its row", () => {
  const laps = v.parse(lapTimesSchema, { ...lapsOf(92, 91), lap: [7, 12] });
  assertEquals(fastestLapOf("VER", laps)?.lap, 12);
});

test("fastestLapOf() is undefined without a time, also in an unchecked payload", () => {
  assertEquals(fastestLapOf("VER", v.parse(lapTimesSchema, lapsOf("None"))), undefined);
  assertEquals(fastestLapOf("VER", v.parse(lapTimesSchema, lapsOf())), undefined);
  assertEquals(fastestLapOf("VER", lapsOf("None", "None") as never), undefined);
  for (const column of [null, "None", 1, {}]) {
    const laps = { ...lapsOf("None", 91), del: column, pb: column };
    assertEquals(fastestLapOf("VER", laps as never)?.lap, 2);
  }
});
