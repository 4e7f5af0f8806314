import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { cornersSchema } from "../../src/f1/corners.ts";
import { driversSchema } from "../../src/f1/drivers.ts";
import { lapTimesSchema } from "../../src/f1/lap_times.ts";
import { raceControlSchema } from "../../src/f1/race_control.ts";
import { telemetrySchema } from "../../src/f1/telemetry.ts";
import { weatherSchema } from "../../src/f1/weather.ts";
import type { StandardSchemaV1 } from "../../src/schemas/standard_schema.ts";
import { createSimulatedCdn } from "../../src/testing/simulated_cdn.ts";
import { racePayloads, type RacePayloadsOptions } from "../../src/testing/race_payloads.ts";
import { test } from "../support/test.ts";

const race = racePayloads({ seed: 7 });

test("racePayloads() lists the files of a race", () => {
  const paths = race.paths();

  assertEquals(paths.length, 4 + 20 + 1_000);
  assertEquals(new Set(paths).size, paths.length);
  assertEquals(paths.slice(0, 5), [
    ...["drivers.json", "corners.json", "weather.json", "rcm.json", "VER/laptimes.json"],
  ]);
  assertEquals([race.drivers.length, race.laps, paths.at(-1)], [20, 50, "BEA/50_tel.json"]);
});

test("RacePayloads.get() returns JSON for every path of the race, and nothing for others", () => {
  const small = racePayloads({ drivers: 2, laps: 3 });
  for (const path of small.paths()) assertEquals(typeof JSON.parse(small.get(path)!), "object", path);
  for (
    const path of [
      ...["", "nothing.json", "VER", "VER/", "VER/0_tel.json", "VER/4_tel.json", "VER/01_tel.json"],
      ...["VER/x_tel.json", "NOR/laptimes.json", "VER/1_tel.json/x", "/drivers.json", "constructor"],
    ]
  ) assertEquals(small.get(path), undefined, path);
});

test("RacePayloads.get() makes files that the F1 schemas accept", async () => {
  const files: Record<string, StandardSchemaV1<unknown, unknown>> = {
    "drivers.json": driversSchema,
    "corners.json": cornersSchema,
    "weather.json": weatherSchema,
    "rcm.json": raceControlSchema,
    "GAS/laptimes.json": lapTimesSchema,
    "GAS/12_tel.json": telemetrySchema,
  };
  for (const [path, schema] of Object.entries(files)) {
    const { issues } = await schema["~standard"].validate(JSON.parse(race.get(path)!));
    assertEquals(issues, undefined, path);
  }
});

test("RacePayloads.get() returns files of about the real sizes", () => {
  const sizes = race.paths().filter((path) => path.endsWith("_tel.json"))
    .map((path) => race.get(path)!.length).sort((a, b) => a - b);

  assertEquals(sizes.length, 1_000);
  assert(sizes[500]! > 128_000 && sizes[500]! < 138_000, `median ${sizes[500]}`);
  assert(sizes[0]! > 45_000 && sizes[0]! < 75_000, `smallest ${sizes[0]}`);
  assert(sizes[999]! > 500_000 && sizes[999]! < 4_000_000, `largest ${sizes[999]}`);
  assert(sizes[900]! < 200_000, `nine of ten ${sizes[900]}`);
});

test("RacePayloads.get() returns the same for the same seed, and other files for another one", () => {
  const again = racePayloads({ seed: 7 });
  const other = racePayloads({ seed: 8 });
  for (const path of ["corners.json", "weather.json", "rcm.json", "HAM/laptimes.json", "HAM/33_tel.json"]) {
    assertEquals(again.get(path), race.get(path), path);
    assertNotEquals(other.get(path), race.get(path), path);
  }
});

test("RacePayloads.get() returns consistent lap times and telemetry", () => {
  const { time, pos } = JSON.parse(race.get("LEC/laptimes.json")!);
  for (const lap of [2, 10, 50]) {
    const { tel } = JSON.parse(race.get(`LEC/${lap}_tel.json`)!);
    if (time[lap - 1] !== "None") assertEquals(tel.time.at(-1), time[lap - 1]);
    assertEquals(tel.dataKey, `2025-AbuDhabiGrandPrix-Race-LEC-${lap}`);
  }
  const finishers = race.drivers.map((code) => JSON.parse(race.get(`${code}/laptimes.json`)!).pos.at(-1));
  assertEquals(finishers.toSorted((a, b) => a - b), finishers.map((_, index) => index + 1));
  assertEquals(pos.length, 50);
});

test("RacePayloads.resources answers for its URLs with any prefix", async () => {
  const path = race.urlPath("VER/1_tel.json");
  assertEquals(path, "/2025@main/Abu%20Dhabi%20Grand%20Prix/Race/VER/1_tel.json");
  const cdn = createSimulatedCdn({ resources: race.resources });
  const near = await cdn.fetch(cdn.origins[0] + path);
  const nested = await cdn.fetch(`${cdn.origins[0]}/gh/someone${path}`);
  const missing = await cdn.fetch(cdn.origins[0] + path.replace("2025", "2024"));

  assertEquals([near.status, nested.status, missing.status], [200, 200, 404]);
  assertEquals(near.headers.get("content-type"), "application/json");
  assertEquals(await near.text(), race.get("VER/1_tel.json"));
  assertEquals(await nested.text(), race.get("VER/1_tel.json"));
  await missing.text();
});

test("racePayloads() accepts a season, an event and a session", () => {
  const testing = racePayloads({
    year: 2026,
    event: "Pre-Season Testing",
    session: "Practice 1",
    drivers: 1,
  });

  assertEquals(testing.urlPath("drivers.json"), "/2026@main/Pre-Season%20Testing/Practice%201/drivers.json");
  assertEquals(JSON.parse(testing.get("drivers.json")!), {
    drivers: [{ driver: "VER", team: "Red Bull Racing" }],
  });
});

test("racePayloads() refuses senseless options", () => {
  const refuse = (options: RacePayloadsOptions, message: string) =>
    assertThrows(() => racePayloads(options), Error, `Cannot create race payloads as ${message}`);

  refuse({ driver: 5 } as RacePayloadsOptions, "'driver' is not an option: did you mean 'drivers'?");
  refuse(null as never, "the options must be an object: received null");
  refuse({ seed: 1.5 }, "'seed' must be a safe integer: received 1.5");
  refuse({ drivers: 0 }, "'drivers' must be an integer from 1 to 20: received 0");
  refuse({ drivers: 21 }, "'drivers' must be an integer from 1 to 20: received 21");
  refuse({ laps: 0 }, "'laps' must be a positive integer: received 0");
  refuse({ year: 2017 }, "'year' must be an integer of at least 2018: received 2017");
  refuse({ event: "" }, "'event' must be a non-empty string without slashes: received \"\"");
  refuse({ session: ".." }, "'session' must be");
  assertThrows(() => racePayloads({ event: 5 as never }), TypeError, "'event' must be a non-empty string");
  refuse({ event: "a/b" }, "'event' must be");
});
