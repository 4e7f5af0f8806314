import { assertEquals, assertStrictEquals } from "@std/assert";
import * as v from "valibot";
import { type Corners, cornersSchema } from "../../src/f1/corners.ts";
import { type DriversPayload, driversSchema } from "../../src/f1/drivers.ts";
import { type LapTimes, lapTimesSchema } from "../../src/f1/lap_times.ts";
import { type PayloadOf, schemaOf } from "../../src/f1/payload.ts";
import { type RaceControl, raceControlSchema } from "../../src/f1/race_control.ts";
import { type Telemetry, telemetrySchema } from "../../src/f1/telemetry.ts";
import { type Weather, weatherSchema } from "../../src/f1/weather.ts";
import { skip, test } from "../support/test.ts";
import { assertType, type Equal } from "./equal.ts";
import { noSharedFiles, readSharedFile, sharedFiles } from "./shared_data.ts";

test("PayloadOf follows from the path", () => {
  assertType<Equal<PayloadOf<"drivers.json">, DriversPayload>>();
  assertType<Equal<PayloadOf<"weather.json">, Weather>>();
  assertType<Equal<PayloadOf<"rcm.json">, RaceControl>>();
  assertType<Equal<PayloadOf<"corners.json">, Corners>>();
  assertType<Equal<PayloadOf<"VER/laptimes.json">, LapTimes>>();
  assertType<Equal<PayloadOf<`${string}/laptimes.json`>, LapTimes>>();
  assertType<Equal<PayloadOf<"VER/8_tel.json">, Telemetry>>();
  assertType<Equal<PayloadOf<`${string}/${number}_tel.json`>, Telemetry>>();
  assertType<Equal<PayloadOf<"drivers.json" | "VER/8_tel.json">, DriversPayload | Telemetry>>();
});

test("PayloadOf is unknown for other paths, and for paths whose type is too wide", () => {
  assertType<Equal<PayloadOf<"session_laptimes.json">, unknown>>();
  assertType<Equal<PayloadOf<"VER/drivers.json">, unknown>>();
  assertType<Equal<PayloadOf<"laptimes.json">, unknown>>();
  assertType<Equal<PayloadOf<string>, unknown>>();
});

test("schemaOf() returns the schema that PayloadOf promises", () => {
  assertStrictEquals(schemaOf("drivers.json"), driversSchema);
  assertStrictEquals(schemaOf("weather.json"), weatherSchema);
  assertStrictEquals(schemaOf("rcm.json"), raceControlSchema);
  assertStrictEquals(schemaOf("corners.json"), cornersSchema);
  assertStrictEquals(schemaOf("VER/laptimes.json"), lapTimesSchema);
  assertStrictEquals(schemaOf("VER/8_tel.json"), telemetrySchema);
});

test("schemaOf() is undefined for other paths", () => {
  for (const path of ["session_laptimes.json", "VER/drivers.json", "laptimes.json", "__proto__", ""]) {
    assertEquals(schemaOf(path), undefined, path);
  }
});

const realPayloads = "schemaOf() has a schema for every real payload, and each payload passes";
if (sharedFiles.length === 0) skip(realPayloads, noSharedFiles);
else {
  test(realPayloads, async () => {
    for (const file of sharedFiles) {
      const schema = schemaOf(file.path);
      if (schema === undefined) throw new Error(`${file.path} has no schema`);
      const text = await readSharedFile(file);
      const result = v.safeParse(schema, JSON.parse(text));
      assertEquals(result.issues?.map(({ message }) => message), undefined, file.path);
      // No "None" is left in the known columns, and nothing else has changed.
      assertEquals(
        JSON.stringify(result.output),
        JSON.stringify(JSON.parse(text.replaceAll('"None"', "null"))),
      );
    }
  });
}
