import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { type Lap, lapColumns, lapRows } from "../../src/f1/lap.ts";
import { lapTimesSchema } from "../../src/f1/lap_times.ts";
import { test } from "../support/test.ts";
import { assertType, type Equal } from "./equal.ts";
import { lapsOf } from "./fake_files.ts";

test("lapRows() gives each lap readable names for the columns of the file", () => {
  const laps = v.parse(lapTimesSchema, { ...lapsOf("None", 91.5), del: [false, "None"], mystery: [1, 2] });
  assertEquals<unknown>(lapRows("VER", laps)[1], {
    Driver: "VER",
    LapNumber: 2,
    LapTime: 91.5,
    Compound: "SOFT",
    Stint: 1,
    Sector1Time: null,
    Sector2Time: 40.8,
    Sector3Time: 24.5,
    TyreLife: 2,
    Position: null,
    TrackStatus: "1",
    IsPersonalBest: false,
    Deleted: null,
  });
});

test("lapColumns() returns the same columns, without a copy where no value is missing", () => {
  const laps = v.parse(lapTimesSchema, lapsOf(91, 92));
  const columns = lapColumns("VER", laps);
  assertEquals(columns.Driver, ["VER", "VER"]);
  assertStrictEquals(columns.LapTime, laps.time);
  assertEquals(columns.PitInTime, undefined);
  assertType<Equal<typeof columns.LapTime, readonly (number | null)[]>>();
  assertType<Equal<typeof columns.LapNumber, readonly number[]>>();
  assertType<Equal<typeof columns.TyreLife, readonly (number | null)[] | undefined>>();
  assertType<Equal<Lap["TyreLife"], number | null | undefined>>();
});

test("lapRows() and lapColumns() return null for missing values of unchecked payloads too", () => {
  const unchecked = { time: ["None", 91], lap: [1, 2], compound: ["nan", "SOFT"] } as never;
  assertEquals(lapColumns("VER", unchecked).LapTime, [null, 91]);
  assertEquals(lapRows("VER", unchecked).map(({ Compound }) => Compound), [null, "SOFT"]);
});

test("lapRows() and lapColumns() refuse unchecked payloads without laps", () => {
  for (const payload of [null, undefined, 7, "x", [], {}, { lap: "1" }]) {
    for (const read of [lapRows, lapColumns]) {
      assertThrows(() => read("VER", payload as never), TypeError, "'laps.lap' must be an array: received");
    }
  }
});

test("lapRows() has the weather and the mini-sectors of each lap, as newer files do", () => {
  const laps = v.parse(lapTimesSchema, {
    ...lapsOf("None", 90.219),
    ms1: ["5511111", "None"],
    wT: [1078.546, "None"],
    wAT: [25.1, "None"],
    wR: [false, "None"],
    wWD: [265, "nan"],
  });
  const [first, second] = lapRows("VER", laps);
  const weatherOf = (
    { Sector1MiniSectors, WeatherTime, AirTemp, Rainfall, WindDirection, TrackTemp }: Lap,
  ) => [Sector1MiniSectors, WeatherTime, AirTemp, Rainfall, WindDirection, TrackTemp];
  assertEquals(weatherOf(first!), ["5511111", 1078.546, 25.1, false, 265, undefined]);
  assertEquals(weatherOf(second!), [null, null, null, null, null, undefined]);
  assertType<Equal<Lap["Rainfall"], boolean | null | undefined>>();
});

test("lapRows() has a readable name for every column of the schema", () => {
  const columns =
    "time,lap,compound,stint,s1,s2,s3,life,pos,status,pb,qs,sesT,drv,dNum,pout,pin,s1T,s2T,s3T,vi1,vi2,vfl,vst,fresh,team,lST,lSD,del,delR,ff1G,iacc,ms1,ms2,ms3,wT,wAT,wH,wP,wR,wTT,wWD,wWS"
      .split(",");
  const laps = Object.fromEntries(columns.map((column, index) => [column, [index]]));
  const row = lapRows("VER", laps as never)[0]!;
  // The driver comes from the argument instead of the column.
  const named = new Set(Object.values(row).filter((value) => typeof value === "number"));
  assertEquals(columns.filter((_column, index) => !named.has(index)), ["drv"]);
});
