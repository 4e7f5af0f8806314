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

test("fastestLapOf() goes by the lap's own number, not by its row", () => {
  const laps = v.parse(lapTimesSchema, { ...lapsOf(92, 91), lap: [7, 12] });
  assertEquals(fastestLapOf("VER", laps)?.lap, 12);
});

test("fastestLapOf() is undefined without a time, also in an unchecked payload", () => {
  assertEquals(fastestLapOf("VER", v.parse(lapTimesSchema, lapsOf("None"))), undefined);
  assertEquals(fastestLapOf("VER", v.parse(lapTimesSchema, lapsOf())), undefined);
  assertEquals(fastestLapOf("VER", lapsOf("None", "None") as never), undefined);
});
