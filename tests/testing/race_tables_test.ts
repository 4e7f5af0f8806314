import { assert, assertEquals } from "@std/assert";
import { raceDrivers, raceLaps } from "../../src/testing/race_model.ts";
import {
  cornersText,
  driversText,
  lapTimesText,
  raceControlText,
  weatherText,
} from "../../src/testing/race_tables.ts";
import { test } from "../support/test.ts";

type Table = Record<string, unknown[]>;

const DRIVERS = raceDrivers(20);
const columnsOf = (table: Table) => Object.values(table).filter((column) => Array.isArray(column));
const lengthsOf = (table: Table) => [...new Set(columnsOf(table).map(({ length }) => length))];

test("driversText() has the fields of its season", () => {
  const fields = (year: number) => Object.keys(JSON.parse(driversText(DRIVERS, year)).drivers[0]);

  assertEquals(fields(2025), ["driver", "team", "dn", "fn", "ln", "tc", "url"]);
  assertEquals(fields(2026), ["driver", "team"]);
  assert(JSON.parse(driversText(DRIVERS, 2025)).drivers.some(({ url }: { url: string }) => url === "None"));
});

test("cornersText() has columns of equal length and one rotation", () => {
  const corners = JSON.parse(cornersText(1));

  assertEquals(Object.keys(corners), ["CornerNumber", "X", "Y", "Angle", "Distance", "Rotation"]);
  assertEquals(lengthsOf(corners), [16]);
  assertEquals(typeof corners.Rotation, "number");
  assertEquals(corners.Distance, corners.Distance.toSorted((a: number, b: number) => a - b));
});

test("weatherText() has a row a minute, with increasing times", () => {
  const weather = JSON.parse(weatherText(1, 5_400));

  assertEquals(Object.keys(weather), ["wT", "wAT", "wH", "wP", "wR", "wTT", "wWD", "wWS"]);
  assertEquals(lengthsOf(weather), [90]);
  assertEquals(weather.wT, weather.wT.toSorted((a: number, b: number) => a - b));
  assert(weather.wR.every((value: unknown) => typeof value === "boolean"));
});

test("raceControlText() writes times like the source, and marks missing values", () => {
  const messages: Table = JSON.parse(raceControlText(1, DRIVERS, 5_400));

  assertEquals(Object.keys(messages), ["time", "cat", "msg", "status", "flag", "scope", "sector", "dNum"]);
  assertEquals(lengthsOf(messages), [50]);
  assert(messages.time!.every((time) => /^2025-12-07T1[34]:\d\d:\d\d\.000000000$/.test(String(time))));
  assert(messages.sector!.some((sector) => typeof sector === "number"));
  assert(messages.sector!.every((sector) => sector === "None" || typeof sector === "number"));
  assert(messages.dNum!.every((number) => number === "None" || /^\d+$/.test(String(number))));
});

test("lapTimesText() has sectors that add up, and marks missing values", () => {
  const laps = raceLaps(1, 2, 50);
  const table = JSON.parse(lapTimesText(1, "NOR", laps, laps.map(() => 3)));

  assertEquals(Object.keys(table), [
    ...["time", "lap", "compound", "stint", "s1", "s2", "s3", "life", "pos", "status", "pb"],
  ]);
  assertEquals(lengthsOf(table), [50]);
  assertEquals([table.time[0], table.s1[0]], ["None", "None"]);
  for (let lap = 1; lap < 50; lap++) {
    const sum = Math.round((table.s1[lap] + table.s2[lap] + table.s3[lap]) * 1_000);
    if (table.time[lap] !== "None") assertEquals(sum, Math.round(table.time[lap] * 1_000));
  }
  const timed = table.time.filter((time: unknown) => time !== "None");
  assertEquals(table.time[table.pb.lastIndexOf(true)], Math.min(...timed));
});
